/**
 * The text of PostgreSQL's own logical decoding (contrib/test_decoding/test_decoding.c), read back exactly: what the
 * server says happened, for comparison with what forkpoint says.
 */

/** One column of a decoded tuple. `value` is the type's text form (booleans as `t` and `f`), null for SQL NULL. */
export interface DecodedColumn {
  /** format_type's name, without type modifier. */
  readonly type: string;
  readonly value: string | null;
  /** `unchanged-toast-datum`: an update left a TOASTed value alone; `value` is null then. */
  readonly unchanged: boolean;
}

/** Columns by their unquoted names, in the table's order. */
export type DecodedTuple = Readonly<Record<string, DecodedColumn>>;

export interface DecodedRow {
  readonly op: 'insert' | 'update' | 'delete';
  readonly schema: string;
  readonly table: string;
  /** The old row: its replica identity only, or all of it under REPLICA IDENTITY FULL; absent when not logged. */
  readonly oldKey?: DecodedTuple;
  readonly newTuple?: DecodedTuple;
}

/** One per table of a TRUNCATE. */
export interface DecodedTruncate {
  readonly op: 'truncate';
  readonly schema: string;
  readonly table: string;
  readonly restartIdentity: boolean;
  readonly cascade: boolean;
}

export interface DecodedMessage {
  readonly op: 'message';
  readonly transactional: boolean;
  readonly prefix: string;
  readonly content: string;
}

export type DecodedChange = DecodedRow | DecodedTruncate | DecodedMessage;

/** The kinds of lines that open and close a transaction, and those between. */
export type DecodedLine =
  | { readonly kind: 'begin'; readonly xid: number }
  | { readonly kind: 'commit'; readonly xid: number; readonly time: string }
  | { readonly kind: 'changes'; readonly changes: readonly DecodedChange[] };

/** A place in one line; every `take…` moves it on or throws. */
class Text {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get ended(): boolean {
    return this.#at === this.#text.length;
  }

  accept(expected: string): boolean {
    if (!this.#text.startsWith(expected, this.#at)) return false;
    this.#at += expected.length;
    return true;
  }

  take(expected: string): void {
    if (!this.accept(expected)) this.fail(`expected ${JSON.stringify(expected)}`);
  }

  match(pattern: RegExp): RegExpExecArray {
    const sticky = new RegExp(pattern, 'sy');
    sticky.lastIndex = this.#at;
    const found = sticky.exec(this.#text);
    if (!found) return this.fail(`expected ${pattern}`);
    this.#at = sticky.lastIndex;
    return found;
  }

  /** quote_identifier's form: bare, or quoted with doubled quotes. */
  identifier(): string {
    const [bare] = this.match(/[a-z_][a-z0-9_$]*|"(?:[^"]|"")+"/);
    return bare.startsWith('"') ? bare.slice(1, -1).replaceAll('""', '"') : bare;
  }

  /** `[type]`: a type's name may hold brackets (arrays) and quoted names with anything in them. */
  type(): string {
    this.take('[');
    const [name] = this.match(/(?:[^[\]"]|"(?:[^"]|"")+"|\[\])+/);
    this.take(']');
    return name;
  }

  fail(why: string): never {
    throw new Error(`test_decoding: ${why} at character ${this.#at} of ${JSON.stringify(this.#text)}`);
  }
}

/** One value as print_literal writes it: bare numbers and booleans, `B'…'` bits, everything else quoted. */
function readValue(text: Text): Omit<DecodedColumn, 'type'> {
  if (text.accept('unchanged-toast-datum')) return { value: null, unchanged: true };
  const [literal] = text.match(/B?'(?:[^']|'')*'|[^' ]+/);
  if (literal === 'null') return { value: null, unchanged: false };
  if (literal === 'true' || literal === 'false') return { value: literal[0], unchanged: false };
  if (!literal.endsWith("'")) return { value: literal, unchanged: false };
  return { value: literal.slice(literal.indexOf("'") + 1, -1).replaceAll("''", "'"), unchanged: false };
}

/** Columns up to the end of the line or the words `new-tuple:`. */
function readTuple(text: Text): { tuple: DecodedTuple; newTupleFollows: boolean } {
  const tuple: Record<string, DecodedColumn> = {};
  while (!text.ended) {
    text.take(' ');
    if (text.accept('new-tuple:')) return { tuple, newTupleFollows: true };
    const name = text.identifier();
    const type = text.type();
    text.take(':');
    tuple[name] = { type, ...readValue(text) };
  }
  return { tuple, newTupleFollows: false };
}

function readRow(op: 'insert' | 'update' | 'delete', schema: string, table: string, text: Text): DecodedRow {
  if (text.accept(' (no-tuple-data)')) return { op, schema, table };
  if (op === 'delete') return { op, schema, table, oldKey: readTuple(text).tuple };
  if (!text.accept(' old-key:')) return { op, schema, table, newTuple: readTuple(text).tuple };
  const old = readTuple(text);
  if (!old.newTupleFollows) text.fail('expected new-tuple:');
  return { op, schema, table, oldKey: old.tuple, newTuple: readTuple(text).tuple };
}

function readTableLine(text: Text): DecodedChange[] {
  const tables: { schema: string; table: string }[] = [];
  do {
    const schema = text.identifier();
    text.take('.');
    tables.push({ schema, table: text.identifier() });
  } while (text.accept(', '));
  const [, word] = text.match(/: (INSERT|UPDATE|DELETE|TRUNCATE):/);
  if (word !== 'TRUNCATE') {
    const op = word === 'INSERT' ? 'insert' : word === 'UPDATE' ? 'update' : 'delete';
    return [readRow(op, tables[0].schema, tables[0].table, text)];
  }
  const restartIdentity = text.accept(' restart_seqs');
  const cascade = text.accept(' cascade');
  if (!restartIdentity && !cascade) text.take(' (no-flags)');
  return tables.map((table) => ({ op: 'truncate', ...table, restartIdentity, cascade }));
}

/** `2026-11-21 04:42:18.415+00` to `2026-11-21T04:42:18.415000Z`. */
function isoTime(time: string): string {
  const match = /^(\S+) (\d\d:\d\d:\d\d)(?:\.(\d+))?\+00$/.exec(time);
  if (!match) throw new Error(`test_decoding: not a time in UTC: ${time}`);
  return `${match[1]}T${match[2]}.${(match[3] ?? '').padEnd(6, '0')}Z`;
}

/**
 * Reads one line (`data` of pg_logical_slot_peek_changes with include-xids and include-timestamp, TimeZone UTC).
 * Throws on anything it does not know.
 */
export function readDecodedLine(data: string): DecodedLine {
  const text = new Text(data);
  if (text.accept('BEGIN ')) return { kind: 'begin', xid: Number(text.match(/\d+$/)[0]) };
  if (text.accept('COMMIT ')) {
    const [, xid, time] = text.match(/(\d+) \(at (.+)\)$/);
    return { kind: 'commit', xid: Number(xid), time: isoTime(time) };
  }
  if (text.accept('message: ')) {
    const [, transactional, prefix, content] = text.match(
      /transactional: ([01]) prefix: (.*?), sz: \d+ content:(.*)$/,
    );
    return {
      kind: 'changes',
      changes: [{ op: 'message', transactional: transactional === '1', prefix, content }],
    };
  }
  text.take('table ');
  const changes = readTableLine(text);
  if (!text.ended) text.fail('expected the end');
  return { kind: 'changes', changes };
}
