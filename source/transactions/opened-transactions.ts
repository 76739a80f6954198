/** Single transactions, opened when somebody looks: what is known of each, where its records are, what it said to the catalog. */
import type { Catalog } from '../catalog/catalog.js';
import type { Change } from '../rows/row-change.js';
import type { WalReader } from '../wal/reader.js';
import { recordVersion } from '../wal/record-versions.js';
import { parsePrepare, parseTransactionEnd } from '../wal/transaction-record.js';
import type { ChangeDecoder } from './changes.js';
import type { Scan } from './scan.js';
import { NOTHING_BETWEEN, type StatementsBetween, statementsBetween } from './statements-between.js';
import type { TransactionSummary } from './transaction.js';
import { lostRecord, OneRecord, type SheetedRecords, TransactionRecords } from './transaction-records.js';

/** The records of one transaction, ready to be decoded from any place. */
export interface OpenedTransaction {
  readonly records: SheetedRecords;
  /** Itself and its committed children, when it changed the catalog and so saw its own changes. */
  readonly ownXids: ReadonlySet<number> | undefined;
  /** Then also: what it said to the catalog, between its records. Found when first needed. */
  between?: StatementsBetween;
}

/** Of what transactions are opened. */
export interface OpenedTransactionsContext {
  readonly catalog: Catalog;
  readonly scan: Scan;
  readonly decoder: ChangeDecoder;
  /** Read commit records, and walk over WAL to collect others; nobody relies on where they stand between two calls. */
  readonly records: WalReader;
  readonly walker: WalReader;
  readonly majorVersion: number;
  /** What of the beginning is missing, when WAL does not reach back far enough. */
  readonly shortfall: string | undefined;
}

/** Transactions whose records are kept, since a reader leafs back and forth. */
const KEPT_TRANSACTIONS = 8;

/** A node's transactions by their place in commit order; some that were looked at last stay open. */
export class OpenedTransactions {
  readonly #context: OpenedTransactionsContext;
  readonly #kept = new Map<number, OpenedTransaction>();

  constructor(context: OpenedTransactionsContext) {
    this.#context = context;
  }

  /** The transaction at `index` in commit order. */
  summary(index: number): TransactionSummary {
    const summary = this.#context.scan.index.summary(index);
    if (!summary.origin) return summary;
    return {
      ...summary,
      origin: { ...summary.origin, name: this.#context.catalog.originName(summary.origin.id) },
    };
  }

  /** The transaction at `index`, its records found. */
  open(index: number): OpenedTransaction {
    const kept = this.#kept.get(index);
    if (kept) return kept;
    const summary = this.summary(index);
    const version = recordVersion(this.#context.majorVersion);
    const { scan, records: reader, walker } = this.#context;
    if (summary.state === 'message') {
      return this.#keep(index, { records: new OneRecord(summary.commitLsn), ownXids: undefined });
    }
    if (!reader.readAt(summary.commitLsn)) throw lostRecord(summary.commitLsn, reader.end?.reason);
    const ended =
      summary.state === 'prepared' ? parsePrepare(reader, version) : parseTransactionEnd(reader, version);
    const xids = new Set([ended.xid, ...ended.subxids]);
    const { firstLsn, commitLsn } = summary;
    const opened = {
      records: new TransactionRecords({
        relations: scan.relations,
        walker,
        firstLsn,
        commitLsn,
        xids,
        uncounted: summary.changesCatalog,
      }),
      ownXids: summary.changesCatalog ? xids : undefined,
    };
    return this.#keep(index, opened);
  }

  #keep(index: number, opened: OpenedTransaction): OpenedTransaction {
    if (this.#kept.size >= KEPT_TRANSACTIONS) this.#kept.delete(this.#kept.keys().next().value as number);
    this.#kept.set(index, opened);
    return opened;
  }

  /** What is told of a transaction before its rows. */
  ahead(summary: TransactionSummary): Change[] {
    return summary.beginningMissing ? [this.#missingBeginning(summary)] : [];
  }

  /** What it said to the catalog. */
  between(opened: OpenedTransaction, summary: TransactionSummary): StatementsBetween {
    const { ownXids } = opened;
    if (!ownXids) return NOTHING_BETWEEN;
    opened.between ??= statementsBetween({
      catalog: this.#context.catalog,
      decoder: this.#context.decoder,
      relations: this.#context.scan.relations,
      walker: this.#context.walker,
      xid: summary.xid,
      ownXids,
      firstLsn: summary.firstLsn,
      commitLsn: summary.commitLsn,
    });
    return opened.between;
  }

  #missingBeginning(summary: TransactionSummary): Change {
    return {
      kind: 'undecodable',
      operation: 'update',
      lsn: summary.firstLsn,
      xid: summary.xid,
      relation: 'an unknown table',
      problem: `this transaction began before the WAL that is there, and what it changed until then is not known: ${this.#context.shortfall}`,
    };
  }
}
