/**
 * Which file is which catalog's, of one directory: those that a map names, those that a row of pg_class names, and those that initdb
 * made. All that a catalog is, was or is being moved into are followed, so that what WAL does to them is heard of.
 */
import path from 'node:path';
import { CatalogOid } from './bootstrap.js';
import type { CatalogTable } from './catalog-table.js';
import type { ClusterContext } from './cluster-context.js';
import { isTransientOfCatalog, transientName } from './definitions.js';
import type { FileNodeMap } from './filenode-map.js';
import type { Oid } from './model.js';
import type { Moment } from './moment.js';
import { RelationFile } from './relation-file.js';
import { CLASS_BY_OID, type ClassRow } from './tables/relations.js';

/** A file whose tuples somebody wants to hear of. */
export interface FollowedFile {
  readonly table: CatalogTable<unknown>;
  /** The number by which the table's store knows the file. */
  readonly fileNumber: number;
  readonly tablespaceOid: Oid;
}

/** Where the files are, and how they are read. */
export interface FollowedFilesOptions {
  readonly context: ClusterContext;
  /** The directory that the files are in. */
  readonly directory: string;
  /** The tablespace that directory belongs to, as WAL names it. */
  readonly tablespaceOid: Oid;
  /** Are there files to be read? Else they are another node's, which may use the same numbers for other relations. */
  readonly isOnDisk: boolean;
}

/** The files of the catalogs of one directory. `tables` may still grow. */
export class FollowedFiles {
  readonly #options: FollowedFilesOptions;
  readonly #tables: ReadonlyMap<Oid, CatalogTable<unknown>>;
  readonly #byNode = new Map<number, FollowedFile>();
  /** Versions of pg_class up to here have been looked at for files. */
  #classesSeen = 0;

  constructor(options: FollowedFilesOptions, tables: ReadonlyMap<Oid, CatalogTable<unknown>>) {
    this.#options = options;
    this.#tables = tables;
  }

  /** The catalog that lives or lived in this file. */
  get(fileNode: number): FollowedFile | undefined {
    return this.#byNode.get(fileNode);
  }

  /** Follows a file of a catalog (none for 0), and takes it up into the table's store. */
  add(table: CatalogTable<unknown>, fileNode: number): void {
    if (fileNode === 0 || this.#byNode.has(fileNode)) return;
    const { context, directory, isOnDisk } = this.#options;
    const file = path.join(directory, String(fileNode));
    const disk = isOnDisk ? RelationFile.find(file, context.pageSize, context.damagedPages) : undefined;
    this.#follow(table, fileNode, disk);
  }

  /** Follows what a map says a catalog is in, if it does. */
  addMapped(oid: Oid, map: FileNodeMap): void {
    const fileNode = map.get(oid);
    const table = this.#tables.get(oid);
    if (fileNode !== undefined && table) this.add(table, fileNode);
  }

  /**
   * Follows the files that initdb gave the catalogs, named like their OIDs: one may have been replaced within the WAL that will be read,
   * and no longer be on disk, but until then it is where changes go.
   */
  addFirst(): void {
    for (const [oid, table] of this.#tables) if (!this.#byNode.has(oid)) this.#follow(table, oid, undefined);
  }

  /** Follows every file that any version of pg_class says one of the other catalogs is or was in. */
  addUnmapped(): void {
    const classes = this.#classes();
    if (!classes) return;
    for (const [oid, table] of this.#tables) {
      classes.store.eachWithKey(CLASS_BY_OID, oid, (version) => {
        const row = classes.row(version);
        if (row) this.add(table, row.fileNode);
      });
    }
    this.#classesSeen = classes.store.count;
  }

  /** Looks through new versions of pg_class for files that the other catalogs are, were or are being moved into. */
  addNew(): void {
    const classes = this.#classes();
    if (!classes) return;
    for (; this.#classesSeen < classes.store.count; this.#classesSeen++) {
      const row = classes.row(this.#classesSeen);
      if (!row) continue;
      const rewritten = this.#rewrittenBy(row);
      const table = this.#tables.get(rewritten || row.oid);
      // What a mapped catalog is copied into is mapped too, and its file named like it (heap_create, RelationBuildLocalRelation).
      if (table) this.add(table, row.fileNode || (rewritten === 0 ? 0 : row.oid));
    }
  }

  /** Was this file an unmapped catalog's at an earlier moment? Another is now. */
  wasUsedBefore(oid: Oid, fileNode: number, at: Moment): boolean {
    const classes = this.#classes();
    let used = false;
    classes?.store.eachWithKey(CLASS_BY_OID, oid, (version) => {
      if (!used && classes.row(version)?.fileNode === fileNode)
        used = classes.store.lastSeen(version, at) !== undefined;
    });
    return used;
  }

  #follow(table: CatalogTable<unknown>, fileNode: number, disk: RelationFile | undefined): void {
    const fileNumber = table.store.addFile(fileNode, disk);
    this.#byNode.set(fileNode, { table, fileNumber, tablespaceOid: this.#options.tablespaceOid });
  }

  /** pg_class, which the group of shared catalogs has none of. */
  #classes(): CatalogTable<ClassRow> | undefined {
    return this.#tables.get(CatalogOid.class) as CatalogTable<ClassRow> | undefined;
  }

  /**
   * The catalog that this transient relation is a new version of, or 0 (make_new_heap() in cluster.c). Before 11 only its name says so.
   */
  #rewrittenBy(row: ClassRow): Oid {
    if (row.rewriteOf !== 0 || this.#options.context.majorVersion >= 11) return row.rewriteOf;
    return isTransientOfCatalog(row) ? transientName(row.name) : 0;
  }
}
