/**
 * What the catalog hears while the one pass goes by: tuples written to, removed from and overwritten in the relations it follows, images of
 * their pages, files cut off. And what it answers: which relation a file is, as well as it can tell by then.
 */
import type { Catalog, CatalogFeed } from '../catalog/catalog.js';
import { restorePageImage } from '../wal/full-page-image.js';
import { type LoggedTuple, parseTruncate } from '../wal/heap-record.js';
import type { WalReader } from '../wal/reader.js';
import { type RecordVersion, recordVersion } from '../wal/record-versions.js';
import { emptiedFile } from '../wal/storage-record.js';
import type { OpenTransactions } from './open-transaction.js';
import type { LocalRelation, Relations } from './relations.js';
import type { TupleSource } from './tuple-source.js';
import { TupleUnavailableError } from './tuple-unavailable.js';

/** Everything it looks at and fills. */
export interface CatalogScanParts {
  /** The record under it is the one to look at. */
  readonly reader: WalReader;
  readonly catalog: Catalog & CatalogFeed;
  /** BLCKSZ in bytes. */
  readonly blockSize: number;
  readonly relations: Relations;
  readonly transactions: OpenTransactions;
  readonly tuples: TupleSource;
}

export class CatalogScan {
  readonly #reader: WalReader;
  readonly #catalog: Catalog & CatalogFeed;
  readonly #blockSize: number;
  readonly #relations: Relations;
  readonly #transactions: OpenTransactions;
  readonly #tuples: TupleSource;
  readonly #version: RecordVersion;
  #age = 0;

  constructor(parts: CatalogScanParts) {
    this.#reader = parts.reader;
    this.#catalog = parts.catalog;
    this.#blockSize = parts.blockSize;
    this.#relations = parts.relations;
    this.#transactions = parts.transactions;
    this.#tuples = parts.tuples;
    this.#version = recordVersion(parts.reader.segments.majorVersion);
  }

  /** Raised whenever the catalog may answer differently: what was unknown is asked again. */
  get age(): number {
    return this.#age;
  }

  /** Somebody else told the catalog something new. */
  changed(): void {
    this.#age++;
  }

  /** The relation of a block reference, identified as well as the catalog can. */
  relationOf(blockId: number): LocalRelation {
    const reader = this.#reader;
    const relation = this.#relations.at(
      reader.blockTablespace[blockId],
      reader.blockDatabase[blockId],
      reader.blockFileNode[blockId],
    );
    if (relation.role !== 'unknown' && relation.role !== 'ignored' && !relation.maybeTransient)
      return relation;
    if (relation.identifiedAt === this.#age) return relation;
    relation.identifiedAt = this.#age;
    this.#relations.identify(relation, {
      lsn: reader.lsn,
      ownXids: this.#transactions.xidsChangingCatalog(),
    });
    return relation;
  }

  /** Is a change of this catalog worth telling? */
  isRemarkable(relation: LocalRelation): boolean {
    return this.#relations.catalogName(relation, this.#reader.lsn) !== undefined;
  }

  /** The record carries an image of a page of a relation that is followed. */
  image(relation: LocalRelation, blockId: number): void {
    const reader = this.#reader;
    const page = restorePageImage(reader, blockId, this.#version, this.#blockSize);
    this.#catalog.pageImage(relation.locator, reader.blockNumber[blockId], page, reader.lsn);
    this.#age++;
  }

  /** It put a tuple at (block, offset) of one: `logged`, if not into an image alone; a difference from the one that `oldWriter` wrote. */
  wrote(
    relation: LocalRelation,
    block: number,
    offset: number,
    logged: LoggedTuple | undefined,
    oldWriter: number,
  ): void {
    const reader = this.#reader;
    this.#age++;
    if (logged === undefined) return;
    try {
      const tuple = this.#tuples.newTuple(reader, offset, logged, oldWriter).copy();
      this.#catalog.tupleWritten(relation.locator, block, offset, tuple, reader.xid, reader.lsn);
    } catch (error) {
      if (!(error instanceof TupleUnavailableError)) throw error;
      this.#catalog.tupleUnreadable(relation.locator, reader.xid, reader.lsn);
    }
  }

  /** It took the tuple at (block, offset) of one away. */
  removed(relation: LocalRelation, block: number, offset: number): void {
    this.#catalog.tupleRemoved(relation.locator, block, offset, this.#reader.xid, this.#reader.lsn);
    this.#age++;
  }

  /** It is an in-place update of one. */
  overwritten(relation: LocalRelation): void {
    const reader = this.#reader;
    if (reader.blockDataLength[0] === 0) return;
    const start = reader.blockDataOffset[0];
    const data = Buffer.from(reader.buffer.subarray(start, start + reader.blockDataLength[0]));
    const offset = reader.view.getUint16(reader.mainOffset, true);
    this.#catalog.tupleOverwritten(relation.locator, reader.blockNumber[0], offset, data, reader.lsn);
    this.#age++;
  }

  /** A record of the storage resource manager: a file cut off at its beginning, when it is the transaction's own, was truncated. */
  storageRecord(): void {
    const reader = this.#reader;
    const file = reader.xid === 0 ? undefined : emptiedFile(reader);
    if (!file) return;
    const relation = this.#relations.at(file.tablespaceOid, file.databaseOid, file.fileNode);
    const moment = { lsn: reader.lsn, ownXids: this.#transactions.xidsChangingCatalog() };
    this.#relations.identify(relation, moment);
    const { definition, role } = relation;
    if (role !== 'table' || !definition || definition.persistence !== 'p') return;
    const seenByOthers = this.#catalog.rows(file.databaseOid, { lsn: reader.lsn })?.relation(definition.oid);
    if (seenByOthers?.fileNode !== file.fileNode)
      this.#transactions.of(reader.xid, reader.lsn).emptied.push(definition);
  }

  /** A TRUNCATE in the words of WAL. */
  truncate(): void {
    const reader = this.#reader;
    const record = parseTruncate(reader);
    const moment = { lsn: reader.lsn, ownXids: this.#transactions.xidsChangingCatalog() };
    const transaction = this.#transactions.of(reader.xid, reader.lsn);
    for (const oid of record.relationOids) {
      const definition = this.#catalog.relationByOid(record.databaseOid, oid, moment);
      if (definition && definition.kind === 'r' && !definition.system) transaction.truncated.push(definition);
    }
  }
}
