/**
 * The one door between a face and an opened incident. The TUI talks to a worker thread through it; the command
 * line and tests may use the same object in their own thread. All answers are plain data.
 */
import type {
  ExportRequest,
  ExportSummary,
  IncidentOverview,
  IncidentRequest,
  ListedChange,
  ListedTransaction,
  ListOrder,
  Progress,
} from './model.js';

/** The outcome of filtering and sorting: positions in commit order, and how many there are. */
export interface ListView {
  /** How many transactions the filter lets through at this moment. */
  readonly length: number;
  /** How many there are in all. */
  readonly total: number;
  /** Still growing: WAL is being read. */
  readonly growing: boolean;
  /** How many lines there are behind those, of which only a first look was had (ListedTransaction.firstLook); none when undefined. */
  readonly firstLook?: number;
}

/** What a search through changes came to. */
export interface ChangeSearched {
  /** The change found, or the first that was not looked at. */
  readonly at: number;
  readonly found: boolean;
}

export interface IncidentClient {
  /**
   * Opens both sides, finds the fork, and begins to read WAL in the background. Rejects with ForkpointError; what was open before
   * stays open then. Meanwhile, where nothing was open before, progress in the phase `opening` brings a first sight of both, and the
   * overview and the list (as far as a first look at what is lost tells) may be asked for already.
   */
  open(request: IncidentRequest): Promise<IncidentOverview>;
  /** Called at most ten times a second while WAL is read, and once when done or failed. Returns the way to stop listening. */
  onProgress(listener: (progress: Progress) => void): () => void;
  /** The overview again, with what reading has added since (WAL ends, coverage, fork time). */
  overview(): Promise<IncidentOverview>;
  /**
   * Sets what the list shows. Rejects with ForkpointError when the filter does not parse (its message has the place).
   * The view grows by itself while WAL is read.
   */
  setView(filter: string, order: ListOrder): Promise<ListView>;
  /** Current size of the view. */
  view(): Promise<ListView>;
  /** Lines [from, from+count) of the view, and of the first look behind it. */
  rows(from: number, count: number): Promise<ListedTransaction[]>;
  /** Indexes (commit order) of lines [from, from+count) of the view: for range marks and "all shown". */
  indexes(from: number, count: number): Promise<number[]>;
  /** Transactions by index. */
  transactions(indexes: readonly number[]): Promise<ListedTransaction[]>;
  /** Line of the view nearest to an xid, LSN or time typed by the operator (`738`, `0/A016F40`, `12:00:03`); undefined when nothing fits. */
  locate(text: string): Promise<number | undefined>;
  /** Changes [from, from+count) of one transaction, in order, and how many there are (counted so far; `more` when not all were counted). */
  changes(
    index: number,
    from: number,
    count: number,
  ): Promise<{ changes: ListedChange[]; total: number; more?: boolean }>;
  /**
   * First change at or after `from` whose text holds `needle` (case-insensitive), or after some moments of searching where to go on from;
   * undefined when there is none. A newer search ends it: then it is undefined, too.
   */
  searchChanges(index: number, needle: string, from: number): Promise<ChangeSearched | undefined>;
  /** Nobody waits for what is being searched for any more. */
  stopSearch(): Promise<void>;
  /** SQL text of one transaction, as lines [from, from+count), and how many lines there are (`more`: made so far). */
  sql(
    index: number,
    direction: 'redo' | 'undo',
    from: number,
    count: number,
  ): Promise<{ lines: string[]; total: number; more?: boolean }>;
  /** First lines of what export would write. */
  preview(request: ExportRequest, lines: number): Promise<{ lines: string[]; more: boolean }>;
  /** Writes it. Rejects with ForkpointError, leaving nothing half-written under its final name. */
  export(
    request: ExportRequest,
    onProgress?: (bytesWritten: number, transactionsDone: number) => void,
  ): Promise<ExportSummary>;
  /** Stops an export under way: it rejects, and nothing of it stays. Resolves when that is done; at once when none is. */
  stopExport(): Promise<void>;
  /** Commit LSNs of transactions by index: what they are known by when the incident is opened again with more WAL. */
  commitLsns(indexes: readonly number[]): Promise<number[]>;
  /** Indexes of the transactions with these commit LSNs; undefined where there is none (any more). */
  indexesOf(commitLsns: readonly number[]): Promise<(number | undefined)[]>;
  /** Sums over marked transactions, for the footer. */
  totals(indexes: readonly number[]): Promise<{ transactions: number; rows: number }>;
  /** Stops reading and frees everything. */
  close(): Promise<void>;
}
