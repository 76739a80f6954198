/** What every type's output function looks like, and what it says when it cannot put a value into text. */
import type { Oid, TypeLookup } from '../catalog/model.js';

/**
 * Puts one datum into PostgreSQL's text form: bytes[start,end) is the datum without its varlena header, already
 * fetched and decompressed; for a type of fixed length its bytes as stored, little-endian, passed by value or not.
 *
 * The text is what the server's own output function gives under UTF-8, `DateStyle = ISO, YMD`, `TimeZone = UTC`,
 * `IntervalStyle = postgres`, `bytea_output = hex`, `extra_float_digits = 1` (12 and later; the same text, which reads
 * back exactly, is given for 10 and 11) and `lc_monetary = C`.
 *
 * Throws UndecodableValueError.
 */
export type OutputFunction = (bytes: Buffer, start: number, end: number) => string;

/** The same for formats with an inner structure: `data` is the payload alone, so nothing can be read past its end. */
export type PayloadOutput = (data: Buffer) => string;

/** What an output function may need of its surroundings. */
export interface OutputContext {
  readonly lookup: TypeLookup;
  /** Reads bytes in the database's encoding. */
  readonly text: OutputFunction;
  /** The output function of another type of the same database: an element's, a field's, a bound's. */
  outputOf(typeOid: Oid): OutputFunction;
}

/** Prepares a type's output function for one database. */
export type OutputFactory = (context: OutputContext) => OutputFunction;

/** A value whose bytes cannot be put into text exactly. `reason` is one sentence without a full stop. */
export class UndecodableValueError extends Error {
  readonly reason: string;
  constructor(reason: string, options?: ErrorOptions) {
    super(reason, options);
    this.name = 'UndecodableValueError';
    this.reason = reason;
  }
}

/** Gives a structured format its payload alone. */
export function overPayload(output: PayloadOutput): OutputFunction {
  return (bytes, start, end) => output(bytes.subarray(start, end));
}

/** Throws UndecodableValueError unless bytes[start,end) is exactly `length` bytes that are there. */
export function requireLength(bytes: Buffer, start: number, end: number, length: number): void {
  if (end - start !== length || start < 0 || end > bytes.length)
    throw new UndecodableValueError(`the value is ${end - start} bytes long where ${length} are needed`);
}
