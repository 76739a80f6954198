/**
 * A walk over WAL that gathers the records of many transactions as it goes. It is kept from one run of transactions to the next: what
 * the later ones wrote beside the earlier ones has been passed, and is held.
 */
import type { Lsn } from '../bytes/lsn.js';
import { PassedRecord } from '../wal/passed-record.js';
import { WalReader } from '../wal/reader.js';
import type { RecordCursor } from '../wal/record-cursor.js';
import { type RecordVersion, recordVersion } from '../wal/record-versions.js';
import { ResourceManager, TransactionOperation } from '../wal/resource-managers.js';
import type { WalSegments } from '../wal/segments.js';
import { parseTransactionEnd } from '../wal/transaction-record.js';
import { type CollectedRecords, RecordCollector } from './record-collector.js';
import type { Relations } from './relations.js';
import type { Scan } from './scan.js';
import { lostRecord } from './transaction-records.js';
import type { TupleSource } from './tuple-source.js';

export class ForwardWalk {
  readonly #relations: Relations;
  /** Is shown what goes by. */
  readonly #tuples: TupleSource;
  readonly #walker: WalReader;
  readonly #passed: PassedRecord;
  readonly #version: RecordVersion;
  #collector: RecordCollector;
  #from: Lsn;
  /** The commit record taken last; undefined where it is to begin. */
  #taken: Lsn | undefined;

  /** `from`: a record's first byte, or the fork. */
  constructor(segments: WalSegments, blockSize: number, { relations, tuples }: Scan, from: Lsn) {
    this.#relations = relations;
    this.#tuples = tuples;
    // A reader of its own: others may look at transactions between two steps.
    this.#walker = new WalReader(segments, { blockSize });
    this.#passed = new PassedRecord(this.#walker);
    this.#version = recordVersion(segments.majorVersion);
    this.#collector = new RecordCollector(relations);
    this.#from = from;
  }

  /** Of transactions that began from here on, all records are told. */
  get from(): Lsn {
    return this.#from;
  }

  /** How far it has come. */
  get position(): Lsn {
    return this.#taken ?? this.#from;
  }

  /** No transaction will be asked for any more that began before `lsn`, a record's first byte: what is before that need not be read. */
  passOver(lsn: Lsn): void {
    if (lsn <= this.position) return;
    this.#from = lsn;
    this.#taken = undefined;
    this.#collector = new RecordCollector(this.#relations);
  }

  /**
   * Walks on to the commit record at `commitLsn` and takes the records of the transaction that it ends, if that began where this walk
   * did or later; undefined when they are too many to be held. `childless`: its xid, when it has no committed children. Throws
   * ForkpointError when WAL ends before.
   */
  to(commitLsn: Lsn, childless?: number): CollectedRecords | undefined {
    const walker = this.#walker;
    if (this.#taken === undefined) walker.seek(this.#from);
    for (;;) {
      if (!walker.next()) throw lostRecord(commitLsn, walker.end?.reason);
      if (walker.rmid !== ResourceManager.transaction) {
        this.#collector.add(walker);
        this.#tuples.pass(walker);
        continue;
      }
      const operation = walker.info & TransactionOperation.mask;
      if (operation === TransactionOperation.prepare) continue;
      if (operation > TransactionOperation.abortPrepared) continue;
      if (childless !== undefined && walker.lsn === commitLsn) {
        this.#taken = commitLsn;
        return this.#collector.takeOne(childless);
      }
      const end = parseTransactionEnd(walker, this.#version);
      const records = this.#collector.take([end.xid, ...end.subxids]);
      this.#taken = walker.lsn;
      if (walker.lsn === commitLsn) return records;
    }
  }

  /** One of the records that to() told last, where it still lies in memory; undefined when it has to be read again. Valid until the next to(). */
  passed(lsn: Lsn): RecordCursor | undefined {
    return this.#passed.at(lsn) ? this.#passed : undefined;
  }

  /** Lets go of files. */
  close(): void {
    this.#walker.closeFile();
  }
}
