/** Which of a data directory's files reading needed: for whoever wants to copy just these. */
import type { Oid } from './model.js';

/** Is told, as reading goes on, what it looks at. */
export interface FileUse {
  /** A database's catalog is read: `directory` holds its files. */
  readonly database: (oid: Oid, directory: string) => void;
  /** A page of a relation's main fork was looked at: `path` is the relation's first file, `segmentBlocks` is how many pages each file has. */
  readonly page: (path: string, block: number, segmentBlocks: number) => void;
}
