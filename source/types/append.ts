/** What a type's append function looks like, and how one is prepared. */
import type { TextSink } from '../bytes/text-sink.js';

/**
 * Appends the text form of the datum bytes[start,end) to `sink`: exactly the UTF-8 of what the type's output function gives for the same
 * bytes (types/output.ts says how a datum lies there). Throws what that one throws, and RangeError for text of a SQL_ASCII database that
 * is not UTF-8; the sink's length is then as it was.
 */
export type AppendFunction = (sink: TextSink, bytes: Buffer, start: number, end: number) => void;

/** Prepares a faster append function in front of `slow`, which knows every value, and to which it leaves the unusual ones. */
export type AppendFactory = (slow: AppendFunction) => AppendFunction;
