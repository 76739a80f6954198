/** A cluster's catalog put together from its files: the shared catalogs, and each database's when it is first met. */
import { ForkpointError } from '../bytes/errors.js';
import type { Lsn } from '../bytes/lsn.js';
import type { BranchPoint } from './branch-point.js';
import type { BranchableCatalog } from './catalog.js';
import type { CatalogRowChange } from './catalog-changes.js';
import type { CatalogGroup } from './catalog-group.js';
import type { ClusterContext } from './cluster-context.js';
import { CommitLog } from './commit-log.js';
import type { DamagedPages } from './damaged-pages.js';
import { DatabaseCatalog } from './database-catalog.js';
import { databaseHome, databaseOids } from './database-directories.js';
import { transientName } from './definitions.js';
import { NEVER, TransactionFates } from './fates.js';
import type { FileUse } from './file-use.js';
import { readClusterLayouts } from './layouts.js';
import type { DatabaseDefinition, Oid, RelationDefinition, RelationLocator, TypeLookup } from './model.js';
import type { Moment } from './moment.js';
import { MultixactReader } from './multixact.js';
import { nameDecoder } from './name-text.js';
import { SharedCatalogs } from './shared-catalogs.js';
import type { CatalogSnapshot } from './snapshot.js';

/** What has to be known of a cluster to read its catalog: its pg_control tells it. */
export interface OpenCatalogOptions {
  readonly majorVersion: number;
  /** BLCKSZ, in bytes. */
  readonly pageSize: number;
  /** Notes pages with a wrong checksum; undefined for a cluster without data checksums. */
  readonly damagedPages?: DamagedPages;
  /** Where WAL will be fed from: a checkpoint's redo pointer. */
  readonly startLsn: Lsn;
  /** That checkpoint's nextXid. */
  readonly startNextXid: number;
  /** (Sub)transactions below startNextXid that had not ended at startLsn. */
  readonly startRunningXids: ReadonlySet<number>;
  /** Is told which databases are read. */
  readonly use?: FileUse;
}

/** Answers for databases that are not there. */
const NO_TYPES: TypeLookup = { encoding: 0, type: () => undefined };

/** Another node's catalog, and where to leave it. */
interface Branch {
  readonly from: DataDirectoryCatalog;
  readonly point: BranchPoint;
}

/** The catalog of the node whose data directory it is, or of one that branched off from it. */
export class DataDirectoryCatalog implements BranchableCatalog {
  readonly dataDirectory: string;
  readonly origin: string;
  readonly #branch: Branch | undefined;
  readonly #use: FileUse | undefined;
  readonly #context: ClusterContext;
  readonly #shared: SharedCatalogs;
  readonly #databases = new Map<Oid, DatabaseCatalog | undefined>();
  /** From here on the catalog may be untrue. */
  #lostAt: Lsn = NEVER;
  #lastOid = 0;
  #last: DatabaseCatalog | undefined;

