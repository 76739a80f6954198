/** Opens a stopped cluster's catalog from its data directory, to be asked and to be fed WAL. */
import type { BranchPoint } from './branch-point.js';
import type { BranchableCatalog } from './catalog.js';
import { DataDirectoryCatalog, type OpenCatalogOptions } from './data-directory-catalog.js';

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
