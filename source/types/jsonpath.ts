/** jsonpath_out: a path expression kept as a tree of items (utils/adt/jsonpath.c), version 1 of the format. */
import { inlineVarlenaData } from '../bytes/varlena.js';
import { escapeJson } from './jsonb.js';
import { numericOutput } from './numeric.js';
import { type OutputFactory, type OutputFunction, overPayload, UndecodableValueError } from './output.js';

const VERSION = 1;
const LAX = 0x8000_0000;
/** Behind the header, which follows the varlena header. */
const FIRST_ITEM = 4;
/** What `last` is kept as in `**{…}`. */
const LAST_LEVEL = 0xffff_ffff;

/** JsonPathItemType, as of 13 and later. */
const NULL = 0;
const STRING = 1;
const NUMERIC = 2;
const BOOL = 3;
const NOT = 6;
const IS_UNKNOWN = 7;
const PLUS = 19;
const MINUS = 20;
const ANY_ARRAY = 21;
const ANY_KEY = 22;
const INDEX_ARRAY = 23;
const ANY = 24;
const KEY = 25;
const CURRENT = 26;
const ROOT = 27;
const VARIABLE = 28;
const FILTER = 29;
const EXISTS = 30;
const DATETIME = 37;
const LAST = 40;
const LIKE_REGEX = 42;

/** Operators between two operands: how they are written and how tightly they bind (operationPriority). */
const BINARY_OPERATORS: ReadonlyMap<number, readonly [operator: string, priority: number]> = new Map([
  [4, ['&&', 1]],
  [5, ['||', 0]],
  [8, ['==', 2]],
  [9, ['!=', 2]],
  [10, ['<', 2]],
  [11, ['>', 2]],
  [12, ['<=', 2]],
  [13, ['>=', 2]],
  [14, ['+', 3]],
  [15, ['-', 3]],
  [16, ['*', 4]],
  [17, ['/', 4]],
  [18, ['%', 4]],
  [41, ['starts with', 2]],
]);
const SIGN_PRIORITY = 5;
const OTHER_PRIORITY = 6;

/** Methods without arguments. From `bigint` on since 17. */
const PLAIN_METHODS: ReadonlyMap<number, string> = new Map([
  [31, 'type'],
  [32, 'size'],
  [33, 'abs'],
  [34, 'floor'],
  [35, 'ceiling'],
  [36, 'double'],
  [38, 'keyvalue'],
  [43, 'bigint'],
  [44, 'boolean'],
  [45, 'date'],
  [47, 'integer'],
  [48, 'number'],
  [49, 'string'],
]);

/** Methods with at most one argument, and one with two. From `decimal` on since 17. */
const METHODS_WITH_ARGUMENT: ReadonlyMap<number, string> = new Map([
  [DATETIME, 'datetime'],
  [50, 'time'],
  [51, 'time_tz'],
  [52, 'timestamp'],
  [53, 'timestamp_tz'],
]);
const DECIMAL = 46;

/** JSP_REGEX_*: the letters of like_regex's flags, in the order they are printed. */
const REGEX_FLAGS: readonly (readonly [bit: number, letter: string])[] = [
  [0x01, 'i'],
  [0x02, 's'],
  [0x04, 'm'],
  [0x08, 'x'],
  [0x10, 'q'],
];

/**
 * JsonPathItemType's numbers by major: 13 put `datetime` (37) in the middle of those of 12, and none has moved since.
 */
function itemTypesOf(majorVersion: number | undefined): (type: number) => number {
  const isOld = majorVersion !== undefined && majorVersion < 13;
  return isOld ? (type) => (type >= DATETIME ? type + 1 : type) : (type) => type;
}

/** jsonpath_out. A number that is followed by a method is put in parentheses, as since 16; without them some servers refuse it. */
export const jsonpathOutput: OutputFactory = ({ text, lookup }) => {
  const typeOf = itemTypesOf(lookup.majorVersion);
  return overPayload((data) => {
    const header = data.readUInt32LE(0);
    if ((header & 0x7fff_ffff) !== VERSION)
      throw new UndecodableValueError(`jsonpath version ${header & 0x7fff_ffff} is not known`);
    return (header >= LAX ? '' : 'strict ') + formatItem({ data, text, typeOf }, FIRST_ITEM, false, true);
  });
};

interface Path {
  readonly data: Buffer;
  readonly text: OutputFunction;
  /** The type, by today's numbers, that a stored number means. */
  readonly typeOf: (type: number) => number;
}

/** An item's fields begin behind its type byte, aligned, and the four bytes that point at the next item. */
function fieldsOf(item: number): number {
  return ((item + 4) & ~3) + 4;
}

/** Follows a pointer, kept relative to the item; undefined when it is zero, which means none. */
function follow(path: Path, item: number, pointer: number): number | undefined {
  const distance = path.data.readInt32LE(pointer);
  if (distance < 0) throw new UndecodableValueError('a jsonpath item points backwards');
  return distance === 0 ? undefined : item + distance;
}

function formatItem(path: Path, item: number, inKey: boolean, brackets: boolean): string {
  const next = follow(path, item, fieldsOf(item) - 4);
  const own = formatOne(path, item, inKey, brackets, next !== undefined);
  return next === undefined ? own : own + formatItem(path, next, true, true);
}

