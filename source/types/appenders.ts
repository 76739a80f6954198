/** Output functions that write into a TextSink: what outputFunction gives, as UTF-8, the common types without a string or an object. */
import type { Oid, TypeLookup } from '../catalog/model.js';
import type { AppendFactory, AppendFunction } from './append.js';
import { appendDate, appendTime, appendTimestamp } from './date-time-appenders.js';
import { SQL_ASCII, UTF8 } from './encoding.js';
import {
  appendBoolean,
  appendFloat4,
  appendFloat8,
  appendInt2,
  appendInt4,
  appendInt8,
  appendNumeric,
  appendUnsigned,
} from './number-appenders.js';
import type { OutputFunction } from './output.js';
import { outputForm, outputFunction } from './registry.js';
import {
  appendBytea,
  appendEnum,
  appendName,
  appendText,
  appendUuid,
  isWellFormed,
} from './text-appenders.js';

export type { AppendFunction } from './append.js';

/** By the output function that they stand in for. */
const APPENDERS: ReadonlyMap<string, AppendFactory> = new Map([
  ['boolout', appendBoolean],
  ['int2out', appendInt2],
  ['int4out', appendInt4],
  ['int8out', appendInt8],
  ['oidout', appendUnsigned],
  ['xidout', appendUnsigned],
  ['cidout', appendUnsigned],
  ['numeric_out', appendNumeric],
  ['float4out', appendFloat4],
  ['float8out', appendFloat8],
  ['date_out', appendDate],
  ['time_out', appendTime],
  ['timestamp_out', appendTimestamp('')],
  ['timestamptz_out', appendTimestamp('+00')],
  ['uuid_out', appendUuid],
  ['byteaout', appendBytea],
]);

/** The same for a database whose text is UTF-8 already. */
const TEXT_APPENDERS: ReadonlyMap<string, AppendFactory> = new Map([
  ['textout', appendText],
  ['varcharout', appendText],
  ['bpcharout', appendText],
  ['json_out', appendText],
  ['citextout', appendText],
  ['nameout', appendName],
  ['cstring_out', appendName],
]);

const appendersByLookup = new WeakMap<TypeLookup, Map<Oid, AppendFunction>>();

/** The append function of a type, the same object each time for one lookup. Throws what outputFunction throws. */
export function appendFunction(typeOid: Oid, lookup: TypeLookup): AppendFunction {
  let appenders = appendersByLookup.get(lookup);
  if (!appenders) {
    appenders = new Map();
    appendersByLookup.set(lookup, appenders);
  }
  let append = appenders.get(typeOid);
  if (!append) {
    append = findAppender(typeOid, lookup);
    appenders.set(typeOid, append);
  }
  return append;
}

function findAppender(typeOid: Oid, lookup: TypeLookup): AppendFunction {
  const output = outputFunction(typeOid, lookup);
  const slow = lookup.encoding === SQL_ASCII ? throughWellFormed(output) : throughOutput(output);
  const form = outputForm(typeOid, lookup);
  if (form === undefined) return slow;
  if (typeof form !== 'string') return appendEnum(form)(slow);
  const fast = APPENDERS.get(form) ?? (lookup.encoding === UTF8 ? TEXT_APPENDERS.get(form) : undefined);
  return fast ? fast(slow) : slow;
}

/** Any type, by way of a string. */
function throughOutput(output: OutputFunction): AppendFunction {
  return (sink, bytes, start, end) => sink.utf8(output(bytes, start, end));
}

/** The same where the string may hold bytes that are not UTF-8. */
function throughWellFormed(output: OutputFunction): AppendFunction {
  return (sink, bytes, start, end) => {
    const text = output(bytes, start, end);
    if (!isWellFormed(text)) throw new RangeError('the text holds bytes that are not UTF-8');
    sink.utf8(text);
  };
}
