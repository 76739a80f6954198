/**
 * Numbers straight into bytes. Each writes what it surely can and leaves everything else (a wrong length, digits that are none, numbers
 * that a double does not hold) to the type's output function, whose text or error then stands.
 */
import { type TextSink, writeFour, writeInteger } from '../bytes/text-sink.js';
import type { AppendFactory } from './append.js';

const TWO_TO_32 = 0x1_0000_0000;
/** High halves within this lie, together with any low half, inside the integers a number holds exactly. */
const EXACT_HIGH_HALF = 0x20_0000;

/** int2out. */
export const appendInt2: AppendFactory = (slow) => (sink, bytes, start, end) => {
  if (end - start !== 2 || start < 0 || end > bytes.length) slow(sink, bytes, start, end);
  else sink.integer(((bytes[start] | (bytes[start + 1] << 8)) << 16) >> 16);
};

/** int4out. */
export const appendInt4: AppendFactory = (slow) => (sink, bytes, start, end) => {
  if (end - start !== 4 || start < 0 || end > bytes.length) slow(sink, bytes, start, end);
  else sink.integer(readInt32(bytes, start));
};

/** oidout, xidout and cidout. */
export const appendUnsigned: AppendFactory = (slow) => (sink, bytes, start, end) => {
  if (end - start !== 4 || start < 0 || end > bytes.length) slow(sink, bytes, start, end);
  else sink.integer(readInt32(bytes, start) >>> 0);
};

/** int8out. */
export const appendInt8: AppendFactory = (slow) => (sink, bytes, start, end) => {
  if (end - start !== 8 || start < 0 || end > bytes.length) return slow(sink, bytes, start, end);
  const high = readInt32(bytes, start + 4);
  if (high <= -EXACT_HIGH_HALF || high >= EXACT_HIGH_HALF) return slow(sink, bytes, start, end);
  sink.integer(high * TWO_TO_32 + (readInt32(bytes, start) >>> 0));
};

/** boolout. */
export const appendBoolean: AppendFactory = (slow) => (sink, bytes, start, end) => {
  if (end - start !== 1 || start < 0 || end > bytes.length) slow(sink, bytes, start, end);
  else sink.byte(bytes[start] === 0 ? 0x66 : 0x74);
};

/** Whole numbers below this are what a float4 and a float8 print without an exponent. */
const PLAIN_FLOAT4 = 1_000_000;
const PLAIN_FLOAT8 = 1e15;

/** float8out: whole numbers here, others as strings, which is where their shortest digits come from. */
export const appendFloat8: AppendFactory = (slow) => (sink, bytes, start, end) => {
  if (end - start !== 8 || start < 0 || end > bytes.length) return slow(sink, bytes, start, end);
  appendWhole(sink, bytes, start, end, bytes.readDoubleLE(start), PLAIN_FLOAT8, slow);
};

/** float4out. */
export const appendFloat4: AppendFactory = (slow) => (sink, bytes, start, end) => {
  if (end - start !== 4 || start < 0 || end > bytes.length) return slow(sink, bytes, start, end);
  appendWhole(sink, bytes, start, end, bytes.readFloatLE(start), PLAIN_FLOAT4, slow);
};

function appendWhole(
  sink: TextSink,
  bytes: Buffer,
  start: number,
  end: number,
  value: number,
  limit: number,
  slow: ReturnType<AppendFactory>,
): void {
  // Zero may be a negative one, which shows.
  if (value !== 0 && value < limit && value > -limit && Math.floor(value) === value) sink.integer(value);
  else slow(sink, bytes, start, end);
}

/** NUMERIC_SIGN_MASK and its values (types/numeric.ts). */
const SIGN_MASK = 0xc000;
const SHORT = 0x8000;
const SPECIAL = 0xc000;
const NEGATIVE = 0x4000;
/** Longer numbers than these are left to the output function: base-10,000 digits before the point, decimal digits behind it. */
const MOST_GROUPS = 250;
const MOST_SCALE = 1000;

const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;

/** numeric_out. */
export const appendNumeric: AppendFactory = (slow) => (sink, bytes, start, end) => {
  const size = end - start;
  if (size < 2 || (size & 1) !== 0 || start < 0 || end > bytes.length) return slow(sink, bytes, start, end);
  const header = bytes[start] | (bytes[start + 1] << 8);
  const sign = header & SIGN_MASK;
  let weight: number;
  let scale: number;
  let negative: boolean;
  let digits = start + 2;
  if (sign === SHORT) {
    weight = (header << 25) >> 25;
    scale = (header & 0x1f80) >> 7;
    negative = (header & 0x2000) !== 0;
  } else {
    if (sign === SPECIAL || size < 4) return slow(sink, bytes, start, end);
    weight = ((bytes[start + 2] | (bytes[start + 3] << 8)) << 16) >> 16;
    scale = header & 0x3fff;
    negative = sign === NEGATIVE;
    digits += 2;
  }
  if (weight > MOST_GROUPS || scale > MOST_SCALE) return slow(sink, bytes, start, end);
  sink.reserve((weight < 0 ? 0 : weight) * 4 + scale + 16);
  const out = sink.bytes;
  let at = sink.length;
  if (negative) out[at++] = MINUS;
  if (weight < 0) out[at++] = ZERO;
  for (let index = 0; index <= weight; index++) {
    const group = readGroup(bytes, digits + index * 2, end);
    if (group > 9999) return slow(sink, bytes, start, end);
    at = index === 0 ? writeInteger(out, at, group) : writeFour(out, at, group);
  }
  if (scale > 0) {
    out[at++] = POINT;
    const last = at + scale;
    for (let index = weight + 1; at < last; index++) {
      const group = index < 0 ? 0 : readGroup(bytes, digits + index * 2, end);
      if (group > 9999) return slow(sink, bytes, start, end);
      at = writeFour(out, at, group);
    }
    at = last;
  }
  sink.length = at;
};

function readGroup(bytes: Buffer, at: number, end: number): number {
  return at < end ? bytes[at] | (bytes[at + 1] << 8) : 0;
}

function readInt32(bytes: Buffer, at: number): number {
  return bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
}
