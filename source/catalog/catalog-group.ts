/**
 * The catalogs of one directory (a database's, or the shared ones in global/): their files, and the WAL fed to them.
 */
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { ForkpointError } from '../bytes/errors.js';
import type { Lsn } from '../bytes/lsn.js';
import { CatalogOid } from './bootstrap.js';
import { type BranchPoint, isSharedFile } from './branch-point.js';
import type { Moment } from './catalog.js';
import type { DamagedPages } from './damaged-pages.js';
import { isTransientOfCatalog, transientName } from './definitions.js';
import { NEVER, type TransactionFates } from './fates.js';
import { type FileNodeMap, parseFileNodeMap, readFileNodeMap } from './filenode-map.js';
import type { AttributeDefinition, Oid } from './model.js';
import { RelationFile } from './relation-file.js';
import { CLASS_BY_OID, type ClassRow } from './tables/relations.js';
import type { CatalogTableSpec, DecodeText } from './tables/spec.js';
import { TupleReader } from './tuple-reader.js';
import { NO_FILE_NODE } from './versions/version-places.js';
import { VersionStore } from './versions/version-store.js';

/** What all groups of one cluster share. */
export interface ClusterContext {
  readonly majorVersion: number;
  /** Block size in bytes. */
  readonly pageSize: number;
  /** Undefined when pages have no checksums. */
  readonly damagedPages: DamagedPages | undefined;
  readonly startLsn: Lsn;
  readonly fates: TransactionFates;
  readonly multixactUpdater: (multixact: number) => number | undefined;
  /** The columns of every catalog that is read, by the catalog's OID. */
  readonly layouts: ReadonlyMap<Oid, readonly AttributeDefinition[]>;
}

/** One catalog: its row versions, and the rows they decode to. */
export class CatalogTable<Row> {
  readonly spec: CatalogTableSpec<Row>;
  readonly store: VersionStore;
  readonly #reader: TupleReader;
  readonly #text: DecodeText;
  readonly #rows = new Map<number, Row>();

  constructor(spec: CatalogTableSpec<Row>, reader: TupleReader, store: VersionStore, text: DecodeText) {
    this.spec = spec;
    this.store = store;
    this.#reader = reader;
    this.#text = text;
  }

  /** The row of a version: the same object whenever it is asked for. Undefined when its page can no longer be read. */
  row(version: number): Row | undefined {
    const known = this.#rows.get(version);
    if (known !== undefined) return known;
    if (!this.store.look(version)) return undefined;
    const row = this.spec.decode(this.#reader, this.#text);
    this.#rows.set(version, row);
    return row;
  }

  /**
   * A version's data changed in place. Returns whether that shows in its row; mostly it was a statistic, and the row stays the
   * object it was.
   */
  refresh(version: number): boolean {
    const known = this.#rows.get(version);
    if (known === undefined) return false;
    this.#rows.delete(version);
    if (!isDeepStrictEqual(this.row(version), known)) return true;
    this.#rows.set(version, known);
    return false;
  }
}

/** A file whose tuples the group wants to hear of. */
interface FollowedFile {
  readonly table: CatalogTable<unknown>;
  readonly fileNumber: number;
  readonly tablespaceOid: Oid;
}

/** What one (sub)transaction did to catalogs, change by change, as WAL told it. */
interface ChangesOfTransaction {
  readonly lsns: Lsn[];
  readonly tables: CatalogTable<unknown>[];
  readonly versions: number[];
  readonly removed: boolean[];
}

/** A row that a transaction wrote into a catalog, or took out of it; an update is both. */
export interface CatalogRowChange {
  readonly lsn: Lsn;
  /** The catalog: CatalogOid. */
  readonly catalog: Oid;
  /** As the catalog's spec decodes it (tables/). */
  readonly row: unknown;
  readonly removed: boolean;
}

export interface CatalogGroupOptions {
  readonly context: ClusterContext;
  /** The directory that the catalogs' files and pg_filenode.map are in. */
  readonly directory: string;
  /** The tablespace that directory belongs to, as WAL names it. */
  readonly tablespaceOid: Oid;
  readonly specs: readonly CatalogTableSpec<unknown>[];
  readonly text: DecodeText;
  /** Called whenever anything changed that was said of some moment before. */
  readonly corrected: () => void;
  /** The same catalogs of another node, to be taken over as they were where the two parted: then nothing is read from `directory`. */
  readonly branch?: { readonly from: CatalogGroup; readonly point: BranchPoint };
}

export class CatalogGroup {
  /** Raised with everything that is fed. */
  revision = 0;
  /** From here on the catalog may be untrue: something was removed that cannot be told. */
  lostAt: Lsn = NEVER;
  readonly #options: CatalogGroupOptions;
  readonly #tables = new Map<Oid, CatalogTable<unknown>>();
  readonly #followed = new Map<number, FollowedFile>();
  /** Maps by the LSN from which they hold, newest last. The one on disk may be newer than the first moment; nothing older is known. */
  readonly #maps: { readonly lsn: Lsn; readonly map: FileNodeMap }[];
  /** The file each mapped relation is in as WAL has been read so far; initdb's, named like its OID, until a map says otherwise. */
  readonly #inFile = new Map<Oid, number>();
  /** When files of mapped relations were replaced. */
  readonly #retired = new Map<number, Lsn>();
  /** Files that mapped catalogs were in before the other node rewrote them, by the catalog's OID: known by what is in them. */
  readonly #recognized = new Map<Oid, number>();
  /** Of a branch: the files that both nodes had. */
  readonly #sharedFiles = new Set<number>();
  /** Versions of pg_class up to here have been looked at for files. */
  #classesSeen = 0;
  /** LSNs at which what committed transactions see changes, ascending, each once. */
  readonly #events: Lsn[] = [];
  /** Every unsettled transaction that changed these catalogs, with its changes so far. */
  readonly #changes = new Map<number, ChangesOfTransaction>();

