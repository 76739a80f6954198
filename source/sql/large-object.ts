/**
 * Lost writes to large objects, said again with the server's own functions. WAL holds them as rows of pg_largeobject
 * (pages of a quarter of a block) and pg_largeobject_metadata; storage/large_object/inv_api.c tells which calls leave
 * which rows, and only what it can have been is written:
 *
 * - a page that came or grew is a lo_put();
 * - a page that shrank, or came without a byte, is where lo_truncate() cut the object off: all pages behind go with it;
 * - a row of the metadata that went is a lo_unlink(), the object's pages follow.
 *
 * Backwards that would not be exact (which pages a sparse object had cannot be said with these functions), so undo
 * writes pages as rows, as a superuser may.
 */

import { quoteLiteral } from '../bytes/string-literal.js';
import { LARGE_OBJECT_METADATA_OID, LARGE_OBJECT_OID } from '../rows/large-object-catalogs.js';
import { type ColumnValue, isUnknown, type Row, type RowChange, type Table } from '../rows/row-change.js';
import { guardCondition } from './guard.js';
import { type LargeObject, privilegeStatements, roleIdentifier } from './large-object-privileges.js';
import { redoStatement } from './redo.js';
import { leftOut, type RowStatement } from './row-statement.js';
import { undoStatement } from './undo.js';

/** INV_WRITE and INV_READ (libpq/libpq-fs.h). */
const INV_WRITE = 0x20000;
const INV_READ = 0x40000;

/** How statements for large objects are to be written. */
export interface LargeObjectOptions {
  readonly direction: 'redo' | 'undo';
  readonly guard: boolean;
  /** BLCKSZ of both servers. */
  readonly blockSize: number;
}

/** A page of an object before and after a change. */
interface PageChange {
  readonly loid: string;
  readonly page: number;
  readonly before: Buffer | undefined;
  readonly after: Buffer | undefined;
}

/** A call that is only written when the pages that went with it have been seen: a guard looks at them first. */
interface Pending {
  readonly kind: 'unlink' | 'truncate';
  readonly loid: string;
  readonly length: number;
  /** Where the object ended before, as far as its pages told. */
  size: number;
  /** Why the guard cannot look at everything that goes. */
  unknown?: string;
}

/** Are this table's rows pages or entries of large objects? */
export function isLargeObjectTable({ oid }: Pick<Table, 'oid'>): boolean {
  return oid === LARGE_OBJECT_OID || oid === LARGE_OBJECT_METADATA_OID;
}

function known(row: Row | undefined, at: number): string | null | undefined {
  const value: ColumnValue | undefined = row?.[at];
  return value === undefined || isUnknown(value) ? undefined : value;
}

function bytes(row: Row | undefined, at: number): Buffer | undefined {
  const text = known(row, at);
  return typeof text === 'string' ? Buffer.from(text.slice(2), 'hex') : undefined;
}

function bytea(data: Buffer): string {
  return `${quoteLiteral(`\\x${data.toString('hex')}`)}::bytea`;
}

/** Writes one transaction's large objects, change by change in their order. */
export class LargeObjectWriter {
  readonly #options: LargeObjectOptions;
  #pending: Pending | undefined;

  constructor(options: LargeObjectOptions) {
    this.#options = options;
  }

  /** Is there something held back until what follows is known? */
  get holdsBack(): boolean {
    return this.#pending !== undefined;
  }

  /** What is to be written for the next change of a large object. Their statements are whole: no guard goes around them. */
  *write(change: RowChange): Generator<RowStatement> {
    if (this.#options.direction === 'undo') yield* this.#undo(change);
    else if (change.table.oid === LARGE_OBJECT_OID) yield* this.#page(change);
    else yield* this.#metadata(change);
  }

  /** What was held back until here: to be called before any other change, and at the end. */
  *finish(): Generator<RowStatement> {
    const pending = this.#pending;
    if (!pending) return;
    this.#pending = undefined;
    const { loid, kind, size } = pending;
    const subject = `${kind} of large object ${loid}`;
    if (this.#options.guard) {
      if (pending.unknown !== undefined) {
        yield leftOut(`what the guard would have to compare is not known: ${pending.unknown}`);
        return;
      }
      const end = `pg_catalog.lo_lseek64(pg_catalog.lo_open(${loid}, ${INV_READ}), 0, 2)`;
      yield this.#check(`${end} = ${size}`, subject);
    }
    yield { kind: 'statement', subject: () => subject, sql: call(pending) };
  }

  *#page(change: RowChange): Generator<RowStatement> {
    const page = pageOf(change);
    const pending = this.#pending;
    if (change.operation === 'delete' && pending && (page === undefined || page.loid === pending.loid)) {
      yield* this.#goneWith(pending, page, change.problem);
      return;
    }
    yield* this.finish();
    if (change.problem !== undefined || page === undefined) {
      yield leftOut(change.problem ?? 'which page of which object this was is not known');
    } else if (change.operation === 'delete') {
      // A sparse object was cut off where it had no page: only the row itself says so exactly.
      yield* this.#asRow(change);
    } else yield* this.#written(page, change.operation);
  }

