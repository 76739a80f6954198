/** What the versions of one catalog are kept with, and who is told what changes among them. */
import type { Lsn } from '../../bytes/lsn.js';
import type { TransactionFates } from '../fates.js';
import type { TupleReader } from '../tuple-reader.js';

/** How one catalog's versions are read, and who is told of them. */
export interface VersionStoreOptions {
  readonly fates: TransactionFates;
  readonly reader: TupleReader;
  /** The oid columns by which rows are looked up. */
  readonly keyColumns: readonly string[];
  /** Is the row the reader looks at worth keeping? */
  readonly wanted?: (reader: TupleReader) => boolean;
  /** Resolves a multixact to the member that updated (HeapTupleGetUpdateXid). */
  readonly multixactUpdater: (multixact: number) => number | undefined;
  /** Where reading began: pages last changed before it hold only what was settled or running then. */
  readonly startLsn: Lsn;
  /** An unsettled transaction wrote (or removed) this version: `lsn` is that of its record, undefined when known from disk. */
  readonly changed: (xid: number, lsn: Lsn | undefined, version: number, removed: boolean) => void;
  /** What was told of the past has become untrue: a version turned up that was there from the beginning, or was taken away. */
  readonly corrected: () => void;
  /** A version's data is not what it was. */
  readonly overwritten: (version: number) => void;
  /** What tells a row apart of which only the contents are known: the whole row that the reader looks at. */
  readonly row: () => unknown;
  /** At this LSN something was removed that cannot be told: what the catalog says from there on may be untrue. */
  readonly lost: (lsn: Lsn) => void;
}
