/** When, and with whose eyes, a catalog is looked at. */
import type { Lsn } from '../bytes/lsn.js';

/** The moment, and the eyes, with which the catalog is read. */
export interface Moment {
  /** Everything committed by a record that begins before this LSN is seen. */
  readonly lsn: Lsn;
  /** And everything these (sub)transactions wrote in records before it: the transaction being decoded. */
  readonly ownXids?: ReadonlySet<number>;
}
