/** Exporting: what, which way, in which format, to which file; a preview first, a summary at the end. */
import { formatLsn } from '../../bytes/lsn.js';
import { printable } from '../../bytes/printable.js';
import type { IncidentClient } from '../../incident/client.js';
import { formatBytes, formatCount, plural } from '../../incident/figures.js';
import type { ExportFormat, ExportRequest, ExportSummary } from '../../incident/model.js';
import type { Context } from '../bindings/binding.js';
import { commonBeginning } from '../completion.js';
import { exists, expandHome } from '../files.js';
import type { KeyPress } from '../keys.js';
import { editField, fieldText, type TextField, textField } from '../text-field.js';
import { errorText, type Host } from './host.js';

/** The lines of the form, in order. */
export const EXPORT_FIELDS = [
  'what',
  'direction',
  'format',
  'guard',
  'ddl',
  'partitions',
  'path',
  'write',
] as const;
export type ExportField = (typeof EXPORT_FIELDS)[number];

/** Which transactions an export takes. */
export type ExportScope = 'marked' | 'shown' | 'all';

/** The formats offered, in order. */
export const EXPORT_FORMATS: readonly ExportFormat[] = ['sql', 'wal2json', 'csv', 'report'];
const EXTENSIONS: Readonly<Record<ExportFormat, string>> = {
  sql: '.sql',
  wal2json: '.jsonl',
  csv: '.csv',
  report: '.txt',
};

/** Lines of preview asked for. */
const PREVIEW_LINES = 200;
/** Marked transactions looked at to see which databases they belong to. */
const MOST_LOOKED_AT = 20_000;

/** What the export may ask about the list and the incident. */
export interface ExportSource {
  readonly marked: readonly number[];
  readonly markedRows: number | undefined;
  readonly filter: string;
  readonly shown: number;
  readonly total: number;
  readonly databases: readonly string[];
  readonly forkLsn: number;
}

/** Where an export stands. */
export type ExportState = 'form' | 'writing' | 'done' | 'failed';

/** What the export screen asks of the application. */
export interface ExportExits {
  back(): void;
  copy(text: string): void;
  /** Directories whose path begins with `text`. */
  complete(text: string): readonly string[];
}

/** State and actions of the export screen. */
export class ExportController {
  state: ExportState = 'form';
  field: ExportField = 'what';
  scope: ExportScope;
  undo = false;
  format: ExportFormat = 'sql';
  guard = true;
  ddl = false;
  partitionRoot = false;
  path: string;
  editing = false;
  pathField: TextField = textField();
  preview: readonly string[] = [];
  previewMore = false;
  previewTop = 0;
  previewProblem: string | undefined;
  previewing = false;
  bytesWritten = 0;
  transactionsDone = 0;
  /** Transactions the running export takes. */
  transactionsTotal = 0;
  problem: string | undefined;
  summary: ExportSummary | undefined;
  summaryTop = 0;
  /** Databases the selection touches, as far as known. */
  databases: readonly string[];
  #pathChosen = false;
  #client: IncidentClient;
  #host: Host;
  #exits: ExportExits;
  readonly source: ExportSource;
  #previewVersion = 0;

  constructor(client: IncidentClient, source: ExportSource, host: Host, exits: ExportExits) {
    this.#client = client;
    this.source = source;
    this.#host = host;
    this.#exits = exits;
    this.scope = source.marked.length > 0 ? 'marked' : source.filter ? 'shown' : 'all';
    this.databases = source.databases;
    this.path = this.#defaultPath();
    void this.#refresh();
  }

  get context(): Context {
    if (this.state === 'done') return 'export-done';
    if (this.state === 'writing') return 'export-writing';
    return this.editing ? 'export-path' : 'export';
  }

  /** Scopes there are, with how many transactions each takes. */
  get scopes(): readonly { scope: ExportScope; count: number }[] {
    const { marked, filter, shown, total } = this.source;
    return [
      { scope: 'marked', count: marked.length },
      ...(filter ? [{ scope: 'shown' as const, count: shown }] : []),
      { scope: 'all', count: total },
    ];
  }

