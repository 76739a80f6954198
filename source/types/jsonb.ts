/** jsonb_out: the binary tree of utils/jsonb.h, printed as JsonbToCString does. */
import { inlineVarlenaData } from '../bytes/varlena.js';
import { numericOutput } from './numeric.js';
import { type OutputFactory, type OutputFunction, overPayload, UndecodableValueError } from './output.js';

/** JsonbContainer's header: a count and what it counts. */
const COUNT_MASK = 0x0fff_ffff;
const SCALAR = 0x1000_0000;
const OBJECT = 0x2000_0000;
const ARRAY = 0x4000_0000;

/** JEntry: a length (or, every so often, an end offset), a type, and the flag that tells which of the two it is. */
const LENGTH_MASK = 0x0fff_ffff;
const TYPE_MASK = 0x7000_0000;
const HAS_OFFSET = 0x8000_0000;
const STRING = 0x0000_0000;
const NUMERIC = 0x1000_0000;
const FALSE = 0x2000_0000;
const TRUE = 0x3000_0000;
const NULL = 0x4000_0000;
const CONTAINER = 0x5000_0000;

const NEEDS_ESCAPE = /["\\\u0000-\u001f]/;
const ESCAPED = /["\\\u0000-\u001f]/g;
const SHORT_ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
};

/** escape_json: a JSON string with its quotes. Everything but quotes, backslashes and control characters stays as it is. */
export function escapeJson(text: string): string {
  if (!NEEDS_ESCAPE.test(text)) return `"${text}"`;
  const escaped = text.replace(
    ESCAPED,
    (character) => SHORT_ESCAPES[character] ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return `"${escaped}"`;
}

/** jsonb_out. */
export const jsonbOutput: OutputFactory = ({ text }) => overPayload((data) => formatContainer(data, 0, text));

/** Where the children of one container lie: end offsets, relative to the first byte behind the entries. */
function childEnds(data: Buffer, entries: number, count: number): number[] {
  const ends: number[] = [];
  let end = 0;
  for (let index = 0; index < count; index++) {
    const entry = data.readUInt32LE(entries + index * 4);
    end = entry >= HAS_OFFSET ? entry & LENGTH_MASK : end + (entry & LENGTH_MASK);
    ends.push(end);
  }
  return ends;
}

function formatContainer(data: Buffer, offset: number, text: OutputFunction): string {
  const header = data.readUInt32LE(offset);
  const count = header & COUNT_MASK;
  const isObject = (header & OBJECT) !== 0;
  if (!isObject && (header & ARRAY) === 0)
    throw new UndecodableValueError('a jsonb container is neither an object nor an array');
  const children = isObject ? count * 2 : count;
  const entries = offset + 4;
  const base = entries + children * 4;
  if (base > data.length) throw new UndecodableValueError('a jsonb container ends inside its entries');
  const ends = childEnds(data, entries, children);
  const child = (index: number): string => {
    const type = data.readUInt32LE(entries + index * 4) & TYPE_MASK;
    return formatChild(data, base, type, index === 0 ? 0 : ends[index - 1], ends[index], text);
  };
  const parts: string[] = [];
  if (!isObject) {
    for (let index = 0; index < count; index++) parts.push(child(index));
    // A scalar at the top is kept as an array of one that says so.
    return (header & SCALAR) !== 0 ? parts[0] : `[${parts.join(', ')}]`;
  }
  // All keys come first, then all values.
  for (let index = 0; index < count; index++) parts.push(`${child(index)}: ${child(count + index)}`);
  return `{${parts.join(', ')}}`;
}

/** One child, whose bytes are [start,end) behind `base`; a number or container is aligned to four bytes within that. */
function formatChild(
  data: Buffer,
  base: number,
  type: number,
  start: number,
  end: number,
  text: OutputFunction,
): string {
  switch (type) {
    case STRING:
      return escapeJson(text(data, base + start, base + end));
    case NUMERIC: {
      const number = inlineVarlenaData(data, base + alignToInt(start), base + end);
      return numericOutput(number, 0, number.length);
    }
    case FALSE:
      return 'false';
    case TRUE:
      return 'true';
    case NULL:
      return 'null';
    case CONTAINER:
      return formatContainer(data, base + alignToInt(start), text);
    default:
      throw new UndecodableValueError(`a jsonb entry has type ${type.toString(16)}, which is not known`);
  }
}

/** INTALIGN. Containers themselves begin aligned, so offsets within them can be aligned by themselves. */
function alignToInt(offset: number): number {
  return (offset + 3) & ~3;
}
