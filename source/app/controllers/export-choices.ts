/** What is chosen for an export: which transactions, which way, in which format, to which file. */
import { formatLsn } from '../../bytes/lsn.js';
import type { ExportFormat, ExportRequest } from '../../incident/model.js';

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
/** The fields of which the next value is taken in its turn. */
export type ChoiceField = Exclude<ExportField, 'path' | 'write'>;

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

/** The choices, each with a value that makes sense to begin with. */
export class ExportChoices {
  scope: ExportScope;
  undo = false;
  format: ExportFormat = 'sql';
  guard = true;
  ddl = false;
  partitionRoot = false;
  path: string;
  /** Databases the selection touches, as far as known. */
  databases: readonly string[];
  readonly source: ExportSource;
  #pathChosen = false;

  constructor(source: ExportSource) {
    this.source = source;
    this.scope = source.marked.length > 0 ? 'marked' : source.filter ? 'shown' : 'all';
    this.databases = source.databases;
    this.path = this.#defaultPath();
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

  /** Transactions that are taken. */
  get count(): number {
    return this.scopes.find((item) => item.scope === this.scope)?.count ?? 0;
  }

  /** Why nothing can be written. */
  get problem(): string | undefined {
    if (this.count === 0) return this.scope === 'marked' ? 'nothing is marked' : 'there is nothing to export';
    return this.path.trim() === '' ? 'the path is empty' : undefined;
  }

  /** The export as it is asked for, without its path. */
  get request(): ExportRequest {
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

  /** Why a choice does not apply, if it does not. */
  unavailable(field: ExportField): string | undefined {
    if (field === 'partitions') return this.format === 'report' ? 'a report has no rows' : undefined;
    if (this.format === 'sql') return undefined;
    if (field === 'direction') return `${this.format} tells what happened: it has no undo`;
    if (field === 'guard' || field === 'ddl') return `only in SQL, not in ${this.format}`;
    return undefined;
  }

  /** Takes the next value of a field, or the one before. */
  turn(field: ChoiceField, step: 1 | -1): void {
    const next = <T>(values: readonly T[], value: T): T =>
      values[(values.indexOf(value) + step + values.length) % values.length];
    switch (field) {
      case 'what':
        this.scope = next(
          this.scopes.map((item) => item.scope),
          this.scope,
        );
        break;
      case 'direction':
        this.undo = !this.undo;
        break;
      case 'format':
        this.format = next(EXPORT_FORMATS, this.format);
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
    }
  }

  /** The selection touches these: the name that is offered follows, unless one was chosen. */
  touch(databases: readonly string[]): void {
    this.databases = databases;
    if (!this.#pathChosen) this.path = this.#defaultPath();
  }

  /** A path typed by hand. */
  choosePath(path: string): void {
    this.path = path;
    this.#pathChosen = true;
  }

  #defaultPath(): string {
    const place = formatLsn(this.source.forkLsn).replace('/', '-');
    const what = this.format === 'sql' ? (this.undo ? 'undo' : 'redo') : 'lost';
    const name = `./forkpoint-${what}-${place}`;
    return this.databases.length > 1 && this.format === 'sql' ? name : name + EXTENSIONS[this.format];
  }
}