  /** Why nothing can be written now. */
  get writeProblem(): string | undefined {
    if (this.state === 'writing') return 'it is being written';
    if (this.#count() === 0)
      return this.scope === 'marked' ? 'nothing is marked' : 'there is nothing to export';
    return this.path.trim() === '' ? 'the path is empty' : undefined;
  }

  /** Why a choice does not apply, if it does not. */
  unavailable(field: ExportField): string | undefined {
    if (field === 'partitions') return this.format === 'report' ? 'a report has no rows' : undefined;
    if (this.format === 'sql') return undefined;
    if (field === 'direction') return `${this.format} tells what happened: it has no undo`;
    if (field === 'guard' || field === 'ddl') return `only in SQL, not in ${this.format}`;
    return undefined;
  }

  edit(press: KeyPress): boolean {
    const field = editField(this.pathField, press);
    if (!field) return false;
    this.pathField = field;
    this.#host.redraw();
    return true;
  }

  run(action: string): void {
    if (this.state === 'done') this.#runSummary(action);
    else if (this.state === 'writing') this.#runWriting(action);
    else if (this.editing) this.#runPath(action);
    else this.#runForm(action);
    this.#host.redraw();
  }

  #runWriting(action: string): void {
    if (action === 'stop') void this.#client.stopExport();
    else if (action === 'leave') this.#exits.back();
  }

  #runForm(action: string): void {
    const at = EXPORT_FIELDS.indexOf(this.field);
    const actions: Record<string, () => void> = {
      down: () => (this.field = EXPORT_FIELDS[Math.min(EXPORT_FIELDS.length - 1, at + 1)]),
      up: () => (this.field = EXPORT_FIELDS[Math.max(0, at - 1)]),
      change: () => this.#change(1),
      'change-back': () => this.#change(-1),
      accept: () => (this.field === 'write' ? void this.write() : this.#change(1)),
      write: () => void this.write(),
      'preview-down': () => this.#scrollPreview(8),
      'preview-up': () => this.#scrollPreview(-8),
      back: () => this.#exits.back(),
    };
    actions[action]?.();
  }

