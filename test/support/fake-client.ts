/**
 * An incident that was never: a shop's lost transactions, generated on demand from their index, so that a million of
 * them cost nothing. Answers through the same door as the real thing.
 */

import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { ForkpointError } from '../../source/bytes/errors.js';
import { formatLsn, parseLsn } from '../../source/bytes/lsn.js';
import { POSTGRES_EPOCH_MS } from '../../source/bytes/timestamp.js';
import { searchableText } from '../../source/incident/changes-text.js';
import type { ChangeSearched, IncidentClient, ListView } from '../../source/incident/client.js';
import { parseFilter } from '../../source/incident/filter.js';
import type {
  ExportRequest,
  ExportSummary,
  IncidentOverview,
  IncidentRequest,
  ListedChange,
  ListedTransaction,
  ListOrder,
  LossFigures,
  Progress,
  SideOverview,
} from '../../source/incident/model.js';
import { SORT_VALUES, sortedIndexes } from '../../source/incident/sort.js';
import type { ColumnValue, Row, RowOperation, Table, TableColumn } from '../../source/rows/row-change.js';
import { rowCount, type TableCounts } from '../../source/transactions/transaction.js';

/** 2026-11-21 02:45:47 UTC. */
const FORK_TIME = (Date.parse('2026-11-21T02:45:47Z') - POSTGRES_EPOCH_MS) * 1000;
export const FORK_LSN = parseLsn('0/B9DF928')!;
const FIRST_XID = 738;
const TRANSACTION_BYTES = 812;

function column(name: string, typeName: string, numeric = false): TableColumn {
  return { name, typeName, typeOid: 25, numeric, notNull: false, generated: '', identity: '' };
}

function table(id: number, database: string, name: string, columns: readonly TableColumn[]): Table {
  return {
    id,
    oid: 16400 + id,
    database,
    schema: 'public',
    name,
    columns,
    identity: { kind: 'primary-key', columns: [0] },
    uniqueKeys: [],
  };
}

const ORDERS = table(1, 'shop', 'orders', [
  column('id', 'bigint', true),
  column('customer', 'text'),
  column('state', 'text'),
  column('total', 'numeric(10,2)', true),
  column('note', 'text'),
]);
const STOCK = table(2, 'shop', 'stock', [
  column('item', 'integer', true),
  column('left_over', 'integer', true),
  column('picture', 'bytea'),
]);
const LEDGER = table(3, 'billing', 'ledger', [
  column('entry', 'bigint', true),
  column('amount', 'numeric', true),
  column('memo', 'text'),
]);

/** What every transaction of a kind does. */
interface Shape {
  readonly table: Table;
  readonly counts: readonly [inserts: number, updates: number, deletes: number];
}

/** Transactions repeat in this pattern; the fifth is in another database, the seventh is larger. */
const SHAPES: readonly Shape[] = [
  { table: ORDERS, counts: [1, 0, 0] },
  { table: ORDERS, counts: [0, 1, 0] },
  { table: STOCK, counts: [0, 2, 0] },
  { table: ORDERS, counts: [0, 0, 1] },
  { table: LEDGER, counts: [2, 0, 0] },
  { table: ORDERS, counts: [0, 1, 0] },
  { table: ORDERS, counts: [40, 20, 3] },
];

const CUSTOMERS = ['Ada', 'Blaise', 'Čapek', '平仮名', 'Édouard', 'O’Hara', 'Zoë \u{1F600}'];

function shapeOf(index: number): Shape {
  return SHAPES[index % SHAPES.length];
}

