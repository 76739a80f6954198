/**
 * INSERT, UPDATE and DELETE of exactly one row as bytes, for one version of a table: what row-statement.ts writes of the same rows, which
 * shares heads, literals and conditions with this (table-text.ts). Rows come as their tuples hold them, every value known.
 */
import { PreparedText } from '../bytes/prepared-text.js';
import { TextSink } from '../bytes/text-sink.js';
import type { TableColumn } from '../rows/row-change.js';
import type { ColumnTexts, RowDecoder } from '../rows/row-decoder.js';
import { NULL_VALUE } from '../rows/row-places.js';
import type { StoredRow } from '../rows/stored-row.js';
import type { Comparison } from './equality.js';
import { isLargeObjectTable } from './large-object.js';
import { LiteralBytes } from './literal-bytes.js';
import type { Literal } from './literals.js';
import { tableText } from './table-text.js';
import { TYPE } from './type-oids.js';

const NULL = new PreparedText('NULL');
const COMMA = new PreparedText(', ');
const WHERE = new PreparedText(' WHERE ');
const AND = new PreparedText(' AND ');
const INSERT_END = new PreparedText(');\n');
const STATEMENT_END = new PreparedText(';\n');

/** Values of these types that have this size in bytes all have a text, and different bytes have different texts. */
const CERTAIN_SIZES: ReadonlyMap<number, number> = new Map([
  [TYPE.int2, 2],
  [TYPE.int4, 4],
  [TYPE.int8, 8],
  [TYPE.oid, 4],
  [TYPE.uuid, 16],
]);

const TEXT_TYPES: ReadonlySet<number> = new Set([TYPE.text, TYPE.varchar, TYPE.bpchar]);

/** Of no value at all. */
const NO_SIZE = -1;

/** Longer values than this are compared by the engine. */
const LONG_VALUE = 128;

/** One column. */
class ColumnBytes {
  readonly index: number;
  /** Named by statements; others only have to be readable. */
  readonly isStored: boolean;
  readonly isVirtual: boolean;
  readonly isAlwaysGenerated: boolean;
  readonly certainSize: number;
  /** ASCII means itself here, whatever the database's encoding. */
  readonly isText: boolean;
  readonly append: ColumnTexts['append'];
  /** `name = `. */
  readonly assign: PreparedText;
  readonly value: LiteralBytes;
  readonly #typeOid: number;
  readonly #texts: ColumnTexts;

  constructor(decoder: RowDecoder, index: number, column: TableColumn, assign: string, value: Literal) {
    this.index = index;
    this.isStored = column.generated === '';
    this.isVirtual = column.generated === 'v';
    this.isAlwaysGenerated = column.identity === 'a';
    this.certainSize = CERTAIN_SIZES.get(column.typeOid) ?? NO_SIZE;
    this.isText = TEXT_TYPES.has(column.typeOid);
    this.#texts = decoder.textsOf(index);
    this.append = this.#texts.append;
    this.#typeOid = column.typeOid;
    this.assign = new PreparedText(assign);
    this.value = this.literal(value);
  }

  literal(literal: Literal): LiteralBytes {
    return new LiteralBytes(literal, this.#typeOid, this.#texts);
  }
}

/** A condition on one column. */
class ConditionBytes {
  readonly column: ColumnBytes;
  readonly none: PreparedText;
  readonly head: PreparedText;
  readonly tail: PreparedText;
  readonly literal: LiteralBytes;

  constructor(column: ColumnBytes, { none, head, tail, literal }: Comparison) {
    this.column = column;
    this.none = new PreparedText(none);
    this.head = new PreparedText(head);
    this.tail = new PreparedText(tail);
    this.literal = column.literal(literal);
  }
}

/** The condition that picks one row. */
interface PickingBytes {
  readonly head: PreparedText;
  readonly tail: PreparedText;
  readonly conditions: readonly ConditionBytes[];
  /** Columns that have no part in it. */
  readonly others: readonly ColumnBytes[];
}

/**
 * Each method writes one statement and its line end, or returns false where only row-statement.ts knows what is to be said. Then, and when
 * it throws, something unfinished may stand behind what was in the sink. They throw what types' append functions throw: a value that has
 * no text, even where the statement would not name it.
 */
export class RowBytes {
  readonly #insertHead: PreparedText | undefined;
  readonly #updateHead: PreparedText;
  readonly #deleteHead: PreparedText;
  /** All but virtual ones. */
  readonly #columns: readonly ColumnBytes[];
  readonly #picking: PickingBytes | undefined;
  /** What an update names that changed nothing. */
  readonly #firstSettable: ColumnBytes | undefined;
  /** Texts that are only looked at. */
  readonly #scratch = new TextSink(256);

  constructor(decoder: RowDecoder) {
    const { table } = decoder;
    const text = tableText(table);
    const columns = table.columns.map((column, index) => {
      const { assign, value } = text.columns[index];
      return new ColumnBytes(decoder, index, column, assign, value);
    });
    this.#columns = columns.filter((column) => !column.isVirtual);
    this.#firstSettable = columns.find((column) => column.isStored && !column.isAlwaysGenerated);
    this.#insertHead = text.insertHead === undefined ? undefined : new PreparedText(text.insertHead);
    this.#updateHead = new PreparedText(text.updateHead);
    this.#deleteHead = new PreparedText(text.deleteHead);
    const { picking } = text;
    this.#picking = picking && {
      head: new PreparedText(picking.head),
      tail: new PreparedText(picking.tail),
      conditions: picking.columns.map(
        (index) => new ConditionBytes(columns[index], text.columns[index][picking.by]),
      ),
      others: this.#columns.filter(({ index }) => !picking.columns.includes(index)),
    };
  }

