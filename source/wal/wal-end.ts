/** Where WAL ends for a reader, and why. */
import type { Lsn } from '../bytes/lsn.js';

/** Why reading stopped. */
export interface WalEnd {
  /**
   * `end`: nothing valid follows, as after any crash. `damaged`: this record is broken although WAL goes on behind it.
   * `missing`: the next segment is not there although later ones are, or there is no telling.
   */
  readonly kind: 'end' | 'damaged' | 'missing';
  /** Where the record that could not be read begins. */
  readonly lsn: Lsn;
  /** xlogreader's own words. */
  readonly reason: string;
  /** The file concerned, when there is one. */
  readonly path?: string;
}