/** The transaction at a position. */
export function fakeTransaction(index: number, judged = false): ListedTransaction {
  const { table: on, counts } = shapeOf(index);
  const [inserts, updates, deletes] = counts;
  const commitLsn = FORK_LSN + index * TRANSACTION_BYTES + 400;
  const both = index % 7 === 6;
  const tables: TableCounts[] = [
    {
      schema: on.schema,
      table: on.name,
      insert: inserts,
      update: both ? 0 : updates,
      delete: deletes,
      truncate: 0,
    },
  ];
  if (both)
    tables.push({ schema: 'public', table: 'stock', insert: 0, update: updates, delete: 0, truncate: 0 });
  return {
    index,
    xid: FIRST_XID + index,
    gid: index === 11 ? 'transfer-17' : undefined,
    state: index === 11 ? 'prepared' : 'committed',
    database: on.database,
    firstLsn: index === 0 ? FORK_LSN - 2000 : commitLsn - 380,
    commitLsn,
    commitEndLsn: commitLsn + 48,
    commitTime: FORK_TIME + 184_429 + index * 1_250,
    straddlesFork: index === 0,
    beginningMissing: index === 8,
    tables,
    inserts,
    updates,
    deletes,
    truncates: 0,
    messages: 0,
    movesSequences: false,
    undecodable: index === 9 ? 1 : 0,
    changesCatalog: index === 13,
    definitions: index === 13 ? ['creates table public.returns'] : undefined,
    walBytes: TRANSACTION_BYTES * (inserts + updates + deletes),
    verdict: judged
      ? (['clean', 'clean', 'changed', 'applied', 'clean', 'missing', 'dependency'] as const)[index % 7]
      : 'pending',
  };
}

function rowOf(on: Table, index: number, number: number, after: boolean): ColumnValue[] {
  const key = String(index * 100 + number);
  if (on === STOCK) return [key, after ? '11' : '12', { unknown: 'unchanged' }];
  if (on === LEDGER) return [key, '12.50', null];
  const customer = CUSTOMERS[index % CUSTOMERS.length];
  const note =
    index === 6 && number === 1
      ? 'x'.repeat(5000)
      : index === 3
        ? 'evil \x1b[31mred\x1b[0m \u202egnp.exe\nsecond line\x07'
        : `note ${key}`;
  return [key, customer, after ? 'paid' : 'open', after ? '19.99' : '17.50', note];
}

/** One change of a transaction. */
export function fakeChange(index: number, number: number): ListedChange {
  const { table: main, counts } = shapeOf(index);
  const operation: RowOperation =
    number < counts[0] ? 'insert' : number < counts[0] + counts[1] ? 'update' : 'delete';
  const on = index % 7 === 6 && operation === 'update' ? STOCK : main;
  const lsn = FORK_LSN + index * TRANSACTION_BYTES + number;
  const xid = FIRST_XID + index;
  if (index === 9 && number === 0) {
    return {
      change: {
        kind: 'undecodable',
        operation,
        lsn,
        xid,
        relation: 'relation 1663/5/16499',
        problem: 'its page is not in this WAL: needs segments from 0000000100000000000000A3 on.',
      },
    };
  }
  let before: Row | undefined = operation === 'insert' ? undefined : rowOf(on, index, number, false);
  if (index === 5 && before)
    before = before.map((value, at) => (at === 0 ? value : { unknown: 'not-logged' }));
  return {
    change: {
      kind: 'row',
      operation,
      lsn,
      xid,
      table: on,
      before,
      after: operation === 'delete' ? undefined : rowOf(on, index, number, true),
    },
    verdict: { verdict: 'clean', reason: '' },
  };
}

function changeCount(index: number): number {
  return rowCount(fakeTransaction(index));
}

function sqlLines(index: number, direction: 'redo' | 'undo'): string[] {
  const lines = [`-- xid ${FIRST_XID + index}, ${direction}`, 'BEGIN;'];
  for (let number = 0; number < changeCount(index); number++) {
    const { change } = fakeChange(index, number);
    if (change.kind === 'row')
      lines.push(`${change.operation.toUpperCase()} ${change.table.name} -- row ${number + 1};`);
  }
  return [...lines, 'COMMIT;', ''];
}

function side(path: string, over: Partial<SideOverview>): SideOverview {
  return {
    path,
    kind: 'data-directory',
    majorVersion: 17,
    systemIdentifier: '7432109876543210987',
    state: 'in production',
    timeline: 1,
    history: [],
    checkpointLsn: FORK_LSN - 120_000,
    redoLsn: FORK_LSN - 120_056,
    checkpointTime: FORK_TIME - 60_000_000,
    endLsn: FORK_LSN + 57 * 1024 * 1024,
    endReason: 'invalid record length at 0/F2A1928: expected at least 24, got 0',
    segments: [],
    disagreements: [],
    walLevel: 'logical',
    walSegmentSize: 16 * 1024 * 1024,
    blockSize: 8192,
    running: false,
    warnings: [],
    ...over,
  };
}