  /** A page that went because its object was unlinked or cut off. */
  *#goneWith(
    pending: Pending,
    page: PageChange | undefined,
    problem: string | undefined,
  ): Generator<RowStatement> {
    if (page?.before === undefined) {
      pending.unknown ??= problem ?? 'a page that went with it';
      return;
    }
    pending.size = Math.max(pending.size, this.#offset(page) + page.before.length);
    if (this.#options.guard) yield this.#holds(page, page.before);
  }

  *#written(page: PageChange, operation: RowChange['operation']): Generator<RowStatement> {
    const { before, after, loid } = page;
    if (after === undefined) {
      yield leftOut('the new page is not known');
      return;
    }
    if (operation === 'update' && before === undefined && after.length < this.#pageSize) {
      yield leftOut('the old page is not known, and so not whether the object was cut off there');
      return;
    }
    const at = this.#offset(page);
    if (this.#options.guard) {
      yield operation === 'update' && before === undefined
        ? leftOut('the old page is not known')
        : this.#holds(page, before ?? Buffer.alloc(0));
    }
    if (before === undefined && after.length === 0) {
      // No write leaves an empty page: the object was made longer, up to here.
      const sql = call({ kind: 'truncate', loid, length: at });
      yield { kind: 'statement', sql, subject: () => `truncate of large object ${loid}` };
    } else if (before !== undefined && after.length < before.length) {
      if (!before.subarray(0, after.length).equals(after)) yield this.#put(page, after, 0, after.length);
      this.#pending = { kind: 'truncate', loid, length: at + after.length, size: at + before.length };
    } else {
      const [from, to] = before ? differingSpan(before, after) : [0, after.length];
      yield this.#put(page, after, from, to);
    }
  }

  #put(page: PageChange, data: Buffer, from: number, to: number): RowStatement {
    const at = this.#offset(page) + from;
    return {
      kind: 'statement',
      sql: `SELECT pg_catalog.lo_put(${page.loid}, ${at}, ${bytea(data.subarray(from, to))})`,
      subject: () => `write to large object ${page.loid} at byte ${at}`,
    };
  }

  *#metadata(change: RowChange): Generator<RowStatement> {
    yield* this.finish();
    const before = objectOf(change, change.before);
    const after = objectOf(change, change.after);
    if (change.problem !== undefined) {
      yield leftOut(change.problem);
    } else if (change.operation === 'delete') {
      if (before) this.#pending = { kind: 'unlink', loid: before.loid, length: 0, size: 0 };
      else yield leftOut('which object it was is not known');
    } else if (!after) {
      yield leftOut('which object it was, or whose, is not known');
    } else if (change.operation === 'insert') yield* created(after);
    else if (before) yield* altered(before, after);
    else yield leftOut('whose object it was is not known');
  }

  *#undo(change: RowChange): Generator<RowStatement> {
    if (change.table.oid === LARGE_OBJECT_OID) {
      yield* this.#asRow(change);
      return;
    }
    const before = objectOf(change, change.before);
    const after = objectOf(change, change.after);
    if (change.problem !== undefined) yield leftOut(change.problem);
    else if (change.operation === 'insert' && after) {
      const subject = `unlink of large object ${after.loid}`;
      yield { kind: 'statement', subject: () => subject, sql: `SELECT pg_catalog.lo_unlink(${after.loid})` };
    } else if (change.operation === 'delete' && before) yield* created(before);
    else if (change.operation === 'update' && before && after) yield* altered(after, before);
    else yield leftOut('which object it was, or whose, is not known');
  }

  /** The page as a row of pg_largeobject: exact, but only a superuser may write there. */
  *#asRow(change: RowChange): Generator<RowStatement> {
    const write = this.#options.direction === 'redo' ? redoStatement : undoStatement;
    yield write(change, this.#options.guard);
  }

  /** The guard's look at a page: `expected`, and nothing but holes behind it within the page. */
  #holds(page: PageChange, expected: Buffer): RowStatement {
    const { loid } = page;
    const at = this.#offset(page);
    const there = `pg_catalog.lo_get(${loid}, ${at}, ${this.#pageSize})`;
    const rest = `pg_catalog.btrim(pg_catalog.substr(page, ${expected.length + 1}), ${bytea(Buffer.alloc(1))})`;
    const same = `pg_catalog.substr(page, 1, ${expected.length}) = ${bytea(expected)}`;
    return this.#check(
      `(SELECT ${same} AND ${rest} = ''::bytea FROM (SELECT ${there} AS page) AS here)`,
      `large object ${loid} at byte ${at}`,
    );
  }

  #check(condition: string, subject: string): RowStatement {
    return { kind: 'statement', sql: guardCondition(condition, subject), subject: () => subject };
  }

  get #pageSize(): number {
    return this.#options.blockSize / 4;
  }

  #offset(page: PageChange): number {
    return page.page * this.#pageSize;
  }
}

