/** Opens a stopped cluster's catalog from its data directory, to be asked and to be fed WAL. */
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { ForkpointError } from '../bytes/errors.js';
import type { Lsn } from '../bytes/lsn.js';
import { CatalogOid, DEFAULT_TABLESPACE, GLOBAL_TABLESPACE } from './bootstrap.js';
import type { BranchPoint } from './branch-point.js';
import type { BranchableCatalog } from './catalog.js';
import type { CatalogRowChange } from './catalog-changes.js';
import { CatalogGroup } from './catalog-group.js';
import type { ClusterContext } from './cluster-context.js';
import { CommitLog } from './commit-log.js';
import type { DamagedPages } from './damaged-pages.js';
import { DatabaseCatalog } from './database-catalog.js';
import { transientName } from './definitions.js';
import { NEVER, TransactionFates } from './fates.js';
import type { FileUse } from './file-use.js';
import { readFileNodeMap } from './filenode-map.js';
import { readCatalogLayouts } from './layouts.js';
import type { DatabaseDefinition, Oid, RelationDefinition, RelationLocator, TypeLookup } from './model.js';
import type { Moment } from './moment.js';
import { MultixactReader } from './multixact.js';
import { nameDecoder } from './name-text.js';
import type { CatalogSnapshot } from './snapshot.js';
import {
  type DatabaseRow,
  pgAuthid,
  pgDatabase,
  pgReplicationOrigin,
  pgTablespace,
} from './tables/shared.js';
import type { CatalogTableSpec } from './tables/spec.js';

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

/** After everything that was fed. */
const NOW: Moment = { lsn: Number.MAX_VALUE };

/** Answers for databases that are not there. */
const NO_TYPES: TypeLookup = { encoding: 0, type: () => undefined };

/**
 * Opens the catalog in `dataDirectory`. Shared catalogs are read now, a database's when it is first met.
 * Throws ForkpointError, naming the file, when what every cluster has is missing or damaged.
 */
export function openCatalog(dataDirectory: string, options: OpenCatalogOptions): BranchableCatalog {
  return new DataDirectoryCatalog(dataDirectory, options);
}

/**
 * The catalog of a node of which only the WAL is left: what another node's catalog was where the two parted, to be fed the WAL of the
 * first one from that other catalog's own beginning on. `from` (opened by openCatalog) has been fed what the other node wrote since,
 * as far as that is there: rows that it has removed from its files are found in it.
 */
export function branchCatalog(
  from: BranchableCatalog,
  point: BranchPoint,
  options: OpenCatalogOptions,
): BranchableCatalog {
  if (!(from instanceof DataDirectoryCatalog))
    throw new TypeError('only a data directory can be branched off');
  return new DataDirectoryCatalog(from.dataDirectory, options, { from, point });
}

/** Another node's catalog, and where to leave it. */
interface Branch {
  readonly from: DataDirectoryCatalog;
  readonly point: BranchPoint;
}