const SEGMENTS = Array.from({ length: 6 }, (_, at) => ({
  fileName: `00000001000000000000000${(0xa + at).toString(16).toUpperCase()}`,
  timeline: 1,
  startLsn: (0xa + at) * 16 * 1024 * 1024,
  state: at === 5 ? ('partial' as const) : at === 1 ? ('missing' as const) : ('present' as const),
}));

/** Both sides of the invented incident. */
export function fakeOverview(request: IncidentRequest): IncidentOverview {
  return {
    old: side(request.old, { segments: SEGMENTS }),
    new: side(request.new, {
      timeline: 2,
      state: 'in production',
      history: [{ timeline: 1, lsn: FORK_LSN, reason: 'no recovery target specified' }],
      checkpointLsn: FORK_LSN + 80,
      redoLsn: FORK_LSN + 24,
      checkpointTime: FORK_TIME + 2_000_000,
      endLsn: FORK_LSN + 1_400_000,
      endReason: 'invalid record length at 0/BB35610: expected at least 24, got 0',
    }),
    fork: {
      lsn: FORK_LSN,
      timeline: 1,
      time: FORK_TIME,
      evidence: ['00000002.history of the new primary says timeline 1 ended at 0/B9DF928.'],
      diverged: true,
    },
    gaps: [],
    warnings: [],
  };
}

/** What an invented incident is like. */
export interface FakeIncident {
  /** Transactions in all. */
  readonly transactions?: number;
  /** Transactions there at once; the rest comes with `read()`. All by default. */
  readonly atOnce?: number;
  /** Milliseconds every answer takes. */
  readonly delay?: number;
  readonly overview?: (request: IncidentRequest) => IncidentOverview;
}

/** The client, and the strings tests pull. */
export class FakeClient implements IncidentClient {
  readonly calls = new Map<string, number>();
  /** Largest number of lines asked for at once. */
  largestRows = 0;
  closed = false;
  exported: ExportRequest | undefined;
  /** An export goes on until it is stopped. */
  exportsForever = false;
  exportStopped = false;
  #stopExport: (() => void) | undefined;
  #known: number;
  #total: number;
  #delay: number;
  #overview: (request: IncidentRequest) => IncidentOverview;
  #request: IncidentRequest | undefined;
  #listeners = new Set<(progress: Progress) => void>();
  #filter = '';
  #order: ListOrder = { key: 'commit', descending: false };
  #view: Uint32Array | undefined;
  #done: boolean;

  constructor(options: FakeIncident = {}) {
    this.#total = options.transactions ?? 1_000_000;
    this.#known = options.atOnce ?? this.#total;
    this.#done = this.#known === this.#total;
    this.#delay = options.delay ?? 0;
    this.#overview = options.overview ?? fakeOverview;
  }

