/**
 * A first look at what was committed after an LSN, for showing something at once: it reads from there on, while the one pass (scan)
 * has to begin at a checkpoint, perhaps gigabytes earlier, and needs a catalog.
 *
 * What it says is of records behind the LSN alone: who committed where and when is certain; what else a transaction did before, what
 * its files are called, and whether they are tables at all is not known here. The pass stays the only source of truth.
 */
import type { Lsn } from '../bytes/lsn.js';
import type { TimestampMicros } from '../bytes/timestamp.js';
import { DeleteFlag, deleteFlags, multiInsertCount } from '../wal/heap-record.js';
import { WalReader } from '../wal/reader.js';
import { type RecordVersion, recordVersion } from '../wal/record-versions.js';
import {
  Heap2Operation,
  HeapOperation,
  ResourceManager,
  TransactionOperation,
} from '../wal/resource-managers.js';
import type { WalSegments } from '../wal/segments.js';
import { parseTransactionEnd } from '../wal/transaction-record.js';

/** More than some screens of a list are not looked for, nor further than this many bytes. */
const MOST_TRANSACTIONS = 1000;
const MOST_BYTES = 64 * 1024 * 1024;
const RECORDS_BETWEEN_LOOKS = 256;
/** FirstNormalObjectId (access/transam.h): files with a lower number are the system's. */
const FIRST_NORMAL_OID = 16384;
/** pg_statistic and its TOAST table, which change without anybody having said so. */
const STATISTICS_FILES: ReadonlySet<number> = new Set([2619, 2840, 2841]);

/** What a (sub)transaction has written since the LSN. */
interface Written {
  firstLsn: Lsn;
  walBytes: number;
  /** Rows by heap records in files that are not the system's own: tables, and what only looks like them (TOAST). */
  inserts: number;
  updates: number;
  deletes: number;
  /** It wrote into a file that may be worth telling. */
  worthTelling: boolean;
}

/** A committed transaction, as far as its records after the LSN tell. */
export interface FirstLooked extends Readonly<Omit<Written, 'worthTelling'>> {
  readonly xid: number;
  readonly commitLsn: Lsn;
  readonly commitEndLsn: Lsn;
  readonly commitTime: TimestampMicros;
}

export class FirstLook {
  /** In commit order. */
  readonly transactions: FirstLooked[] = [];
  readonly #reader: WalReader;
  readonly #version: RecordVersion;
  readonly #from: Lsn;
  readonly #written = new Map<number, Written>();
  #finished = false;

  /** `from`: transactions whose commit record begins there or later are looked for. `blockSize`: BLCKSZ in bytes. */
  constructor(segments: WalSegments, from: Lsn, blockSize: number) {
    this.#version = recordVersion(segments.majorVersion);
    this.#from = from;
    this.#reader = new WalReader(segments, { blockSize });
    this.#finished = !this.#reader.seekFirstRecord(from);
    if (this.#finished) this.#reader.closeFile();
  }

  /**
   * Looks on for about `milliseconds`, or until it has seen `transactions`; false when it has seen as much as it ever will, or WAL
   * cannot be read on.
   */
  step(milliseconds: number, transactions = MOST_TRANSACTIONS): boolean {
    if (this.#finished) return false;
    const deadline = performance.now() + milliseconds;
    try {
      do {
        for (let i = 0; i < RECORDS_BETWEEN_LOOKS; i++) {
          if (this.#enough() || !this.#reader.next()) {
            this.close();
            return false;
          }
          this.#record();
        }
      } while (performance.now() < deadline && this.transactions.length < transactions);
      return true;
    } catch (error) {
      // A record that is not what it should be: the pass will come upon it, and say so.
      this.close();
      if (error instanceof RangeError) return false;
      throw error;
    }
  }

  /** Lets go of the file. What was found stays. */
  close(): void {
    if (!this.#finished) this.#reader.closeFile();
    this.#finished = true;
    this.#written.clear();
  }

  #enough(): boolean {
    return this.transactions.length >= MOST_TRANSACTIONS || this.#reader.position - this.#from >= MOST_BYTES;
  }

  #record(): void {
    const reader = this.#reader;
    if (reader.rmid === ResourceManager.transaction) {
      const operation = reader.info & TransactionOperation.mask;
      if (operation === TransactionOperation.commit || operation === TransactionOperation.commitPrepared)
        this.#committed();
      return;
    }
    if (reader.xid === 0) return;
    let written = this.#written.get(reader.xid);
    if (!written) {
      written = {
        firstLsn: reader.lsn,
        walBytes: 0,
        inserts: 0,
        updates: 0,
        deletes: 0,
        worthTelling: false,
      };
      this.#written.set(reader.xid, written);
    }
    written.walBytes += reader.totalLength;
    if (reader.rmid === ResourceManager.heap) this.#heapRecord(written);
    else if (
      reader.rmid === ResourceManager.heap2 &&
      (reader.info & Heap2Operation.mask) === Heap2Operation.multiInsert
    )
      this.#count(written, 'inserts', multiInsertCount(reader));
  }

  #heapRecord(written: Written): void {
    const reader = this.#reader;
    switch (reader.info & HeapOperation.mask) {
      case HeapOperation.insert:
        return this.#count(written, 'inserts', 1);
      case HeapOperation.update:
      case HeapOperation.hotUpdate:
        return this.#count(written, 'updates', 1);
      case HeapOperation.delete:
        // ON CONFLICT took its speculative tuple back: neither of the two happened.
        if ((deleteFlags(reader) & DeleteFlag.isSuper) !== 0) return this.#count(written, 'inserts', -1);
        return this.#count(written, 'deletes', 1);
      case HeapOperation.truncate:
        written.worthTelling = true;
    }
  }

  #count(written: Written, what: 'inserts' | 'updates' | 'deletes', rows: number): void {
    const file = this.#reader.blockFileNode[0];
    if (STATISTICS_FILES.has(file)) return;
    written.worthTelling = true;
    if (file >= FIRST_NORMAL_OID) written[what] += rows;
  }

  #committed(): void {
    const reader = this.#reader;
    const { xid, subxids, time } = parseTransactionEnd(reader, this.#version);
    const members = [xid, ...subxids].flatMap((each) => this.#written.get(each) ?? []);
    for (const each of [xid, ...subxids]) this.#written.delete(each);
    if (!members.some((each) => each.worthTelling)) return;
    const sum = (what: 'walBytes' | 'inserts' | 'updates' | 'deletes') =>
      members.reduce((total, each) => total + each[what], 0);
    this.transactions.push({
      xid,
      commitLsn: reader.lsn,
      commitEndLsn: reader.endLsn,
      commitTime: time,
      firstLsn: Math.min(...members.map((each) => each.firstLsn)),
      walBytes: sum('walBytes'),
      inserts: sum('inserts'),
      updates: sum('updates'),
      deletes: sum('deletes'),
    });
  }
}
