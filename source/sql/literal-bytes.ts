/** Literals as bytes, straight from a value's own: the same that literals.ts writes of its text. */
import { PreparedText } from '../bytes/prepared-text.js';
import { isPlainText } from '../bytes/string-literal.js';
import type { TextSink } from '../bytes/text-sink.js';
import type { ColumnTexts } from '../rows/row-decoder.js';
import { type Literal, literalText } from './literals.js';
import { TYPE } from './type-oids.js';

const QUOTE = 0x27;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const TRUE_LETTER = 0x74;
const FALSE_LETTER = 0x66;
const TRUE = new PreparedText('true');
const FALSE = new PreparedText('false');
/** Hex digits behind this and before a quote: what becomes of a backslash and an x. */
const BYTEA_HEAD = new PreparedText("E'\\");

/** Types whose text never holds anything but digits, letters, spaces and the likes of `-:+.`. */
const ALWAYS_PLAIN: ReadonlySet<number> = new Set([
  TYPE.int2,
  TYPE.int4,
  TYPE.int8,
  TYPE.oid,
  TYPE.xid,
  TYPE.numeric,
  TYPE.float4,
  TYPE.float8,
  TYPE.date,
  TYPE.time,
  TYPE.timetz,
  TYPE.timestamp,
  TYPE.timestamptz,
  TYPE.uuid,
]);

/** Writes literals of one column in one kind of place. */
export class LiteralBytes {
  readonly #literal: Literal;
  readonly #form: Literal['form'] | 'plain' | 'bytes';
  readonly #cast: PreparedText;
  readonly #append: ColumnTexts['append'];
  readonly #output: ColumnTexts['output'];

  /** `texts` are those of the column's type, which is `typeOid`. */
  constructor(literal: Literal, typeOid: number, { append, output }: ColumnTexts) {
    this.#literal = literal;
    const { form } = literal;
    this.#form =
      form !== 'quoted'
        ? form
        : ALWAYS_PLAIN.has(typeOid)
          ? 'plain'
          : typeOid === TYPE.bytea
            ? 'bytes'
            : form;
    this.#cast = new PreparedText(literal.cast);
    this.#append = append;
    this.#output = output;
  }

  /** Appends the literal of the datum bytes[start,end). Throws what the type's append function throws, and then leaves something behind. */
  write(sink: TextSink, bytes: Buffer, start: number, end: number): void {
    const mark = sink.length;
    switch (this.#form) {
      case 'whole':
        // All that these types' output functions write is a whole number.
        this.#append(sink, bytes, start, end);
        return;
      case 'decimal':
        this.#append(sink, bytes, start, end);
        if (!isDecimal(sink.bytes, mark, sink.length)) this.#throughText(sink, mark, bytes, start, end);
        return;
      case 'boolean': {
        this.#append(sink, bytes, start, end);
        const letter = sink.bytes[mark];
        if (sink.length - mark !== 1 || (letter !== TRUE_LETTER && letter !== FALSE_LETTER))
          return this.#throughText(sink, mark, bytes, start, end);
        sink.length = mark;
        sink.prepared(letter === TRUE_LETTER ? TRUE : FALSE);
        return;
      }
      case 'bytes':
        sink.prepared(BYTEA_HEAD);
        this.#append(sink, bytes, start, end);
        break;
      case 'plain':
        sink.byte(QUOTE);
        this.#append(sink, bytes, start, end);
        break;
      default:
        sink.byte(QUOTE);
        this.#append(sink, bytes, start, end);
        if (!isPlainText(sink.bytes, mark + 1, sink.length))
          return this.#throughText(sink, mark, bytes, start, end);
    }
    sink.byte(QUOTE);
    if (this.#cast.length > 0) sink.prepared(this.#cast);
  }

  #throughText(sink: TextSink, mark: number, bytes: Buffer, start: number, end: number): void {
    sink.length = mark;
    sink.utf8(literalText(this.#literal, this.#output(bytes, start, end)));
  }
}

/** `-?(0|[1-9][0-9]*)(\.[0-9]+)?` */
function isDecimal(bytes: Uint8Array, start: number, end: number): boolean {
  let at = start;
  if (at < end && bytes[at] === MINUS) at++;
  if (at >= end) return false;
  if (bytes[at] === ZERO) at++;
  else {
    const first = at;
    while (at < end && isDigit(bytes[at])) at++;
    if (at === first) return false;
  }
  if (at === end) return true;
  if (bytes[at] !== POINT || at + 1 === end) return false;
  for (at++; at < end; at++) if (!isDigit(bytes[at])) return false;
  return true;
}

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= NINE;
}