function formatOne(path: Path, item: number, inKey: boolean, brackets: boolean, hasNext: boolean): string {
  const { data } = path;
  const type = path.typeOf(data.readUInt8(item));
  const fields = fieldsOf(item);
  const argument = (pointer = fields): string => {
    const target = follow(path, item, pointer);
    return target === undefined ? '' : formatItem(path, target, false, false);
  };
  switch (type) {
    case NULL:
      return 'null';
    case KEY:
      return `${inKey ? '.' : ''}${formatString(path, fields)}`;
    case STRING:
      return formatString(path, fields);
    case VARIABLE:
      return `$${formatString(path, fields)}`;
    case NUMERIC: {
      const number = inlineVarlenaData(data, fields, data.length);
      const written = numericOutput(number, 0, number.length);
      return hasNext ? `(${written})` : written;
    }
    case BOOL:
      return data.readUInt8(fields) === 0 ? 'false' : 'true';
    case LIKE_REGEX:
      return bracket(brackets, formatRegex(path, item, fields));
    case PLUS:
    case MINUS:
      return bracket(
        brackets,
        (type === PLUS ? '+' : '-') + formatOperand(path, item, fields, SIGN_PRIORITY),
      );
    case FILTER:
      return `?(${argument()})`;
    case NOT:
      return `!(${argument()})`;
    case IS_UNKNOWN:
      return `(${argument()}) is unknown`;
    case EXISTS:
      return `exists (${argument()})`;
    case CURRENT:
      return '@';
    case ROOT:
      return '$';
    case LAST:
      return 'last';
    case ANY_ARRAY:
      return '[*]';
    case ANY_KEY:
      return inKey ? '.*' : '*';
    case ANY:
      return (inKey ? '.' : '') + formatLevels(data.readUInt32LE(fields), data.readUInt32LE(fields + 4));
    case INDEX_ARRAY:
      return `[${formatSubscripts(path, item, fields)}]`;
    case DECIMAL: {
      const scale = argument(fields + 4);
      return `.decimal(${argument()}${scale === '' ? '' : `,${scale}`})`;
    }
  }
  const operator = BINARY_OPERATORS.get(type);
  if (operator) {
    const [symbol, priority] = operator;
    const left = formatOperand(path, item, fields, priority);
    return bracket(brackets, `${left} ${symbol} ${formatOperand(path, item, fields + 4, priority)}`);
  }
  const method = METHODS_WITH_ARGUMENT.get(type);
  if (method) return `.${method}(${argument()})`;
  const plainMethod = PLAIN_METHODS.get(type);
  if (plainMethod) return `.${plainMethod}()`;
  throw new UndecodableValueError(`jsonpath item type ${type} is not known`);
}

function bracket(brackets: boolean, written: string): string {
  return brackets ? `(${written})` : written;
}

function priorityOf(type: number): number {
  if (type === PLUS || type === MINUS) return SIGN_PRIORITY;
  if (type === LIKE_REGEX) return OTHER_PRIORITY;
  return BINARY_OPERATORS.get(type)?.[1] ?? OTHER_PRIORITY;
}

function formatOperand(path: Path, item: number, pointer: number, priority: number): string {
  const operand = follow(path, item, pointer);
  if (operand === undefined) throw new UndecodableValueError('a jsonpath operator lacks an operand');
  return formatItem(path, operand, false, priorityOf(path.typeOf(path.data.readUInt8(operand))) <= priority);
}

/** A length, that many bytes, and a zero that is not counted. */
function formatString(path: Path, offset: number): string {
  const start = offset + 4;
  return escapeJson(path.text(path.data, start, start + path.data.readInt32LE(offset)));
}

function formatRegex(path: Path, item: number, fields: number): string {
  const flags = path.data.readUInt32LE(fields);
  const letters = REGEX_FLAGS.filter(([bit]) => (flags & bit) !== 0).map(([, letter]) => letter);
  const expression = formatOperand(path, item, fields + 4, OTHER_PRIORITY);
  const pattern = formatString(path, fields + 8);
  return `${expression} like_regex ${pattern}${flags === 0 ? '' : ` flag "${letters.join('')}"`}`;
}

function formatLevels(first: number, last: number): string {
  if (first === 0 && last === LAST_LEVEL) return '**';
  const level = (number: number): string => (number === LAST_LEVEL ? 'last' : String(number));
  return first === last ? `**{${level(first)}}` : `**{${level(first)} to ${level(last)}}`;
}

function formatSubscripts(path: Path, item: number, fields: number): string {
  const count = path.data.readInt32LE(fields);
  const subscripts: string[] = [];
  for (let index = 0; index < count; index++) {
    const pointer = fields + 4 + index * 8;
    const from = follow(path, item, pointer);
    const to = follow(path, item, pointer + 4);
    if (from === undefined) throw new UndecodableValueError('a jsonpath subscript lacks its expression');
    const range = to === undefined ? '' : ` to ${formatItem(path, to, false, false)}`;
    subscripts.push(formatItem(path, from, false, false) + range);
  }
  return subscripts.join(',');
}