  /** Reads all of the group's files. Throws ForkpointError when the map or a mapped catalog's file cannot be read. */
  constructor(options: CatalogGroupOptions) {
    this.#options = options;
    if (options.branch) {
      this.#maps = [{ lsn: 0, map: options.branch.from.#mapAtBranch(options.branch.point) }];
      this.#takeOver(options.branch.from, options.branch.point);
      return;
    }
    this.#maps = [{ lsn: 0, map: readFileNodeMap(path.join(options.directory, 'pg_filenode.map')) }];
    // pg_class first: it says where those are that no map names.
    for (const spec of options.specs) {
      this.#tables.set(spec.oid, this.#createTable(spec));
      this.#addMappedFile(spec.oid, this.#maps[0].map);
    }
    this.#takeUpUnmappedFiles();
    this.#requireFiles();
    for (const { oid } of options.specs) this.#addFirstFile(oid);
  }

  /** The table of a spec this group was made with. */
  table<Row>(spec: CatalogTableSpec<Row>): CatalogTable<Row> {
    return this.#tables.get(spec.oid) as CatalogTable<Row>;
  }

  /** Is every catalog's file there to be read? */
  get isComplete(): boolean {
    const { branch } = this.#options;
    if (branch) return branch.from.isComplete;
    return [...this.#tables.values()].every(({ store }) => store.isOnDisk);
  }

  /** pg_filenode.map as of a moment. */
  mapAt(at: Moment): FileNodeMap {
    let { map } = this.#maps[0];
    for (const later of this.#maps) if (later.lsn < at.lsn) map = later.map;
    return map;
  }

  /**
   * Which files of a catalog may be believed at a moment: 1 by file number. `fileNode` is the one it is in then.
   *
   * A rewrite (VACUUM FULL) copies everything with its xmin and xmax: a later file answers for an earlier moment as well, as
   * far as what it was spared from copying goes; an earlier one no longer hears of removals, and must not be asked.
   */
  usableFiles(oid: Oid, at: Moment, fileNode: number): Uint8Array {
    const { store } = this.#tables.get(oid)!;
    const mapped = this.#maps[0].map.has(oid);
    return Uint8Array.from(store.fileNodes, (node) => {
      if (node === fileNode) return 1;
      // Rows of the shared file, known from elsewhere: good until this node rewrote the catalog itself.
      if (node === NO_FILE_NODE) return this.#sharedFiles.has(fileNode) ? 1 : 0;
      // Each file of a branch is known from its beginning on: none has to answer for another.
      if (this.#options.branch) return 0;
      const retired = mapped
        ? (this.#retired.get(node) ?? NEVER) < at.lsn
        : this.#wasUsedBefore(oid, node, at);
      return retired ? 0 : 1;
    });
  }

  /** The catalog that lives or lived in this file. */
  catalogOf(fileNode: number): Oid | undefined {
    return this.#followed.get(fileNode)?.table.spec.oid;
  }

  /** Is this a file of one of the catalogs? */
  follows(tablespaceOid: Oid, fileNode: number): boolean {
    return this.#followed.get(fileNode)?.tablespaceOid === tablespaceOid;
  }

  tupleWritten(
    fileNode: number,
    block: number,
    offset: number,
    tuple: Uint8Array,
    xid: number,
    lsn: Lsn,
  ): void {
    const file = this.#followed.get(fileNode);
    if (!file) return;
    this.revision++;
    file.table.store.tupleWritten(file.fileNumber, block, offset, tuple, xid, lsn);
    this.#takeUpNewFiles();
  }

  tupleRemoved(fileNode: number, block: number, offset: number, xid: number, lsn: Lsn): void {
    const file = this.#followed.get(fileNode);
    if (!file) return;
    this.revision++;
    file.table.store.tupleRemoved(file.fileNumber, block, offset, xid, lsn);
  }

  tupleOverwritten(fileNode: number, block: number, offset: number, data: Uint8Array): void {
    const file = this.#followed.get(fileNode);
    file?.table.store.tupleOverwritten(file.fileNumber, block, offset, data);
  }

  pageImage(fileNode: number, block: number, page: Uint8Array, lsn: Lsn): void {
    const file = this.#followed.get(fileNode);
    if (!file) return;
    this.revision++;
    file.table.store.pageImage(file.fileNumber, block, page, lsn);
    this.#takeUpNewFiles();
  }

  /** Some transactions committed. */
  committed(xids: readonly number[], lsn: Lsn): void {
    for (const xid of xids) {
      if (!this.#changes.has(xid)) continue;
      this.#addEvent(lsn);
      return;
    }
  }

  /** CatalogFeed.mapReplaced for this group. A map that makes no sense changes nothing. */
  mapReplaced(bytes: Uint8Array, lsn: Lsn): void {
    const map = parseFileNodeMap(bytes);
    if (typeof map === 'string') return;
    this.#maps.push({ lsn, map });
    for (const [oid, fileNode] of map) {
      const before = this.#inFile.get(oid) ?? oid;
      const isBranch = this.#options.branch !== undefined;
      // The map that a branch begins with may be newer than its first moment.
      if (isBranch && before === fileNode && fileNode !== oid && !this.#retired.has(oid))
        this.#retired.set(oid, lsn);
      if (before !== fileNode && !this.#retired.has(before)) this.#retired.set(before, lsn);
      this.#inFile.set(oid, fileNode);
      if (this.#tables.has(oid)) this.#addMappedFile(oid, map);
    }
    this.#addEvent(lsn);
  }

  /** The last event before `lsn` and the first at or after it: between them nothing that was committed changes. */
  quietAround(lsn: Lsn): { readonly number: number; readonly after: Lsn; readonly until: Lsn } {
    const events = this.#events;
    let low = 0;
    let high = events.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (events[middle] < lsn) low = middle + 1;
      else high = middle;
    }
    return { number: low, after: low === 0 ? -1 : events[low - 1], until: events[low] ?? NEVER };
  }

  /** The transactions among `xids` that changed these catalogs. */
  changers(xids: ReadonlySet<number>): number[] {
    if (xids.size > this.#changes.size) return [...this.#changes.keys()].filter((xid) => xids.has(xid));
    return [...xids].filter((xid) => this.#changes.has(xid));
  }

  /** LSNs at which a transaction changed these catalogs, as far as WAL has told, in no order. */
  changesOf(xid: number): readonly Lsn[] {
    return this.#changes.get(xid)?.lsns ?? [];
  }

  /** The rows that transactions wrote and removed, as far as WAL has told, in LSN order. */
  rowChanges(xids: ReadonlySet<number>): CatalogRowChange[] {
    const found: CatalogRowChange[] = [];
    for (const xid of this.changers(xids)) {
      const { lsns, tables, versions, removed } = this.#changes.get(xid)!;
      lsns.forEach((lsn, i) => {
        const row = tables[i].row(versions[i]);
        if (row === undefined) return;
        found.push({ lsn, catalog: tables[i].spec.oid, row, removed: removed[i] });
      });
    }
    // An update removes before it writes: of one record, the old row comes first.
    return found.sort((a, b) => a.lsn - b.lsn || Number(b.removed) - Number(a.removed));
  }

  #createTable<Row>(spec: CatalogTableSpec<Row>): CatalogTable<Row> {
    const { context, text } = this.#options;
    const reader = new TupleReader(context.layouts.get(spec.oid) ?? []);
    const store = new VersionStore({
      fates: context.fates,
      reader,
      keyColumns: spec.keyColumns,
      wanted: spec.wanted,
      multixactUpdater: context.multixactUpdater,
      startLsn: context.startLsn,
      changed: (xid, lsn, version, removed) =>
        this.#changed(this.#tables.get(spec.oid)!, xid, lsn, version, removed),
      corrected: () => this.#options.corrected(),
      overwritten: (version) => {
        if (this.#tables.get(spec.oid)?.refresh(version)) this.#options.corrected();
      },
      row: () => spec.decode(reader, text),
      lost: (lsn) => {
        this.lostAt = Math.min(this.lostAt, lsn);
      },
    });
    return new CatalogTable(spec, reader, store, text);
  }

  #changed(
    table: CatalogTable<unknown>,
    xid: number,
    lsn: Lsn | undefined,
    version: number,
    removed: boolean,
  ): void {
    let changes = this.#changes.get(xid);
    if (!changes) {
      changes = { lsns: [], tables: [], versions: [], removed: [] };
      this.#changes.set(xid, changes);
      const committedAt = this.#options.context.fates.committedAt(xid);
      if (committedAt !== NEVER) {
        this.#addEvent(committedAt);
        this.#options.corrected();
      }
    }
    if (lsn === undefined) return;
    changes.lsns.push(lsn);
    changes.tables.push(table);
    changes.versions.push(version);
    changes.removed.push(removed);
  }

  #addEvent(lsn: Lsn): void {
    this.revision++;
    const { number, until } = this.quietAround(lsn);
    if (until !== lsn) this.#events.splice(number, 0, lsn);
  }

  #requireFiles(): void {
    for (const [oid, { store, spec }] of this.#tables) {
      if (store.isOnDisk || spec.optional) continue;
      const fileNode = this.#maps[0].map.get(oid) ?? store.fileNodes.at(-1);
      throw new ForkpointError({
        what: `the file of the system catalog with OID ${oid} is missing`,
        where: path.join(this.#options.directory, fileNode === undefined ? '' : String(fileNode)),
        next: 'the data directory is incomplete; use a complete copy of it',
      });
    }
  }

  #addMappedFile(oid: Oid, map: FileNodeMap): void {
    const fileNode = map.get(oid);
    if (fileNode !== undefined) this.#addFile(this.#tables.get(oid)!, fileNode);
  }

  #addFile(table: CatalogTable<unknown>, fileNode: number): void {
    if (fileNode === 0 || this.#followed.has(fileNode)) return;
    const { context, directory, tablespaceOid, branch } = this.#options;
    if (branch) {
      // On disk there may be another relation's file of that number: the other node's.
      this.#followed.set(fileNode, {
        table,
        fileNumber: table.store.addFile(fileNode, undefined),
        tablespaceOid,
      });
      return;
    }
    const disk = RelationFile.find(
      path.join(directory, String(fileNode)),
      context.pageSize,
      context.damagedPages,
    );
    const fileNumber = table.store.addFile(fileNode, disk);
    this.#followed.set(fileNode, { table, fileNumber, tablespaceOid });
  }

  /**
   * The file that initdb gave the catalog, named like its OID: it may have been replaced within the WAL that will be read, and no
   * longer be on disk, but until then it is where changes go.
   */
  #addFirstFile(oid: Oid): void {
    if (this.#followed.has(oid)) return;
    const table = this.#tables.get(oid)!;
    const fileNumber = table.store.addFile(oid, undefined);
    this.#followed.set(oid, { table, fileNumber, tablespaceOid: this.#options.tablespaceOid });
  }

  /** A map that WAL will tell of later: what it names is followed from the beginning on. */
  expectMap(bytes: Uint8Array): void {
    const map = parseFileNodeMap(bytes);
    if (typeof map === 'string') return;
    for (const oid of this.#tables.keys()) this.#addMappedFile(oid, map);
  }

  /** Is there a catalog of which nothing tells what file it was in at that point? */
  isInDoubt(point: BranchPoint): boolean {
    const files = this.#mapAtBranch(point);
    return [...this.#tables.keys()].some((oid) => files.get(oid) === oid && !this.#wasAlways(oid));
  }

  /** Looks at a page of a file of unknown contents: is it one of the catalogs in doubt? */
  recognize(fileNode: number, page: Uint8Array, point: BranchPoint): void {
    if (this.#followed.has(fileNode)) return;
    const files = this.#mapAtBranch(point);
    for (const [oid, table] of this.#tables) {
      if (files.get(oid) !== oid || this.#wasAlways(oid) || !table.store.recognizes(page)) continue;
      this.#recognized.set(oid, fileNode);
      this.#inFile.set(oid, fileNode);
      this.#addFile(table, fileNode);
      return;
    }
  }

  /** A mapped catalog that still is in the file that initdb made. */
  #wasAlways(oid: Oid): boolean {
    return this.#maps[0].map.get(oid) === oid;
  }

  /** Takes over another node's versions from before the two parted, and follows the files that both then had. */
  #takeOver(from: CatalogGroup, point: BranchPoint): void {
    for (const spec of this.#options.specs) {
      const theirs = from.#tables.get(spec.oid)!;
      const table = this.#createTable(spec);
      this.#tables.set(spec.oid, table);
      table.store.adopt(theirs.store, point, (fileNode) => isSharedFile(point, fileNode));
      for (const fileNode of table.store.fileNodes) {
        if (fileNode === NO_FILE_NODE) continue;
        this.#sharedFiles.add(fileNode);
        this.#addFile(table, fileNode);
      }
      this.#addMappedFile(spec.oid, this.#maps[0].map);
      const mapped = this.#maps[0].map.get(spec.oid);
      if (mapped !== undefined) this.#sharedFiles.add(mapped);
    }
    this.#inFile.clear();
    for (const [oid, fileNode] of this.#maps[0].map) this.#inFile.set(oid, fileNode);
    this.#takeUpUnmappedFiles();
    for (const { oid } of this.#options.specs) this.#addFirstFile(oid);
  }

  /** The map as it was at the point, as far as this node can tell: a file that was there then and still is, or was until a rewrite. */
  #mapAtBranch(point: BranchPoint): FileNodeMap {
    const newestFirst = [...this.#maps].reverse();
    const disk = this.#maps[0].map;
    return new Map(
      [...disk.keys()].map((oid) => {
        const known = [disk, ...newestFirst.map(({ map }) => map)].map((map) => map.get(oid) ?? 0);
        known.push(this.#recognized.get(oid) ?? 0);
        return [oid, known.find((node) => node !== 0 && isSharedFile(point, node)) ?? oid];
      }),
    );
  }

  /** Takes up every file that any version of pg_class on disk says one of the other catalogs is or was in. */
  #takeUpUnmappedFiles(): void {
    const classes = this.#tables.get(CatalogOid.class) as CatalogTable<ClassRow> | undefined;
    if (!classes) return;
    for (const [oid, table] of this.#tables) {
      classes.store.eachWithKey(CLASS_BY_OID, oid, (version) => {
        const row = classes.row(version);
        if (row) this.#addFile(table, row.fileNode);
      });
    }
    this.#classesSeen = classes.store.count;
  }

  /** Looks through new versions of pg_class for files that the other catalogs are, were or are being moved into. */
  #takeUpNewFiles(): void {
    const classes = this.#tables.get(CatalogOid.class) as CatalogTable<ClassRow> | undefined;
    if (!classes) return;
    for (; this.#classesSeen < classes.store.count; this.#classesSeen++) {
      const row = classes.row(this.#classesSeen);
      if (!row) continue;
      const rewritten = this.#rewrittenBy(row);
      const table = this.#tables.get(rewritten || row.oid);
      // What a mapped catalog is copied into is mapped too, and its file named like it (heap_create, RelationBuildLocalRelation).
      if (table) this.#addFile(table, row.fileNode || (rewritten === 0 ? 0 : row.oid));
    }
  }

  /**
   * The catalog that this transient relation is a new version of, or 0 (make_new_heap() in cluster.c). Before 11 only its name says so.
   */
  #rewrittenBy(row: ClassRow): Oid {
    if (row.rewriteOf !== 0 || this.#options.context.majorVersion >= 11) return row.rewriteOf;
    return isTransientOfCatalog(row) ? transientName(row.name) : 0;
  }

  /** Was this file the catalog's at an earlier moment? Another is now. */
  #wasUsedBefore(oid: Oid, fileNode: number, at: Moment): boolean {
    const classes = this.#tables.get(CatalogOid.class) as CatalogTable<ClassRow>;
    let used = false;
    classes.store.eachWithKey(CLASS_BY_OID, oid, (version) => {
      if (!used && classes.row(version)?.fileNode === fileNode)
        used = classes.store.lastSeen(version, at) !== undefined;
    });
    return used;
  }
}
