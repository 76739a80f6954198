/** From where to where a node's WAL is scanned, and with what. */
import type { Lsn } from '../bytes/lsn.js';
import type { Catalog, CatalogFeed } from '../catalog/catalog.js';
import type { WalSegments } from '../wal/segments.js';
import type { DiskPages } from './disk-pages.js';
import type { TemporaryRoom } from './temporary-room.js';

/** What a scan is told. */
export interface ScanOptions {
  readonly segments: WalSegments;
  readonly catalog: Catalog & CatalogFeed;
  /** BLCKSZ in bytes. */
  readonly blockSize: number;
  /** A record's first byte, a checkpoint's redo pointer: where reading begins. */
  readonly startLsn: Lsn;
  /** Transactions that were running there: they may have changed the catalog before. */
  readonly startRunningXids: ReadonlySet<number>;
  /** Transactions from this id on began after lostFrom, whoever seems to have been running; undefined when nothing tells. */
  readonly wholeFromXid?: number;
  /** What of the beginning is missing, when WAL does not reach back to before the oldest of them. */
  readonly shortfall?: string;
  /** Transactions whose commit record ends after this LSN are wanted. */
  readonly lostFrom: Lsn;
  readonly tempDir?: string;
  /** What may be put there; no limit when undefined. */
  readonly room?: TemporaryRoom;
  /** The same transactions are found by somebody else, who lends his index once they are. */
  readonly indexIsLent?: boolean;
  /** Transaction ids from here on had not been given out where reading begins; undefined when no checkpoint tells. */
  readonly startNextXid?: number;
  /** Where rows are looked for whose past is not in the WAL at hand, best first. */
  readonly disks?: readonly DiskPages[];
  /** What WAL would tell of them: `needs segments before 0000000100000002000000F3`. */
  readonly wantedWal?: string;
}
