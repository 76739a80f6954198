/** Whether a file is a usable segment, checked once: by its first page, and a packed one by unpacking it. */
import { CorruptDatumError } from '../bytes/corrupt-datum.js';
import type { Lsn } from '../bytes/lsn.js';
import { checkSegmentFile, type ExpectedSegment, type SegmentCheck } from './segment-file.js';
import type { WalSpool } from './spool.js';

/** What every segment of a node must be like. */
export type WalFormat = Omit<ExpectedSegment, 'startLsn' | 'timelines'>;

/** Checks files of one node, and remembers what it found. */
export class FileChecks {
  readonly #format: WalFormat;
  readonly #spool: WalSpool;
  /** What first pages said, and, for packed files, what unpacking said. */
  readonly #checks = new Map<string, SegmentCheck>();
  readonly #unpackings = new Map<string, SegmentCheck>();

  constructor(format: WalFormat, spool: WalSpool) {
    this.#format = format;
    this.#spool = spool;
  }

  /** What the first page of a file says, if it is the segment that begins at `startLsn` on one of `timelines`. */
  check(path: string, startLsn: Lsn, timelines: readonly number[]): SegmentCheck {
    let check = this.#checks.get(path);
    if (!check) {
      check = checkSegmentFile(path, {
        startLsn,
        timelines,
        ...this.#format,
      });
      this.#checks.set(path, check);
    }
    return check;
  }

  /** As check(), and of a packed file how much it really holds. */
  unpacked(path: string, startLsn: Lsn, timelines: readonly number[]): SegmentCheck {
    const check = this.check(path, startLsn, timelines);
    if (!check.usable || check.compression === undefined) return check;
    let unpacked = this.#unpackings.get(path);
    if (!unpacked) {
      unpacked = this.#unpacking(path, check.compression);
      this.#unpackings.set(path, unpacked);
    }
    return unpacked;
  }

  #unpacking(
    path: string,
    compression: NonNullable<(SegmentCheck & { usable: true })['compression']>,
  ): SegmentCheck {
    try {
      const { bytes } = this.#spool.unpack(path, compression, this.#format.segmentSize);
      const length = bytes - (bytes % this.#format.pageSize);
      if (length > 0) return { usable: true, length, compression };
      return { usable: false, kind: 'truncated', reason: `truncated: it unpacks to ${bytes} bytes` };
    } catch (error) {
      const what = error instanceof Error ? error.message : String(error);
      // A full disk is not the segment's fault.
      const kind = error instanceof CorruptDatumError ? 'damaged' : 'unreadable';
      return { usable: false, kind, reason: `cannot be unpacked: ${what}` };
    }
  }
}
