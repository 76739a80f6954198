/** Output functions that write into a TextSink: what outputFunction gives, as UTF-8. */
import type { TextSink } from '../bytes/text-sink.js';
import type { Oid, TypeLookup } from '../catalog/model.js';
import { SQL_ASCII } from './encoding.js';
import type { OutputFunction } from './output.js';
import { outputFunction } from './registry.js';

/**
 * Appends the text form of the datum bytes[start,end) to `sink`: exactly the UTF-8 of what the type's output function gives for the same
 * bytes (types/output.ts says how a datum lies there). Throws what that one throws, and RangeError for text of a SQL_ASCII database that
 * is not UTF-8; after which the sink may hold a part of the value, so the caller sets its length back.
 */
export type AppendFunction = (sink: TextSink, bytes: Buffer, start: number, end: number) => void;

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
  return lookup.encoding === SQL_ASCII ? throughWellFormed(output) : throughOutput(output);
}

/** Any type, by way of a string. */
function throughOutput(output: OutputFunction): AppendFunction {
  return (sink, bytes, start, end) => sink.utf8(output(bytes, start, end));
}

/** The same where the string may hold lone surrogates, which stand for bytes that UTF-8 has no place for (types/encoding.ts). */
function throughWellFormed(output: OutputFunction): AppendFunction {
  return (sink, bytes, start, end) => {
    const text = output(bytes, start, end);
    if (LONE_SURROGATE.test(text)) throw new RangeError('the text holds bytes that are not UTF-8');
    sink.utf8(text);
  };
}

const LONE_SURROGATE = /\p{Cs}/u;