  #runPath(action: string): void {
    if (action === 'complete') {
      this.#complete();
      return;
    }
    this.editing = false;
    if (action !== 'accept') return;
    const path = fieldText(this.pathField).trim();
    if (!path) return;
    this.path = path;
    this.#pathChosen = true;
    this.field = 'write';
  }

  #complete(): void {
    const typed = fieldText(this.pathField);
    const completed = commonBeginning(this.#exits.complete(typed));
    if (completed.length <= typed.length) return;
    this.pathField = textField(completed);
    this.#host.redraw();
  }

  #runSummary(action: string): void {
    const last = Math.max(0, this.summaryLines().length - 1);
    const actions: Record<string, () => void> = {
      down: () => (this.summaryTop = Math.min(last, this.summaryTop + 1)),
      up: () => (this.summaryTop = Math.max(0, this.summaryTop - 1)),
      home: () => (this.summaryTop = 0),
      copy: () => this.#exits.copy(`${this.summaryLines().join('\n')}\n`),
      back: () => this.#exits.back(),
    };
    actions[action]?.();
  }

  #change(step: 1 | -1): void {
    const unavailable = this.unavailable(this.field);
    if (unavailable) {
      this.#host.say(unavailable, 'warning');
      return;
    }
    const turn = <T>(values: readonly T[], value: T): T =>
      values[(values.indexOf(value) + step + values.length) % values.length];
    switch (this.field) {
      case 'what':
        this.scope = turn(
          this.scopes.map((item) => item.scope),
          this.scope,
        );
        break;
      case 'direction':
        this.undo = !this.undo;
        break;
      case 'format':
        this.format = turn(EXPORT_FORMATS, this.format);
        if (this.format !== 'sql') this.undo = false;
        break;
      case 'guard':
        this.guard = !this.guard;
        break;
      case 'ddl':
        this.ddl = !this.ddl;
        break;
      case 'partitions':
        this.partitionRoot = !this.partitionRoot;
        break;
      case 'path':
        this.editing = true;
        this.pathField = textField(this.path);
        return;
      case 'write':
        this.#host.say('Enter or w writes the file');
        return;
    }
    void this.#refresh();
  }

  #count(): number {
    return this.scopes.find((item) => item.scope === this.scope)?.count ?? 0;
  }

  #defaultPath(): string {
    const place = formatLsn(this.source.forkLsn).replace('/', '-');
    const what = this.format === 'sql' ? (this.undo ? 'undo' : 'redo') : 'lost';
    const name = `./forkpoint-${what}-${place}`;
    return this.databases.length > 1 && this.format === 'sql' ? name : name + EXTENSIONS[this.format];
  }

  #request(): ExportRequest {
    const sql = this.format === 'sql';
    return {
      format: this.format,
      transactions: this.scope === 'marked' ? this.source.marked : undefined,
      filter: this.scope === 'shown' ? this.source.filter : undefined,
      undo: sql && this.undo,
      guard: sql && this.guard,
      ddl: sql && this.ddl,
      ...(this.partitionRoot && this.format !== 'report' && { partitionRoot: true }),
    };
  }

  /** A choice changed: the databases, the offered name and the preview follow. */
  async #refresh(): Promise<void> {
    const version = ++this.#previewVersion;
    this.previewing = true;
    this.previewTop = 0;
    this.#host.redraw();
    try {
      this.databases = await this.#selectedDatabases();
      if (version !== this.#previewVersion) return;
      if (!this.#pathChosen) this.path = this.#defaultPath();
      if (this.#count() === 0) {
        this.preview = [];
        this.previewMore = false;
      } else {
        const { lines, more } = await this.#client.preview(this.#request(), PREVIEW_LINES);
        if (version !== this.#previewVersion) return;
        this.preview = lines;
        this.previewMore = more;
      }
      this.previewProblem = undefined;
    } catch (error) {
      if (version !== this.#previewVersion) return;
      this.preview = [];
      this.previewProblem = errorText(error);
    }
    this.previewing = false;
    this.#host.redraw();
  }

  async #selectedDatabases(): Promise<readonly string[]> {
    const { marked, databases } = this.source;
    if (this.scope !== 'marked' || databases.length <= 1) return databases;
    const looked = await this.#client.transactions(marked.slice(0, MOST_LOOKED_AT));
    return [...new Set(looked.map((transaction) => transaction.database).filter(Boolean))];
  }

  #scrollPreview(lines: number): void {
    this.previewTop = Math.max(0, Math.min(this.preview.length - 1, this.previewTop + lines));
  }

  /** Writes, after asking when something stands at the path already. */
  async write(): Promise<void> {
    if (this.writeProblem) {
      this.#host.say(this.writeProblem, 'warning');
      return;
    }
    const path = expandHome(this.path.trim());
    if (!(await exists(path))) {
      await this.#export(path, false);
      return;
    }
    this.#host.confirm(
      [`${printable(path)} is there already.`, 'Replace it?'],
      () => void this.#export(path, true),
    );
  }

  async #export(output: string, overwrite: boolean): Promise<void> {
    this.state = 'writing';
    this.bytesWritten = 0;
    this.transactionsDone = 0;
    this.transactionsTotal = this.#count();
    this.problem = undefined;
    this.#host.redraw();
    try {
      this.summary = await this.#client.export(
        { ...this.#request(), output, overwrite },
        (bytes, transactions) => {
          this.bytesWritten = bytes;
          this.transactionsDone = transactions;
          this.#host.redraw();
        },
      );
      this.state = 'done';
      this.summaryTop = 0;
      this.#host.say(`exported ${plural(this.summary.transactions, 'transaction')} to ${printable(output)}`);
    } catch (error) {
      this.state = 'failed';
      this.problem = errorText(error);
    }
    this.#host.redraw();
  }

  /** The summary as plain lines: what is shown, and what is copied. */
  summaryLines(): string[] {
    const { summary } = this;
    if (!summary) return [];
    const lines: string[] = [];
    for (const file of summary.files) {
      lines.push(printable(file.path));
      if (file.database) lines.push(`  database      ${printable(file.database)}`);
      lines.push(
        `  transactions  ${formatCount(file.transactions)}`,
        `  statements    ${formatCount(file.statements)}`,
        `  bytes         ${formatCount(file.bytes)} (${formatBytes(file.bytes)})`,
        `  sha256        ${file.sha256}`,
        '',
      );
    }
    if (summary.leftOut > 0) {
      lines.push(`!! LEFT OUT: ${plural(summary.leftOut, 'change')} that could not be decoded exactly`);
      for (const reason of summary.leftOutReasons) lines.push(`   ${printable(reason)}`);
    }
    return lines;
  }
}