  constructor(dataDirectory: string, options: OpenCatalogOptions, branch?: Branch) {
    const { majorVersion, pageSize } = options;
    this.dataDirectory = dataDirectory;
    this.#branch = branch;
    this.#use = options.use;
    this.origin = branch
      ? "the new primary's catalog, as far as it was there at the fork,"
      : 'the catalog of the old primary';
    const multixacts = new MultixactReader(dataDirectory, pageSize);
    this.#context = {
      majorVersion,
      pageSize,
      damagedPages: options.damagedPages,
      startLsn: options.startLsn,
      fates: new TransactionFates({
        startNextXid: options.startNextXid,
        startRunningXids: options.startRunningXids,
        commitLog: new CommitLog(dataDirectory, pageSize),
      }),
      multixactUpdater: (multixact) => {
        // The other node's own mean nothing here, and this one's are nowhere; WAL tells who removed a row.
        if (branch && !precedesMultixact(multixact, branch.point.nextMultixact)) return undefined;
        return multixacts.updater(multixact);
      },
      layouts: branch
        ? branch.from.#context.layouts
        : readClusterLayouts(dataDirectory, majorVersion, pageSize),
    };
    this.#shared = new SharedCatalogs({
      context: this.#context,
      dataDirectory,
      corrected: () => {
        for (const database of this.#databases.values()) database?.forget();
      },
      branch: branch && { from: branch.from.#shared, point: branch.point },
    });
  }

  database(oid: Oid): DatabaseDefinition | undefined {
    return this.#shared.database(oid);
  }

  originName(id: number): string | undefined {
    return this.#shared.originName(id);
  }

  databases(): DatabaseDefinition[] {
    return databaseOids(this.dataDirectory, this.#context.majorVersion)
      .map((oid) => this.database(oid))
      .filter((database) => database !== undefined);
  }

  relationByLocator(locator: RelationLocator, at: Moment): RelationDefinition | undefined {
    return this.#snapshot(locator.databaseOid, at)?.relationByLocator(locator);
  }

  relationByOid(databaseOid: Oid, oid: Oid, at: Moment): RelationDefinition | undefined {
    return this.#snapshot(databaseOid, at)?.relationByOid(oid);
  }

  isTransient({ database, name, fileNode, rewriteOf }: RelationDefinition): boolean {
    if (rewriteOf !== 0 || this.#context.majorVersion >= 11) return rewriteOf !== 0;
    const oid = transientName(name);
    return oid !== 0 && (this.#open(database.oid)?.hadFile(oid, fileNode) ?? false);
  }

  rowChanges(databaseOid: Oid, xids: ReadonlySet<number>): CatalogRowChange[] {
    return this.#open(databaseOid)?.group.changes.rowChanges(xids) ?? [];
  }

  firstUnknown(databaseOid: Oid, xids: ReadonlySet<number>): Lsn | undefined {
    return (
      this.#open(databaseOid)?.group.changes.firstUnknown(xids) ??
      this.#shared.group.changes.firstUnknown(xids)
    );
  }

  rows(databaseOid: Oid, at: Moment): CatalogSnapshot | undefined {
    return this.#snapshot(databaseOid, at);
  }

  types(databaseOid: Oid, at: Moment): TypeLookup {
    return this.#snapshot(databaseOid, at)?.types ?? NO_TYPES;
  }

  corrections(databaseOid: Oid): number {
    return this.#describing(databaseOid)?.corrections ?? 0;
  }

  tables(databaseOid: Oid, at: Moment): RelationDefinition[] {
    return this.#snapshot(databaseOid, at)?.tables() ?? [];
  }

  withoutWal(databaseOid: Oid, at: Moment): RelationDefinition[] {
    return this.#describing(databaseOid)?.snapshotAt(at)?.withoutWal() ?? [];
  }

  follows(tablespaceOid: Oid, databaseOid: Oid, fileNode: number): boolean {
    return this.#groupOf(databaseOid)?.follows(tablespaceOid, fileNode) ?? false;
  }

  tupleWritten(
    locator: RelationLocator,
    block: number,
    offset: number,
    tuple: Uint8Array,
    xid: number,
    lsn: Lsn,
  ): void {
    this.#groupOf(locator.databaseOid)?.tupleWritten(locator.fileNode, block, offset, tuple, xid, lsn);
  }

  tupleUnreadable(locator: RelationLocator, xid: number, lsn: Lsn): void {
    this.#groupOf(locator.databaseOid)?.tupleUnreadable(locator.fileNode, xid, lsn);
  }

  tupleRemoved(locator: RelationLocator, block: number, offset: number, xid: number, lsn: Lsn): void {
    this.#groupOf(locator.databaseOid)?.tupleRemoved(locator.fileNode, block, offset, xid, lsn);
  }

  tupleOverwritten(locator: RelationLocator, block: number, offset: number, data: Uint8Array): void {
    this.#groupOf(locator.databaseOid)?.tupleOverwritten(locator.fileNode, block, offset, data);
  }

  pageImage(locator: RelationLocator, block: number, page: Uint8Array, lsn: Lsn): void {
    this.#groupOf(locator.databaseOid)?.pageImage(locator.fileNode, block, page, lsn);
  }

  transactionEnded(xids: readonly number[], committed: boolean, lsn: Lsn): void {
    for (const xid of xids) this.#context.fates.ended(xid, committed, lsn);
    if (!committed) return;
    this.#shared.group.changes.committed(xids, lsn);
    for (const database of this.#databases.values()) database?.group.changes.committed(xids, lsn);
  }

  beginningMissing(lsn: Lsn): void {
    // On its own disk a node has what its transactions did; on another's it may be cleaned away as aborted.
    if (this.#branch) this.#lostAt = Math.min(this.#lostAt, lsn);
  }

  mapReplaced(databaseOid: Oid, map: Uint8Array, lsn: Lsn): void {
    this.#groupOf(databaseOid)?.mapReplaced(map, lsn);
  }

  expectMap(databaseOid: Oid, map: Uint8Array): void {
    this.#groupOf(databaseOid)?.expectMap(map);
  }

  isInDoubt(databaseOid: Oid, point: BranchPoint): boolean {
    return this.#groupOf(databaseOid)?.isInDoubt(point) ?? false;
  }

  recognize(locator: RelationLocator, page: Uint8Array, point: BranchPoint): void {
    this.#groupOf(locator.databaseOid)?.recognize(locator.fileNode, page, point);
  }

  #groupOf(databaseOid: Oid): CatalogGroup | undefined {
    return databaseOid === 0 ? this.#shared.group : this.#open(databaseOid)?.group;
  }

  #snapshot(databaseOid: Oid, at: Moment): CatalogSnapshot | undefined {
    return at.lsn > this.#lostAt ? undefined : this.#describing(databaseOid)?.snapshotAt(at);
  }

  /** The database that describes relations of this one: itself, or for shared relations any, as all describe those. */
  #describing(databaseOid: Oid): DatabaseCatalog | undefined {
    if (databaseOid !== 0) return this.#open(databaseOid);
    for (const database of this.#databases.values()) if (database) return database;
    for (const oid of databaseOids(this.dataDirectory, this.#context.majorVersion)) {
      const database = this.#open(oid);
      if (database) return database;
    }
    return undefined;
  }

  #open(oid: Oid): DatabaseCatalog | undefined {
    if (oid === this.#lastOid) return this.#last;
    let database = this.#databases.get(oid);
    if (database === undefined && !this.#databases.has(oid)) {
      database = this.#read(oid);
      this.#databases.set(oid, database);
    }
    this.#lastOid = oid;
    this.#last = database;
    return database;
  }

  /** Reads a database. One made after reading began may be half there, or not at all: that is no error. */
  #read(oid: Oid): DatabaseCatalog | undefined {
    const place = databaseHome(this.dataDirectory, this.#context.majorVersion, oid);
    if (!place) return undefined;
    this.#use?.database(oid, place.directory);
    const branch = this.#branch;
    const from = branch ? branch.from.#open(oid) : undefined;
    // One that the other node made since is not this one's of that number.
    if (branch && (!from || !this.#shared.isOfBoth(oid))) return undefined;
    try {
      return new DatabaseCatalog({
        context: this.#context,
        directory: place.directory,
        tablespaceOid: (branch && this.#shared.anyDatabaseRow(oid)?.tablespaceOid) || place.tablespaceOid,
        shared: this.#shared.group,
        text: nameDecoder(this.database(oid)?.encoding),
        definitionAt: (at) => this.#shared.database(oid, at),
        branch: branch && from && { from, point: branch.point },
      });
    } catch (error) {
      const wasThere = this.#shared.databaseRow(oid, { lsn: this.#context.startLsn + 1 }) !== undefined;
      if (wasThere || !(error instanceof ForkpointError)) throw error;
      return undefined;
    }
  }
}

/** MultiXactIdPrecedes (access/transam/multixact.c): on the 32-bit circle. */
function precedesMultixact(a: number, b: number): boolean {
  return ((a - b) | 0) < 0;
}