  /** Reads on until `known` transactions are there (all, when omitted). */
  read(known = this.#total): void {
    this.#known = Math.min(known, this.#total);
    this.#done = this.#known === this.#total;
    if (this.#filter || this.#order.key !== 'commit' || this.#order.descending) this.#arrange();
    this.#tell();
  }

  /** What was opened last. */
  get request(): IncidentRequest | undefined {
    return this.#request;
  }

  async open(request: IncidentRequest): Promise<IncidentOverview> {
    await this.#answer('open');
    if (request.old.includes('broken')) {
      throw new ForkpointError({
        what: 'checksum of pg_control does not match',
        where: request.old,
        next: 'copy it again',
      });
    }
    this.#request = request;
    setImmediate(() => this.#tell());
    return this.#overview(request);
  }

  onProgress(listener: (progress: Progress) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async overview(): Promise<IncidentOverview> {
    await this.#answer('overview');
    return this.#overview(this.#request!);
  }

  async setView(filter: string, order: ListOrder): Promise<ListView> {
    await this.#answer('setView');
    parseFilter(filter);
    this.#filter = filter;
    this.#order = order;
    this.#arrange();
    return this.#viewNow();
  }

  async view(): Promise<ListView> {
    await this.#answer('view');
    return this.#viewNow();
  }

  async rows(from: number, count: number): Promise<ListedTransaction[]> {
    await this.#answer('rows');
    this.largestRows = Math.max(this.largestRows, count);
    return this.#slice(from, count).map((index) => fakeTransaction(index, this.#done));
  }

  async indexes(from: number, count: number): Promise<number[]> {
    await this.#answer('indexes');
    return this.#slice(from, count);
  }

  async transactions(indexes: readonly number[]): Promise<ListedTransaction[]> {
    await this.#answer('transactions');
    return indexes.filter((index) => index < this.#known).map((index) => fakeTransaction(index, this.#done));
  }

  async locate(text: string): Promise<number | undefined> {
    await this.#answer('locate');
    const lsn = parseLsn(text);
    const index =
      lsn !== undefined
        ? Math.max(0, Math.min(this.#known - 1, Math.ceil((lsn - FORK_LSN - 400) / TRANSACTION_BYTES)))
        : /^\d+$/.test(text)
          ? Number(text) - FIRST_XID
          : undefined;
    if (index === undefined || index < 0 || index >= this.#known) return undefined;
    if (!this.#view) return index;
    let best: number | undefined;
    this.#view.forEach((at, line) => {
      if (best === undefined || Math.abs(at - index) < Math.abs(this.#view![best] - index)) best = line;
    });
    return best;
  }

  async changes(
    index: number,
    from: number,
    count: number,
  ): Promise<{ changes: ListedChange[]; total: number }> {
    await this.#answer('changes');
    const total = changeCount(index);
    const changes = [];
    for (let number = from; number < Math.min(total, from + count); number++)
      changes.push(fakeChange(index, number));
    return { changes, total };
  }

  async searchChanges(index: number, needle: string, from: number): Promise<ChangeSearched | undefined> {
    await this.#answer('searchChanges');
    for (let number = Math.max(0, from); number < changeCount(index); number++) {
      if (searchableText(fakeChange(index, number).change).includes(needle.toLowerCase()))
        return { at: number, found: true };
    }
    return undefined;
  }

  async stopSearch(): Promise<void> {}

  async sql(
    index: number,
    direction: 'redo' | 'undo',
    from: number,
    count: number,
  ): Promise<{ lines: string[]; total: number }> {
    await this.#answer('sql');
    const lines = sqlLines(index, direction);
    return { lines: lines.slice(from, from + count), total: lines.length };
  }

  async preview(request: ExportRequest, lines: number): Promise<{ lines: string[]; more: boolean }> {
    await this.#answer('preview');
    const all = this.#text(request, 50);
    return { lines: all.slice(0, lines), more: all.length > lines };
  }

  async stopExport(): Promise<void> {
    this.exportStopped = true;
    this.#stopExport?.();
  }

  async export(
    request: ExportRequest,
    onProgress?: (bytes: number, transactions: number) => void,
  ): Promise<ExportSummary> {
    await this.#answer('export');
    if (this.exportsForever) {
      onProgress?.(1000, 1);
      await new Promise<void>((_, reject) => {
        this.#stopExport = () => reject(new ForkpointError({ what: 'the export was stopped' }));
      });
    }
    this.exported = request;
    const chosen = this.#chosen(request);
    const text = `${this.#text(request, 2000).join('\n')}\n`;
    onProgress?.(text.length / 2, Math.floor(chosen.length / 2));
    writeFileSync(request.output!, text, { mode: 0o600, flag: request.overwrite ? 'w' : 'wx' });
    const figures = {
      transactions: chosen.length,
      statements: chosen.slice(0, 2000).reduce((sum, index) => sum + changeCount(index), 0),
      bytes: text.length,
    };
    return {
      files: [
        {
          path: request.output!,
          database: 'shop',
          ...figures,
          sha256: createHash('sha256').update(text).digest('hex'),
        },
      ],
      ...figures,
      leftOut: chosen.includes(9) ? 1 : 0,
      leftOutReasons: chosen.includes(9) ? ['1 row: its page is not in this WAL'] : [],
    };
  }

  async totals(indexes: readonly number[]): Promise<{ transactions: number; rows: number }> {
    await this.#answer('totals');
    return {
      transactions: indexes.length,
      rows: indexes.reduce((sum, index) => sum + changeCount(index), 0),
    };
  }

  async commitLsns(indexes: readonly number[]): Promise<number[]> {
    await this.#answer('commitLsns');
    return indexes.map((index) => fakeTransaction(index).commitLsn);
  }

  async indexesOf(commitLsns: readonly number[]): Promise<(number | undefined)[]> {
    await this.#answer('indexesOf');
    return commitLsns.map((lsn) => {
      const index = Math.round((lsn - fakeTransaction(0).commitLsn) / TRANSACTION_BYTES);
      return index >= 0 && index < this.#known ? index : undefined;
    });
  }

  async close(): Promise<void> {
    this.closed = true;
    this.#listeners.clear();
  }

  #chosen(request: ExportRequest): number[] {
    if (request.transactions) return [...request.transactions];
    if (!request.filter) return Array.from({ length: this.#known }, (_, index) => index);
    const filter = parseFilter(request.filter);
    const chosen: number[] = [];
    for (let index = 0; index < this.#known; index++)
      if (filter.matchesTransaction(fakeTransaction(index)) === true) chosen.push(index);
    return chosen;
  }

  #text(request: ExportRequest, most: number): string[] {
    const chosen = this.#chosen(request).slice(0, most);
    if (request.undo) chosen.reverse();
    return chosen.flatMap((index) => sqlLines(index, request.undo ? 'undo' : 'redo'));
  }

  #arrange(): void {
    const filter = parseFilter(this.#filter);
    if (filter.empty && this.#order.key === 'commit' && !this.#order.descending) {
      this.#view = undefined;
      return;
    }
    const passed: number[] = [];
    for (let index = 0; index < this.#known; index++) {
      const transaction = fakeTransaction(index, this.#done);
      const passes = filter.matchesTransaction(transaction);
      if (passes === true || (passes === 'needs rows' && this.#rowsPass(filter, transaction)))
        passed.push(index);
    }
    const value = SORT_VALUES[this.#order.key];
    this.#view = sortedIndexes(
      passed,
      (index) => value(fakeTransaction(index, this.#done)),
      this.#order.descending,
    );
  }

  #rowsPass(filter: ReturnType<typeof parseFilter>, transaction: ListedTransaction): boolean {
    const changes = Array.from(
      { length: rowCount(transaction) },
      (_, number) => fakeChange(transaction.index, number).change,
    );
    return filter.matchesChanges(transaction, changes);
  }

  #viewNow(): ListView {
    return { length: this.#view?.length ?? this.#known, total: this.#known, growing: !this.#done };
  }

  #slice(from: number, count: number): number[] {
    const last = Math.min(from + count, this.#view?.length ?? this.#known);
    const indexes: number[] = [];
    for (let line = Math.max(0, from); line < last; line++)
      indexes.push(this.#view ? this.#view[line] : line);
    return indexes;
  }

  #loss(): LossFigures {
    const known = this.#known;
    const sum = (of: 0 | 1 | 2): number =>
      SHAPES.reduce(
        (total, shape, at) =>
          total + shape.counts[of] * Math.floor((known - at + SHAPES.length - 1) / SHAPES.length),
        0,
      );
    return {
      transactions: known,
      inserts: sum(0),
      updates: sum(1),
      deletes: sum(2),
      truncates: 0,
      inDoubt: known > 11 ? 1 : 0,
      messages: 0,
      undecodable: known > 9 ? 1 : 0,
      tables: ['public.ledger', 'public.orders', 'public.stock'],
      databases: ['shop', 'billing'],
      walBytes: known * TRANSACTION_BYTES,
      firstCommitTime: known > 0 ? fakeTransaction(0).commitTime : undefined,
      lastCommitTime: known > 0 ? fakeTransaction(known - 1).commitTime : undefined,
    };
  }

  #tell(): void {
    const progress: Progress = {
      phase: this.#done ? 'done' : 'old',
      bytesRead: this.#known * TRANSACTION_BYTES,
      bytesTotal: this.#total * TRANSACTION_BYTES,
      rate: this.#done ? 0 : 240 * 1024 * 1024,
      secondsLeft: this.#done ? 0 : ((this.#total - this.#known) * TRANSACTION_BYTES) / (240 * 1024 * 1024),
      loss: this.#loss(),
    };
    for (const listener of this.#listeners) listener(progress);
  }

  async #answer(name: string): Promise<void> {
    this.calls.set(name, (this.calls.get(name) ?? 0) + 1);
    if (this.#delay > 0) await new Promise((resolve) => setTimeout(resolve, this.#delay));
    else await Promise.resolve();
  }
}

/** How the list names a transaction's commit, for expectations. */
export function commitLsnText(index: number): string {
  return formatLsn(fakeTransaction(index).commitLsn);
}