  /** Puts a row in. */
  insert(sink: TextSink, row: StoredRow): boolean {
    if (this.#insertHead === undefined) return false;
    sink.prepared(this.#insertHead);
    const columns = this.#columns;
    let isFirst = true;
    for (let i = 0; i < columns.length; i++) {
      const column = columns[i];
      if (!column.isStored) {
        this.#checkValue(column, row);
        continue;
      }
      if (isFirst) isFirst = false;
      else sink.prepared(COMMA);
      writeValue(sink, column, row);
    }
    sink.prepared(INSERT_END);
    return true;
  }

  /** Takes a row out. */
  delete(sink: TextSink, row: StoredRow): boolean {
    const picking = this.#picking;
    if (picking === undefined) return false;
    for (let i = 0; i < picking.others.length; i++) this.#checkValue(picking.others[i], row);
    sink.prepared(this.#deleteHead);
    writeCondition(sink, picking, row);
    sink.prepared(STATEMENT_END);
    return true;
  }

  /** Makes `to` of `from`. */
  update(sink: TextSink, from: StoredRow, to: StoredRow): boolean {
    const picking = this.#picking;
    if (picking === undefined || this.#firstSettable === undefined) return false;
    sink.prepared(this.#updateHead);
    const columns = this.#columns;
    let isFirst = true;
    for (let i = 0; i < columns.length; i++) {
      const column = columns[i];
      if (!this.#differs(column, from, to) || !column.isStored) continue;
      if (column.isAlwaysGenerated) return false;
      if (isFirst) isFirst = false;
      else sink.prepared(COMMA);
      sink.prepared(column.assign);
      writeValue(sink, column, to);
    }
    if (isFirst) {
      sink.prepared(this.#firstSettable.assign);
      writeValue(sink, this.#firstSettable, to);
    }
    sink.prepared(WHERE);
    writeCondition(sink, picking, from);
    sink.prepared(STATEMENT_END);
    return true;
  }

  /** Have the two rows different values there, as far as their texts tell? Both have texts when this returns. */
  #differs(column: ColumnBytes, a: StoredRow, b: StoredRow): boolean {
    const { index, certainSize } = column;
    const startA = a.starts[index];
    const startB = b.starts[index];
    if (startA === NULL_VALUE || startB === NULL_VALUE) {
      this.#checkValue(column, a);
      this.#checkValue(column, b);
      return startA !== startB;
    }
    const endA = a.ends[index];
    const endB = b.ends[index];
    const bytesA = a.bytesOf(index);
    const bytesB = b.bytesOf(index);
    if (areEqual(bytesA, startA, endA, bytesB, startB, endB)) {
      if (!column.isText || !isAscii) this.#checkValue(column, b);
      return false;
    }
    if (endA - startA === certainSize && endB - startB === certainSize) return true;
    const scratch = this.#scratch;
    scratch.length = 0;
    column.append(scratch, bytesA, startA, endA);
    const middle = scratch.length;
    column.append(scratch, bytesB, startB, endB);
    return !areEqual(scratch.bytes, 0, middle, scratch.bytes, middle, scratch.length);
  }

  /** Throws unless the value can be put into text. */
  #checkValue({ index, certainSize, append }: ColumnBytes, row: StoredRow): void {
    const start = row.starts[index];
    const end = row.ends[index];
    if (start === NULL_VALUE || end - start === certainSize) return;
    this.#scratch.length = 0;
    append(this.#scratch, row.bytesOf(index), start, end);
  }
}

function writeValue(sink: TextSink, { index, value }: ColumnBytes, row: StoredRow): void {
  const start = row.starts[index];
  if (start === NULL_VALUE) sink.prepared(NULL);
  else value.write(sink, row.bytesOf(index), start, row.ends[index]);
}

function writeCondition(sink: TextSink, { head, tail, conditions }: PickingBytes, row: StoredRow): void {
  if (head.length > 0) sink.prepared(head);
  for (let i = 0; i < conditions.length; i++) {
    const condition = conditions[i];
    if (i > 0) sink.prepared(AND);
    const { index } = condition.column;
    const start = row.starts[index];
    if (start === NULL_VALUE) {
      sink.prepared(condition.none);
      continue;
    }
    sink.prepared(condition.head);
    condition.literal.write(sink, row.bytesOf(index), start, row.ends[index]);
    if (condition.tail.length > 0) sink.prepared(condition.tail);
  }
  if (tail.length > 0) sink.prepared(tail);
}

/** Are those that areEqual() has found equal known to be ASCII? */
let isAscii = false;

function areEqual(a: Buffer, startA: number, endA: number, b: Buffer, startB: number, endB: number): boolean {
  isAscii = false;
  const size = endA - startA;
  if (size !== endB - startB) return false;
  if (size > LONG_VALUE) return a.compare(b, startB, endB, startA, endA) === 0;
  let bits = 0;
  for (let i = 0; i < size; i++) {
    const byte = a[startA + i];
    if (byte !== b[startB + i]) return false;
    bits |= byte;
  }
  isAscii = bits < 0x80;
  return true;
}

/** The writer for rows of this version of a table; undefined for what is written in another way. */
export function rowBytes(decoder: RowDecoder): RowBytes | undefined {
  if (isLargeObjectTable(decoder.table)) return undefined;
  let writer = known.get(decoder);
  if (writer === undefined) {
    writer = new RowBytes(decoder);
    known.set(decoder, writer);
  }
  return writer;
}

const known = new WeakMap<RowDecoder, RowBytes>();
