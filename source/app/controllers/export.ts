/** Exporting: the form and a preview of what it would write first, a summary at the end. */

import { formatCount } from '../../bytes/count.js';
import { printable } from '../../bytes/printable.js';
import { shellWord } from '../../bytes/shell-word.js';
import type { IncidentClient } from '../../incident/client.js';
import { formatBytes, plural } from '../../incident/figures.js';
import type { ExportSummary } from '../../incident/model.js';
import type { Context } from '../bindings/binding.js';
import { commonBeginning } from '../completion.js';
import { exists, expandHome } from '../files.js';
import type { KeyPress } from '../keys.js';
import { editField, fieldText, type TextField, textField } from '../text-field.js';
import { EXPORT_FIELDS, ExportChoices, type ExportField, type ExportSource } from './export-choices.js';
import { errorText, type Host } from './host.js';

/** Lines of preview asked for. */
const PREVIEW_LINES = 200;
/** Marked transactions looked at to see which databases they belong to. */
const MOST_LOOKED_AT = 20_000;

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
  readonly choices: ExportChoices;
  state: ExportState = 'form';
  field: ExportField = 'what';
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
  #client: IncidentClient;
  #host: Host;
  #exits: ExportExits;
  #previewVersion = 0;

  constructor(client: IncidentClient, source: ExportSource, host: Host, exits: ExportExits) {
    this.#client = client;
    this.choices = new ExportChoices(source);
    this.#host = host;
    this.#exits = exits;
    void this.#refresh();
  }

  get context(): Context {
    if (this.state === 'done') return 'export-done';
    if (this.state === 'writing') return 'export-writing';
    return this.editing ? 'export-path' : 'export';
  }

  /** Why nothing can be written now. */
  get writeProblem(): string | undefined {
    if (this.state === 'writing') return 'it is being written';
    return this.choices.problem;
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
    this.choices.choosePath(path);
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
    const { choices, field } = this;
    const unavailable = choices.unavailable(field);
    if (unavailable) this.#host.say(unavailable, 'warning');
    else if (field === 'path') {
      this.editing = true;
      this.pathField = textField(choices.path);
    } else if (field === 'write') this.#host.say('Enter or w writes the file');
    else {
      choices.turn(field, step);
      void this.#refresh();
    }
  }

  /** A choice changed: the databases, the offered name and the preview follow. */
  async #refresh(): Promise<void> {
    const version = ++this.#previewVersion;
    this.previewing = true;
    this.previewTop = 0;
    this.#host.redraw();
    try {
      const databases = await this.#selectedDatabases();
      if (version !== this.#previewVersion) return;
      this.choices.touch(databases);
      if (this.choices.count === 0) {
        this.preview = [];
        this.previewMore = false;
      } else {
        const { lines, more } = await this.#client.preview(this.choices.request, PREVIEW_LINES);
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
    const { scope, source } = this.choices;
    const { marked, databases } = source;
    if (scope !== 'marked' || databases.length <= 1) return databases;
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
    const path = expandHome(this.choices.path.trim());
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
    this.transactionsTotal = this.choices.count;
    this.problem = undefined;
    this.#host.redraw();
    try {
      this.summary = await this.#client.export(
        { ...this.choices.request, output, overwrite },
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
      const { format, undo } = this.choices;
      if (format === 'sql' && file.database)
        lines.push(
          `Once it is approved, run it on the ${undo ? 'OLD' : 'NEW'} primary:`,
          `  ${printable(psqlCommand(file.database, file.path))}`,
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

/** What runs a file of SQL and stops at the first error. A name that psql would take for more than a name is told as one. */
function psqlCommand(database: string, path: string): string {
  const name = /^[\w.-]+$/.test(database)
    ? database
    : `dbname='${database.replaceAll(/[\\']/g, (character) => `\\${character}`)}'`;
  return `psql -X -v ON_ERROR_STOP=1 -d ${shellWord(name)} -f ${shellWord(path)}`;
}
