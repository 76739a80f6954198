/**
 * What relation is 1663/5/16403 at this LSN? The catalog as it changes along the WAL.
 *
 * A cluster's catalog is versioned: every row version read from disk or met in WAL is kept with the transaction that
 * wrote it and the one that removed it, so that it can be asked for any moment between where reading began
 * and where it has come to. WAL is fed to it in order by whoever reads WAL (transactions/); it reads no WAL itself.
 */
import type { Lsn } from '../bytes/lsn.js';
import type { BranchPoint } from './branch-point.js';
import type { CatalogRowChange } from './catalog-changes.js';
import type { DatabaseDefinition, Oid, RelationDefinition, RelationLocator, TypeLookup } from './model.js';
import type { Moment } from './moment.js';
import type { CatalogSnapshot } from './snapshot.js';

/** A cluster's catalog, to be asked about any moment that has been read. What is not there is undefined, or left out. */
export interface Catalog {
  /** Whose catalog it is, to be said when it cannot tell. */
  readonly origin: string;
  database(oid: Oid): DatabaseDefinition | undefined;
  /** The name of a replication origin (pg_replication_origin), as it was last known. */
  originName(id: number): string | undefined;
  /** Every database that has files. */
  databases(): DatabaseDefinition[];
  /** The relation whose file this is at that moment. Cheap to ask again: the same object while nothing changed. */
  relationByLocator(locator: RelationLocator, at: Moment): RelationDefinition | undefined;
  relationByOid(databaseOid: Oid, oid: Oid, at: Moment): RelationDefinition | undefined;
  /**
   * Is this the transient relation that a rewrite (ALTER TABLE, VACUUM FULL, CLUSTER) fills before it takes the table's place? Its
   * rows are nobody's. Since 11 the catalog says so; in 10 it is known once the two have changed places, at the latest when the transaction ends.
   */
  isTransient(definition: RelationDefinition): boolean;
  /** The rows of a database's catalogs that these (sub)transactions wrote and removed, as far as WAL has told, in LSN order. */
  rowChanges(databaseOid: Oid, xids: ReadonlySet<number>): CatalogRowChange[];
  /**
   * The first record of these (sub)transactions, as far as WAL has told, that changed a row of a database's catalogs of which it is not known
   * what it was, or became: rowChanges() does not tell all then.
   */
  firstUnknown(databaseOid: Oid, xids: ReadonlySet<number>): Lsn | undefined;
  /** All rows of a database's catalogs at a moment; undefined when there is no such database. */
  rows(databaseOid: Oid, at: Moment): CatalogSnapshot | undefined;
  /** Types of a database at a moment. The same object while nothing changed. */
  types(databaseOid: Oid, at: Moment): TypeLookup;
  /** How often something that had been said of a database's moments turned out not to be true: what was said since the last time holds. */
  corrections(databaseOid: Oid): number;
  /** All tables of a database at a moment ('r' and 'p', not system ones). */
  tables(databaseOid: Oid, at: Moment): RelationDefinition[];
  /** Unlogged and temporary tables and sequences of a database at a moment: WAL says nothing of what they hold. */
  withoutWal(databaseOid: Oid, at: Moment): RelationDefinition[];
}

/** What a reader of WAL tells the catalog, record by record, in LSN order. */
export interface CatalogFeed {
  /** Does the catalog want to hear of this relation file? Called for every heap record: must be a cheap look-up on numbers. */
  follows(tablespaceOid: Oid, databaseOid: Oid, fileNode: number): boolean;
  /**
   * A tuple was written at (block, offset) by `xid`: `tuple` is the whole on-disk tuple, HeapTupleHeaderData first
   * (t_xmin may be left 0 when WAL does not carry it: `xid` rules).
   */
  tupleWritten(
    locator: RelationLocator,
    block: number,
    offset: number,
    tuple: Uint8Array,
    xid: number,
    lsn: Lsn,
  ): void;
  /** A tuple was written by `xid`, and nobody can tell which. */
  tupleUnreadable(locator: RelationLocator, xid: number, lsn: Lsn): void;
  /** The tuple at (block, offset) was deleted or superseded by `xid`. */
  tupleRemoved(locator: RelationLocator, block: number, offset: number, xid: number, lsn: Lsn): void;
  /** The tuple at (block, offset) was overwritten in place, without a transaction (XLOG_HEAP_INPLACE): `data` replaces what follows its header. */
  tupleOverwritten(locator: RelationLocator, block: number, offset: number, data: Uint8Array, lsn: Lsn): void;
  /** A full-page image of a page of a followed relation, as it was after the record at `lsn` was applied. */
  pageImage(locator: RelationLocator, block: number, page: Uint8Array, lsn: Lsn): void;
  /** A (sub)transaction tree ended. `xids` holds the top-level one and its committed (or aborted) children. */
  transactionEnded(xids: readonly number[], committed: boolean, lsn: Lsn): void;
  /** A transaction commits that changed the catalog, and began before the WAL that is there. */
  beginningMissing(lsn: Lsn): void;
  /** pg_filenode.map of a database (0: global) was replaced (XLOG_RELMAP_UPDATE). */
  mapReplaced(databaseOid: Oid, map: Uint8Array, lsn: Lsn): void;
}

/** A catalog that another node's can be branched off from: before it is fed, it is told what files its own and the other's WAL name. */
export interface BranchableCatalog extends Catalog, CatalogFeed {
  /** A pg_filenode.map (of a database, 0: global) that the WAL to come will tell of. */
  expectMap(databaseOid: Oid, map: Uint8Array): void;
  /** Is there a catalog in this database of which nothing tells what file it was in where the two parted? */
  isInDoubt(databaseOid: Oid, point: BranchPoint): boolean;
  /** A page of a file that was there where the two parted: it may be that catalog's. */
  recognize(locator: RelationLocator, page: Uint8Array, point: BranchPoint): void;
}
