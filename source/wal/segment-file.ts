/**
 * What a file named like a segment really holds. A name proves nothing: a recycled segment has a future name and old
 * contents, a pre-allocated one is zeros, an archive may hold another cluster's. Only the first page tells.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { formatLsn, type Lsn } from '../bytes/lsn.js';
import { type Compression, PACKED_HEAD, packingOf, unpackHead } from './compressed-file.js';
import {
  ALL_PAGE_FLAGS,
  LONG_HEADER,
  LONG_PAGE_HEADER_SIZE,
  longHeaderPageSize,
  longHeaderSegmentSize,
  longHeaderSystemIdentifier,
  pageAddress,
  pageFlags,
  pageMagic,
  pageTimeline,
  SHORT_PAGE_HEADER_SIZE,
} from './page-header.js';
import { versionOfPageMagic } from './versions.js';

/** The first page's header of a WAL file. */
export interface FirstPage {
  /** Bytes in the file; of a packed one, Infinity: only unpacking tells. */
  readonly fileLength: number;
  /** How the file is packed, when it is. */
  readonly compression?: Compression;
  /** Major version by xlp_magic. */
  readonly majorVersion: number;
  readonly timeline: number;
  /** xlp_pageaddr; NaN beyond 2^53. */
  readonly address: Lsn;
  /** Decimal text. */
  readonly systemIdentifier: string;
  /** In bytes. */
  readonly segmentSize: number;
  /** XLOG_BLCKSZ, in bytes. */
  readonly pageSize: number;
}

/** Why a file is not a WAL segment at all. */
export interface NotASegment {
  readonly kind: 'truncated' | 'zeros' | 'foreign' | 'unreadable' | 'packed' | 'damaged';
  /** One sentence, with what was found. */
  readonly reason: string;
}

/** The first bytes of a file, unpacked. */
interface Head {
  readonly header: Buffer;
  readonly fileLength: number;
  readonly compression?: Compression;
}

function readHead(path: string): Head | NotASegment {
  const file = openSync(path, 'r');
  try {
    const fileLength = fstatSync(file).size;
    const raw = Buffer.alloc(LONG_PAGE_HEADER_SIZE);
    const header = raw.subarray(0, readSync(file, raw, 0, raw.length, 0));
    const packing = packingOf(header);
    if (!packing.packed) return { header, fileLength };
    if (packing.compression === undefined) return { kind: 'packed', reason: packing.reason };
    const { compression } = packing;
    const packed = Buffer.allocUnsafe(Math.min(PACKED_HEAD, fileLength));
    const have = readSync(file, packed, 0, packed.length, 0);
    const first = unpackHead(packed.subarray(0, have), compression, LONG_PAGE_HEADER_SIZE);
    if (first.length < LONG_PAGE_HEADER_SIZE)
      return { kind: 'truncated', reason: `truncated: the ${compression} file ends before its first page` };
    return {
      header: first.subarray(0, LONG_PAGE_HEADER_SIZE),
      fileLength: Number.POSITIVE_INFINITY,
      compression,
    };
  } finally {
    closeSync(file);
  }
}

/** Reads a file's first page header, of a packed file too. Never throws: a file that cannot be read says why. */
export function readFirstPage(path: string): FirstPage | NotASegment {
  let head: Head | NotASegment;
  try {
    head = readHead(path);
  } catch (error) {
    return { kind: 'unreadable', reason: error instanceof Error ? error.message : String(error) };
  }
  if ('kind' in head) return head;
  const { header, fileLength, compression } = head;
  const have = header.length;
  if (have < LONG_PAGE_HEADER_SIZE) {
    return { kind: 'truncated', reason: `truncated: the file has ${fileLength} bytes` };
  }
  if (header.every((byte) => byte === 0)) {
    return { kind: 'zeros', reason: 'pre-allocated and never written: it begins with zeros' };
  }
  const view = new DataView(header.buffer, header.byteOffset, header.length);
  const magic = pageMagic(view, 0);
  const version = versionOfPageMagic(magic);
  if (!version) {
    const found = magic.toString(16).toUpperCase().padStart(4, '0');
    return { kind: 'foreign', reason: `invalid magic number ${found}: not WAL of a version known here` };
  }
  const flags = pageFlags(view, 0);
  if ((flags & LONG_HEADER) === 0 || (flags & ~ALL_PAGE_FLAGS) !== 0) {
    const found = flags.toString(16).toUpperCase().padStart(4, '0');
    return { kind: 'foreign', reason: `invalid info bits ${found} on its first page` };
  }
  return {
    fileLength,
    compression,
    majorVersion: version.major,
    timeline: pageTimeline(view, 0),
    address: pageAddress(view, 0),
    systemIdentifier: longHeaderSystemIdentifier(view, 0),
    segmentSize: longHeaderSegmentSize(view, 0),
    pageSize: longHeaderPageSize(view, 0),
  };
}

