/**
 * Heap pages on a node's disk, for rows whose past is not in the WAL at hand, and what is known of that disk: how much of history is
 * certain to be on it, and how long that history is the one WAL is read of.
 */
import { realpathSync } from 'node:fs';
import type { Lsn } from '../bytes/lsn.js';
import { DamagedPages } from '../catalog/damaged-pages.js';
import { tablespaceDirectory } from '../catalog/database-directories.js';
import type { FileUse } from '../catalog/file-use.js';
import type { RelationLocator } from '../catalog/model.js';
import { MultixactReader } from '../catalog/multixact.js';
import { RelationFile } from '../catalog/relation-file.js';
import { isOutside, relationPath } from '../catalog/relation-path.js';

/** One node's disk. */
export interface DiskPagesOptions {
  /** As sentences call it: `the old primary's disk`. */
  readonly label: string;
  readonly dataDirectory: string;
  readonly majorVersion: number;
  /** BLCKSZ in bytes. */
  readonly pageSize: number;
  /** Pages carry checksums: one that does not match is not used. */
  readonly checksums: boolean;
  /** Redo pointer of the last checkpoint its control file names: everything before it is on the disk. */
  readonly flushedUpTo: Lsn;
  /** For another node's disk: up to here its history is the one WAL is read of, behind it LSNs and xids mean something else. */
  readonly sharedUpTo?: Lsn;
  /** It may have gone down while it wrote, and nothing vouches for a page being of one moment. */
  readonly mayBeTorn: boolean;
  /** Is told of every page that is looked at. */
  readonly use?: FileUse;
  /** Data directory of a node whose tablespaces must not be mistaken for this one's. */
  readonly notSharedWith?: string;
}

/** Files kept open for questions about their neighbours. */
const KEPT_FILES = 64;

export class DiskPages {
  readonly label: string;
  readonly flushedUpTo: Lsn;
  readonly sharedUpTo: Lsn | undefined;
  readonly mayBeTorn: boolean;
  readonly #options: DiskPagesOptions;
  /** By tablespace, database and file node. */
  readonly #files = new Map<string, RelationFile | undefined>();
  readonly #tablespaces = new Map<number, boolean>();
  #multixacts: MultixactReader | undefined;

  constructor(options: DiskPagesOptions) {
    this.#options = options;
    this.label = options.label;
    this.flushedUpTo = options.flushedUpTo;
    this.sharedUpTo = options.sharedUpTo;
    this.mayBeTorn = options.mayBeTorn;
  }

  /** One page of a relation's main fork; undefined when it is not there, makes no sense or has a wrong checksum. The caller must not change it. */
  page(locator: RelationLocator, block: number): Buffer | undefined {
    if (isOutside(locator.tablespaceOid) && !this.#isItsOwn(locator.tablespaceOid)) return undefined;
    const file = this.#file(locator);
    if (file) this.#options.use?.page(file.path, block, file.segmentBlocks);
    return file?.page(block);
  }

  /** The member of a multixact that changed the row; undefined when there is none or pg_multixact does not say. */
  updaterOf(multixact: number): number | undefined {
    const { dataDirectory, pageSize } = this.#options;
    this.#multixacts ??= new MultixactReader(dataDirectory, pageSize);
    return this.#multixacts.updater(multixact);
  }

  #file(locator: RelationLocator): RelationFile | undefined {
    const { dataDirectory, majorVersion, pageSize, checksums } = this.#options;
    const key = `${locator.tablespaceOid}/${locator.databaseOid}/${locator.fileNode}`;
    if (this.#files.has(key)) return this.#files.get(key);
    const path = relationPath(dataDirectory, majorVersion, locator);
    // What is damaged here is only passed over, so nobody need be told of it.
    const file = RelationFile.find(path, pageSize, checksums ? new DamagedPages() : undefined);
    if (this.#files.size >= KEPT_FILES) this.#files.delete(this.#files.keys().next().value as string);
    this.#files.set(key, file);
    return file;
  }

  /** A data directory copied to another machine takes its links along: both nodes' may then lead to the same place, which is but one's. */
  #isItsOwn(tablespaceOid: number): boolean {
    const { dataDirectory, notSharedWith } = this.#options;
    if (notSharedWith === undefined) return true;
    let own = this.#tablespaces.get(tablespaceOid);
    if (own === undefined) {
      const place = realPath(tablespaceDirectory(dataDirectory, tablespaceOid));
      own = place !== realPath(tablespaceDirectory(notSharedWith, tablespaceOid));
      this.#tablespaces.set(tablespaceOid, own);
    }
    return own;
  }
}

function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}
