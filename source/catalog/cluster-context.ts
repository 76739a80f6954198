/** What reading any catalog of one cluster needs to know of the cluster. */
import type { Lsn } from '../bytes/lsn.js';
import type { DamagedPages } from './damaged-pages.js';
import type { TransactionFates } from './fates.js';
import type { CatalogLayouts } from './layouts.js';

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
  readonly layouts: CatalogLayouts;
}