/** Does the second page of a file that is not packed carry the address that belongs there? Then it is the first that is wrong. Never throws. */
function secondPageIsOf(path: string, { startLsn, pageSize }: ExpectedSegment): boolean {
  try {
    const file = openSync(path, 'r');
    try {
      const header = Buffer.alloc(SHORT_PAGE_HEADER_SIZE);
      if (readSync(file, header, 0, header.length, pageSize) < header.length) return false;
      const view = new DataView(header.buffer, header.byteOffset, header.length);
      return pageAddress(view, 0) === startLsn + pageSize;
    } finally {
      closeSync(file);
    }
  } catch {
    return false;
  }
}

/** What the segment must be to be used. */
export interface ExpectedSegment {
  readonly startLsn: Lsn;
  /** Timelines that its first page may carry. */
  readonly timelines: readonly number[];
  readonly majorVersion: number;
  readonly systemIdentifier: string;
  readonly segmentSize: number;
  readonly pageSize: number;
}

/** The outcome of a check: how much may be read, or why nothing. */
export type SegmentCheck =
  | {
      readonly usable: true;
      /** Bytes that may be read: whole pages. Of a packed file, what it should have: only unpacking tells. */
      readonly length: number;
      readonly compression?: Compression;
    }
  | {
      readonly usable: false;
      readonly kind: NotASegment['kind'] | 'recycled';
      /** One sentence, with the value found and the value expected. */
      readonly reason: string;
    };

/** Checks that the file at `path` is the expected segment, by its first page. Never throws. */
export function checkSegmentFile(path: string, expected: ExpectedSegment): SegmentCheck {
  const page = readFirstPage(path);
  if ('kind' in page && page.kind === 'zeros' && secondPageIsOf(path, expected))
    return { usable: false, kind: 'damaged', reason: 'damaged: its first page begins with zeros' };
  if ('kind' in page) return { usable: false, ...page };
  const refuse = (kind: 'foreign' | 'recycled' | 'truncated' | 'damaged', reason: string): SegmentCheck => ({
    usable: false,
    kind,
    reason,
  });
  if (page.systemIdentifier !== expected.systemIdentifier) {
    return refuse(
      'foreign',
      `WAL file is from different database system: its system identifier is ${page.systemIdentifier}, expected ${expected.systemIdentifier}`,
    );
  }
  if (page.majorVersion !== expected.majorVersion) {
    return refuse('foreign', `written by PostgreSQL ${page.majorVersion}, expected ${expected.majorVersion}`);
  }
  if (page.segmentSize !== expected.segmentSize || page.pageSize !== expected.pageSize) {
    return refuse(
      'foreign',
      `incorrect segment size or XLOG_BLCKSZ in page header: ${page.segmentSize} and ${page.pageSize}, expected ${expected.segmentSize} and ${expected.pageSize}`,
    );
  }
  if (page.address !== expected.startLsn) {
    const found = Number.isNaN(page.address) ? 'beyond 2^53' : formatLsn(page.address);
    const told = `address ${found}, expected ${formatLsn(expected.startLsn)}`;
    if (secondPageIsOf(path, expected)) return refuse('damaged', `damaged: its first page carries ${told}`);
    // A recycled segment holds the past under a future name, never the other way round.
    return page.address < expected.startLsn
      ? refuse('recycled', `recycled: its pages carry ${told}`)
      : refuse('foreign', `misplaced: its pages carry ${told}`);
  }
  if (!expected.timelines.includes(page.timeline)) {
    return refuse(
      'foreign',
      `unexpected timeline ID ${page.timeline} on its first page, expected ${expected.timelines.join(' or ')}`,
    );
  }
  const readable = Math.min(page.fileLength, expected.segmentSize);
  const length = readable - (readable % expected.pageSize);
  if (length === 0) return refuse('truncated', `truncated: the file has ${page.fileLength} bytes`);
  return { usable: true, length, compression: page.compression };
}
