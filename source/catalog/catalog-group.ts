/**
 * The catalogs of one directory (a database's, or the shared ones in global/): their files, and the WAL fed to them.
 */
import path from 'node:path';
import { ForkpointError } from '../bytes/errors.js';
import type { Lsn } from '../bytes/lsn.js';
import { type BranchPoint, isSharedFile } from './branch-point.js';
import { CatalogChanges } from './catalog-changes.js';
import { CatalogTable } from './catalog-table.js';
import type { ClusterContext } from './cluster-context.js';
import { NEVER } from './fates.js';
import { type FileNodeMap, parseFileNodeMap, readFileNodeMap } from './filenode-map.js';
import { FollowedFiles } from './followed-files.js';
import { MappedFiles } from './mapped-files.js';
import type { Oid } from './model.js';
import type { Moment } from './moment.js';
import type { CatalogTableSpec, DecodeText } from './tables/spec.js';
import { TupleReader } from './tuple-reader.js';
import { NO_FILE_NODE } from './versions/version-places.js';
import { VersionStore } from './versions/version-store.js';

/** What makes a group: where its catalogs are, which they are, and how their rows are read. */
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

/** The catalogs of one directory, to be asked and to be fed WAL. */
export class CatalogGroup {
  /** From here on the catalog may be untrue: something was removed that cannot be told. */
  lostAt: Lsn = NEVER;
  /** What transactions did to these catalogs. */
  readonly changes: CatalogChanges;
  readonly #options: CatalogGroupOptions;
  readonly #tables = new Map<Oid, CatalogTable<unknown>>();
  readonly #files: FollowedFiles;
  readonly #mapped: MappedFiles;
  /** Of a branch: the files that both nodes had. */
  readonly #sharedFiles = new Set<number>();
  /** The last record that took a row away of which nothing was known. */
  #unknownRemoval: Lsn = -1;

  /** Finds all of the group's files. Throws ForkpointError when the map or a mapped catalog's file cannot be read. */
  constructor(options: CatalogGroupOptions) {
    this.#options = options;
    const { branch, context, corrected, directory, specs } = options;
    this.changes = new CatalogChanges(context.fates, corrected);
    this.#files = new FollowedFiles({ ...options, isOnDisk: branch === undefined }, this.#tables);
    const map = branch
      ? branch.from.#mapped.atBranch(branch.point)
      : readFileNodeMap(path.join(directory, 'pg_filenode.map'));
    this.#mapped = new MappedFiles(map, branch !== undefined);
    // pg_class first: it says where those are that no map names.
    for (const spec of specs) {
      const table = this.#createTable(spec);
      this.#tables.set(spec.oid, table);
      if (branch) this.#takeOver(table, branch.from, branch.point);
      this.#files.addMapped(spec.oid, map);
    }
    this.#files.addUnmapped();
    if (!branch) this.#requireFiles();
    this.#files.addFirst();
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
    return this.#mapped.at(at);
  }