function call({ kind, loid, length }: Omit<Pending, 'size'>): string {
  return kind === 'unlink'
    ? `SELECT pg_catalog.lo_unlink(${loid})`
    : `SELECT pg_catalog.lo_truncate64(pg_catalog.lo_open(${loid}, ${INV_WRITE}), ${length})`;
}

/** Columns by name: loid, pageno, data. */
function pageOf({ table, before, after }: RowChange): PageChange | undefined {
  const [loidAt, pageAt, dataAt] = ['loid', 'pageno', 'data'].map((name) =>
    table.columns.findIndex((column) => column.name === name),
  );
  const row = after ?? before;
  const loid = known(row, loidAt);
  const page = known(row, pageAt);
  if (typeof loid !== 'string' || typeof page !== 'string') return undefined;
  return { loid, page: Number(page), before: bytes(before, dataAt), after: bytes(after, dataAt) };
}

/** First byte that differs and the end of the last, within the longer one; all of it when none does. */
function differingSpan(before: Buffer, after: Buffer): [from: number, to: number] {
  let from = 0;
  while (from < before.length && before[from] === after[from]) from++;
  if (from === after.length) return [0, after.length];
  let to = after.length;
  if (before.length === after.length) while (before[to - 1] === after[to - 1]) to--;
  return [from, to];
}

function objectOf({ table }: RowChange, row: Row | undefined): LargeObject | undefined {
  const value = (name: string) =>
    known(
      row,
      table.columns.findIndex((column) => column.name === name),
    );
  const [loid, owner, privileges] = [value('oid'), value('lomowner'), value('lomacl')];
  if (typeof loid !== 'string' || typeof owner !== 'string' || privileges === undefined) return undefined;
  return { loid, owner, privileges };
}

function* created(object: LargeObject): Generator<RowStatement> {
  const { loid } = object;
  const subject = `creation of large object ${loid}`;
  yield { kind: 'statement', subject: () => subject, sql: `SELECT pg_catalog.lo_create(${loid})` };
  yield* owned(object, subject);
  yield* granted({ ...object, privileges: null }, object, subject);
}

function* altered(from: LargeObject, to: LargeObject): Generator<RowStatement> {
  const subject = `change of large object ${to.loid}`;
  if (from.owner !== to.owner) yield* owned(to, subject);
  yield* granted(from, to, subject);
}

function* owned({ loid, owner }: LargeObject, subject: string): Generator<RowStatement> {
  const role = roleIdentifier(owner);
  yield role === undefined
    ? leftOut(`the name of its owner, the role with OID ${owner}, is not known`)
    : { kind: 'statement', subject: () => subject, sql: `ALTER LARGE OBJECT ${loid} OWNER TO ${role}` };
}

function* granted(from: LargeObject, to: LargeObject, subject: string): Generator<RowStatement> {
  for (const sql of privilegeStatements(from, to)) yield { kind: 'statement', subject: () => subject, sql };
}