class DataDirectoryCatalog implements BranchableCatalog {
  readonly dataDirectory: string;
  readonly origin: string;
  readonly #branch: Branch | undefined;
  readonly #use: FileUse | undefined;
  readonly #context: ClusterContext;
  readonly #shared: CatalogGroup;
  readonly #databases = new Map<Oid, DatabaseCatalog | undefined>();
  /** Of a branch: the databases that both nodes had. */
  readonly #sharedDatabases = new Set<Oid>();
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
      layouts: branch ? branch.from.#context.layouts : this.#readLayouts(majorVersion, pageSize),
    };
    this.#shared = new CatalogGroup({
      context: this.#context,
      directory: path.join(dataDirectory, 'global'),
      tablespaceOid: GLOBAL_TABLESPACE,
      specs: [pgDatabase, pgAuthid, pgReplicationOrigin, pgTablespace],
      text: nameDecoder(undefined),
      corrected: () => {
        for (const database of this.#databases.values()) database?.forget();
      },
      branch: branch && { from: branch.from.#shared, point: branch.point },
    });
    const { store } = this.#shared.table(pgDatabase);
    for (let version = 0; branch && version < store.count; version++) {
      const row = this.#shared.table(pgDatabase).row(version);
      if (row) this.#sharedDatabases.add(row.definition.oid);
    }
  }

  database(oid: Oid): DatabaseDefinition | undefined {
    return this.#definitionAt(oid, NOW);
  }

  originName(id: number): string | undefined {
    return (this.#sharedRow(pgReplicationOrigin, id, NOW) ?? this.#anyRow(pgReplicationOrigin, id))?.name;
  }

  databases(): DatabaseDefinition[] {
    return [...this.#databaseDirectories()]
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

  rows(databaseOid: Oid, at: Moment): CatalogSnapshot | undefined {
    return this.#snapshot(databaseOid, at);
  }

  types(databaseOid: Oid, at: Moment): TypeLookup {
    return this.#snapshot(databaseOid, at)?.types ?? NO_TYPES;
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
    this.#group(locator)?.tupleWritten(locator.fileNode, block, offset, tuple, xid, lsn);
  }

  tupleRemoved(locator: RelationLocator, block: number, offset: number, xid: number, lsn: Lsn): void {
    this.#group(locator)?.tupleRemoved(locator.fileNode, block, offset, xid, lsn);
  }

  tupleOverwritten(locator: RelationLocator, block: number, offset: number, data: Uint8Array): void {
    this.#group(locator)?.tupleOverwritten(locator.fileNode, block, offset, data);
  }

  pageImage(locator: RelationLocator, block: number, page: Uint8Array, lsn: Lsn): void {
    this.#group(locator)?.pageImage(locator.fileNode, block, page, lsn);
  }

  transactionEnded(xids: readonly number[], committed: boolean, lsn: Lsn): void {
    for (const xid of xids) this.#context.fates.ended(xid, committed, lsn);
    if (!committed) return;
    this.#shared.changes.committed(xids, lsn);
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
    return databaseOid === 0 ? this.#shared : this.#open(databaseOid)?.group;
  }

  #snapshot(databaseOid: Oid, at: Moment): CatalogSnapshot | undefined {
    return at.lsn > this.#lostAt ? undefined : this.#describing(databaseOid)?.snapshotAt(at);
  }

  #group(locator: RelationLocator): CatalogGroup | undefined {
    return locator.databaseOid === 0 ? this.#shared : this.#open(locator.databaseOid)?.group;
  }

  /** The database that describes relations of this one: itself, or for shared relations any, as all describe those. */
  #describing(databaseOid: Oid): DatabaseCatalog | undefined {
    if (databaseOid !== 0) return this.#open(databaseOid);
    for (const database of this.#databases.values()) if (database) return database;
    for (const oid of this.#databaseDirectories()) {
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
    const place = this.#findDatabase(oid);
    if (!place) return undefined;
    this.#use?.database(oid, place.directory);
    const branch = this.#branch;
    const from = branch ? branch.from.#open(oid) : undefined;
    // One that the other node made since is not this one's of that number.
    if (branch && (!from || !this.#sharedDatabases.has(oid))) return undefined;
    try {
      return new DatabaseCatalog({
        context: this.#context,
        directory: place.directory,
        tablespaceOid: (branch && this.#anyRow(pgDatabase, oid)?.tablespaceOid) || place.tablespaceOid,
        shared: this.#shared,
        text: nameDecoder(this.database(oid)?.encoding),
        definitionAt: (at) => this.#definitionAt(oid, at),
        branch: branch && from && { from, point: branch.point },
      });
    } catch (error) {
      const wasThere = this.#databaseRow(oid, { lsn: this.#context.startLsn + 1 }) !== undefined;
      if (wasThere || !(error instanceof ForkpointError)) throw error;
      return undefined;
    }
  }

  #definitionAt(oid: Oid, at: Moment): DatabaseDefinition | undefined {
    return (this.#databaseRow(oid, at) ?? this.#anyRow(pgDatabase, oid))?.definition;
  }

  #databaseRow(oid: Oid, at: Moment): DatabaseRow | undefined {
    return this.#sharedRow(pgDatabase, oid, at);
  }

  #sharedRow<Row>(spec: CatalogTableSpec<Row>, key: number, at: Moment): Row | undefined {
    const table = this.#shared.table(spec);
    const fileNode = this.#shared.mapAt(at).get(spec.oid) ?? 0;
    const usable = this.#shared.usableFiles(spec.oid, at, fileNode);
    let found: Row | undefined;
    table.store.eachWithKey(0, key, (version) => {
      if (!found && table.store.isVisible(version, at, usable)) found = table.row(version);
    });
    return found;
  }

  /**
   * The newest version there is, seen or not: a database being worked in was there, even when the version of its row that said so has
   * been cleaned away since.
   */
  #anyRow<Row>(spec: CatalogTableSpec<Row>, key: number): Row | undefined {
    const table = this.#shared.table(spec);
    let found: Row | undefined;
    table.store.eachWithKey(0, key, (version) => {
      found ??= table.row(version);
    });
    return found;
  }

  /** Where the database's files are: in base/, or in a tablespace that it was put into. */
  #findDatabase(oid: Oid): { directory: string; tablespaceOid: Oid } | undefined {
    const inBase = path.join(this.dataDirectory, 'base', String(oid));
    if (existsSync(inBase)) return { directory: inBase, tablespaceOid: DEFAULT_TABLESPACE };
    const tablespaces = path.join(this.dataDirectory, 'pg_tblspc');
    for (const tablespace of listDirectory(tablespaces)) {
      for (const version of listDirectory(path.join(tablespaces, tablespace))) {
        if (!version.startsWith(`PG_${this.#context.majorVersion}_`)) continue;
        const directory = path.join(tablespaces, tablespace, version, String(oid));
        // A database in base/ may have single tables here; only its home has the map.
        if (existsSync(path.join(directory, 'pg_filenode.map')))
          return { directory, tablespaceOid: Number(tablespace) };
      }
    }
    return undefined;
  }

  /** OIDs of the databases in base/, the lowest (template1) first. */
  #databaseDirectories(): Oid[] {
    return listDirectory(path.join(this.dataDirectory, 'base'))
      .filter((name) => /^[1-9][0-9]*$/.test(name))
      .map(Number)
      .sort((a, b) => a - b);
  }

  #readLayouts(majorVersion: number, pageSize: number): ClusterContext['layouts'] {
    let firstError: unknown;
    for (const oid of this.#databaseDirectories()) {
      const directory = path.join(this.dataDirectory, 'base', String(oid));
      try {
        const fileNode = readFileNodeMap(path.join(directory, 'pg_filenode.map')).get(CatalogOid.attribute);
        return readCatalogLayouts(path.join(directory, String(fileNode)), majorVersion, pageSize);
      } catch (error) {
        if (!(error instanceof ForkpointError)) throw error;
        firstError ??= error;
      }
    }
    throw (
      firstError ??
      new ForkpointError({
        what: 'there is no database to read the catalog from',
        where: path.join(this.dataDirectory, 'base'),
        next: 'name a complete data directory',
      })
    );
  }
}

/** MultiXactIdPrecedes (access/transam/multixact.c): on the 32-bit circle. */
function precedesMultixact(a: number, b: number): boolean {
  return ((a - b) | 0) < 0;
}

function listDirectory(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