  /**
   * Which files of a catalog may be believed at a moment: 1 by file number. `fileNode` is the one it is in then.
   *
   * A rewrite (VACUUM FULL) copies everything with its xmin and xmax: a later file answers for an earlier moment as well, as
   * far as what it was spared from copying goes; an earlier one no longer hears of removals, and must not be asked.
   */
  usableFiles(oid: Oid, at: Moment, fileNode: number): Uint8Array {
    const { store } = this.#tables.get(oid)!;
    const mapped = this.#mapped.first.has(oid);
    return Uint8Array.from(store.fileNodes, (node) => {
      if (node === fileNode) return 1;
      // Rows of the shared file, known from elsewhere: good until this node rewrote the catalog itself.
      if (node === NO_FILE_NODE) return this.#sharedFiles.has(fileNode) ? 1 : 0;
      // Each file of a branch is known from its beginning on: none has to answer for another.
      if (this.#options.branch) return 0;
      const retired = mapped ? this.#mapped.isRetired(node, at) : this.#files.wasUsedBefore(oid, node, at);
      return retired ? 0 : 1;
    });
  }

  /** The catalog that lives or lived in this file. */
  catalogOf(fileNode: number): Oid | undefined {
    return this.#files.get(fileNode)?.table.spec.oid;
  }

  /** Is this a file of one of the catalogs? */
  follows(tablespaceOid: Oid, fileNode: number): boolean {
    return this.#files.get(fileNode)?.tablespaceOid === tablespaceOid;
  }

  /** CatalogFeed.tupleWritten, for a file of this directory. */
  tupleWritten(
    fileNode: number,
    block: number,
    offset: number,
    tuple: Uint8Array,
    xid: number,
    lsn: Lsn,
  ): void {
    const file = this.#files.get(fileNode);
    if (!file) return;
    this.changes.revision++;
    file.table.store.tupleWritten(file.fileNumber, block, offset, tuple, xid, lsn);
    if (this.#unknownRemoval === lsn) this.changes.addUnknown(xid, lsn);
    this.#files.addNew();
  }

  /** CatalogFeed.tupleUnreadable, for a file of this directory. */
  tupleUnreadable(fileNode: number, xid: number, lsn: Lsn): void {
    if (this.#files.get(fileNode)) this.changes.addUnknown(xid, lsn);
  }

  /** CatalogFeed.tupleRemoved, for a file of this directory. */
  tupleRemoved(fileNode: number, block: number, offset: number, xid: number, lsn: Lsn): void {
    const file = this.#files.get(fileNode);
    if (!file) return;
    this.changes.revision++;
    if (file.table.store.tupleRemoved(file.fileNumber, block, offset, xid, lsn)) return;
    // Where not all rows are kept, only one that is written in its stead tells that it should have been.
    if (file.table.spec.wanted) this.#unknownRemoval = lsn;
    else this.changes.addUnknown(xid, lsn);
  }

  /** CatalogFeed.tupleOverwritten, for a file of this directory. */
  tupleOverwritten(fileNode: number, block: number, offset: number, data: Uint8Array): void {
    const file = this.#files.get(fileNode);
    file?.table.store.tupleOverwritten(file.fileNumber, block, offset, data);
  }

  /** CatalogFeed.pageImage, for a file of this directory. */
  pageImage(fileNode: number, block: number, page: Uint8Array, lsn: Lsn): void {
    const file = this.#files.get(fileNode);
    if (!file) return;
    this.changes.revision++;
    file.table.store.pageImage(file.fileNumber, block, page, lsn);
    this.#files.addNew();
  }

  /** CatalogFeed.mapReplaced for this group. A map that makes no sense changes nothing. */
  mapReplaced(bytes: Uint8Array, lsn: Lsn): void {
    const map = parseFileNodeMap(bytes);
    if (typeof map === 'string') return;
    this.#mapped.replaced(map, lsn);
    for (const oid of map.keys()) this.#files.addMapped(oid, map);
    this.changes.addEvent(lsn);
  }

  /** A map that WAL will tell of later: what it names is followed from the beginning on. */
  expectMap(bytes: Uint8Array): void {
    const map = parseFileNodeMap(bytes);
    if (typeof map === 'string') return;
    for (const oid of this.#tables.keys()) this.#files.addMapped(oid, map);
  }

  /** Is there a catalog of which nothing tells what file it was in at that point? */
  isInDoubt(point: BranchPoint): boolean {
    return this.#mapped.inDoubt(point).some((oid) => this.#tables.has(oid));
  }

  /** Looks at a page of a file of unknown contents: is it one of the catalogs in doubt? */
  recognize(fileNode: number, page: Uint8Array, point: BranchPoint): void {
    if (this.#files.get(fileNode)) return;
    const inDoubt = new Set(this.#mapped.inDoubt(point));
    for (const [oid, table] of this.#tables) {
      if (!inDoubt.has(oid) || !table.store.recognizes(page)) continue;
      this.#mapped.recognized(oid, fileNode);
      this.#files.add(table, fileNode);
      return;
    }
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
        this.changes.add(this.#tables.get(spec.oid)!, xid, lsn, version, removed),
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

  #requireFiles(): void {
    for (const [oid, { store, spec }] of this.#tables) {
      if (store.isOnDisk || spec.optional) continue;
      const fileNode = this.#mapped.first.get(oid) ?? store.fileNodes.at(-1);
      throw new ForkpointError({
        what: `the file of the system catalog with OID ${oid} is missing`,
        where: path.join(this.#options.directory, fileNode === undefined ? '' : String(fileNode)),
        next: 'the data directory is incomplete; use a complete copy of it',
      });
    }
  }

  /** Takes over another node's versions from before the two parted, and follows the files that both then had. */
  #takeOver({ spec, store }: CatalogTable<unknown>, from: CatalogGroup, point: BranchPoint): void {
    const table = this.#tables.get(spec.oid)!;
    store.adopt(from.#tables.get(spec.oid)!.store, point, (fileNode) => isSharedFile(point, fileNode));
    for (const fileNode of store.fileNodes) {
      if (fileNode === NO_FILE_NODE) continue;
      this.#sharedFiles.add(fileNode);
      this.#files.add(table, fileNode);
    }
    const mapped = this.#mapped.first.get(spec.oid);
    if (mapped !== undefined) this.#sharedFiles.add(mapped);
  }
}
