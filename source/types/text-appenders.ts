/** Text of a UTF-8 database, bytes, UUIDs and enum labels straight into bytes; all else is left to the output function. */

import { isUtf8 } from 'node:buffer';
import { PreparedText } from '../bytes/prepared-text.js';
import type { TypeDefinition } from '../catalog/model.js';
import type { AppendFactory } from './append.js';

/** Longer text than this is looked at by the engine, which is faster at it but costs more to ask. */
const LONG_TEXT = 96;

/** textout and its relatives. */
export const appendText: AppendFactory = (slow) => (sink, bytes, start, end) => {
  const size = end - start;
  if (size < 0 || start < 0 || end > bytes.length) return slow(sink, bytes, start, end);
  if (size > LONG_TEXT) {
    const text = bytes.subarray(start, end);
    if (isUtf8(text)) sink.copy(bytes, start, end);
    else slow(sink, bytes, start, end);
    return;
  }
  sink.reserve(size);
  const out = sink.bytes;
  const shift = sink.length - start;
  for (let offset = start; offset < end; ) {
    const byte = bytes[offset];
    if (byte <= 0x7f) {
      out[offset + shift] = byte;
      offset++;
      continue;
    }
    const after = characterEnd(bytes, offset, end);
    if (after === -1) return slow(sink, bytes, start, end);
    for (; offset < after; offset++) out[offset + shift] = bytes[offset];
  }
  sink.length += size;
};

/** Where the UTF-8 character beyond ASCII that begins at `at` ends; -1 when none does (RFC 3629, table of well-formed sequences). */
function characterEnd(bytes: Buffer, at: number, end: number): number {
  const lead = bytes[at];
  const length = lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
  if (length === 0 || at + length > end) return -1;
  const second = bytes[at + 1];
  if (second < 0x80 || second > 0xbf) return -1;
  // Neither longer than need be, nor a surrogate, nor beyond the last code point.
  if ((lead === 0xe0 && second < 0xa0) || (lead === 0xed && second > 0x9f)) return -1;
  if ((lead === 0xf0 && second < 0x90) || (lead === 0xf4 && second > 0x8f)) return -1;
  for (let offset = at + 2; offset < at + length; offset++)
    if (bytes[offset] < 0x80 || bytes[offset] > 0xbf) return -1;
  return at + length;
}

/** nameout: padded with zeros. */
export const appendName: AppendFactory = (slow) => {
  const text = appendText(slow);
  return (sink, bytes, start, end) => {
    if (end < start || start < 0 || end > bytes.length) return slow(sink, bytes, start, end);
    let last = start;
    while (last < end && bytes[last] !== 0) last++;
    text(sink, bytes, start, last);
  };
};

const HEXADECIMAL = Buffer.from('0123456789abcdef', 'latin1');
const HYPHEN = 0x2d;

/** uuid_out. */
export const appendUuid: AppendFactory = (slow) => (sink, bytes, start, end) => {
  if (end - start !== 16 || start < 0 || end > bytes.length) return slow(sink, bytes, start, end);
  sink.reserve(36);
  const out = sink.bytes;
  let at = sink.length;
  for (let index = 0; index < 16; index++) {
    if (index === 4 || index === 6 || index === 8 || index === 10) out[at++] = HYPHEN;
    const byte = bytes[start + index];
    out[at++] = HEXADECIMAL[byte >> 4];
    out[at++] = HEXADECIMAL[byte & 0xf];
  }
  sink.length = at;
};

/** byteaout under `bytea_output = hex`. */
export const appendBytea: AppendFactory = (slow) => (sink, bytes, start, end) => {
  if (end < start || start < 0 || end > bytes.length) return slow(sink, bytes, start, end);
  sink.reserve(2 + (end - start) * 2);
  const out = sink.bytes;
  let at = sink.length;
  out[at++] = 0x5c;
  out[at++] = 0x78;
  for (let offset = start; offset < end; offset++) {
    const byte = bytes[offset];
    out[at++] = HEXADECIMAL[byte >> 4];
    out[at++] = HEXADECIMAL[byte & 0xf];
  }
  sink.length = at;
};

/** enum_out: labels as bytes, by the OID of their pg_enum row. */
export function appendEnum(type: TypeDefinition): AppendFactory {
  const labels = new Map<number, PreparedText>();
  return (slow) => (sink, bytes, start, end) => {
    if (end - start !== 4 || start < 0 || end > bytes.length) return slow(sink, bytes, start, end);
    const oid = bytes.readUInt32LE(start);
    let label = labels.get(oid);
    if (label === undefined) {
      const text = type.enumLabels?.get(oid);
      if (text === undefined || !isWellFormed(text)) return slow(sink, bytes, start, end);
      label = new PreparedText(text);
      labels.set(oid, label);
    }
    sink.prepared(label);
  };
}

/** Holds the string no lone surrogate, which stands for a byte that UTF-8 has no place for (types/encoding.ts)? */
export function isWellFormed(text: string): boolean {
  return !LONE_SURROGATE.test(text);
}

const LONE_SURROGATE = /\p{Cs}/u;
