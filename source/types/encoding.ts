/** What bytes of text mean in a database's encoding (mb/pg_wchar.h, pg_enc), read into JavaScript strings exactly. */
import { isUtf8 } from 'node:buffer';
import { NO_CHARACTER, UPPER_HALVES } from './encoding-tables.js';
import { EXTENDED_UNIX_ENCODINGS, type ExtendedUnixEncoding } from './extended-unix.js';
import { type OutputFunction, UndecodableValueError } from './output.js';

/** pg_enc of the encodings that need no table. */
export const SQL_ASCII = 0;
export const UTF8 = 6;
const LATIN1 = 8;

/** Added to a byte that is no character: a lone surrogate, which no text of any other database holds. */
export const RAW_BYTE = 0xdc00;

/** What a decoder that forgives writes for what it cannot read. */
const REPLACEMENT = '\ufffd';

function requireWithin(bytes: Buffer, start: number, end: number): void {
  if (start > end || end > bytes.length) throw new UndecodableValueError('the text runs past its value');
}

const readUtf8: OutputFunction = (bytes, start, end) => {
  requireWithin(bytes, start, end);
  const text = bytes.toString('utf8', start, end);
  // A replacement character is either in the value or a sign that the bytes are not UTF-8.
  if (text.includes(REPLACEMENT) && !isUtf8(bytes.subarray(start, end)))
    throw new UndecodableValueError('the text is not valid UTF-8');
  return text;
};

/**
 * A SQL_ASCII database does not say what bytes above 127 mean. Text in it is shown as UTF-8 where it is that; else each such byte becomes
 * a lone surrogate, U+DC80 to U+DCFF, which stands for the byte and nothing else (as Python's surrogateescape has it).
 */
const readAscii: OutputFunction = (bytes, start, end) => {
  requireWithin(bytes, start, end);
  if (isUtf8(bytes.subarray(start, end))) return bytes.toString('utf8', start, end);
  return bytes
    .toString('latin1', start, end)
    .replace(/[\x80-\xff]/g, (byte) => String.fromCharCode(RAW_BYTE + byte.charCodeAt(0)));
};

const readLatin1: OutputFunction = (bytes, start, end) => {
  requireWithin(bytes, start, end);
  return bytes.toString('latin1', start, end);
};

/** A single-byte encoding, by the characters of its upper half. */
function readSingleByte(upperHalf: string): OutputFunction {
  return (bytes, start, end) => {
    requireWithin(bytes, start, end);
    let text = '';
    for (let offset = start; offset < end; offset++) {
      const byte = bytes[offset];
      const character = byte < 0x80 ? String.fromCharCode(byte) : upperHalf[byte - 0x80];
      if (character === NO_CHARACTER)
        throw new UndecodableValueError(
          `byte 0x${byte.toString(16)} is no character of the database's encoding`,
        );
      text += character;
    }
    return text;
  };
}

/** An EUC encoding: every byte of a character beyond ASCII is above 127. */
function readExtendedUnix(encoding: ExtendedUnixEncoding): OutputFunction {
  const decoder = new TextDecoder(encoding.label, { fatal: true, ignoreBOM: true });
  // Filled as characters are met: a database uses few of the thousands there are.
  const known = new Map(encoding.differences);
  const character = (bytes: Buffer, start: number, length: number): string => {
    const code = bytes.readUIntBE(start, length);
    let text = known.get(code);
    if (text === undefined) {
      const missing = encoding.missing.some(([first, last]) => code >= first && code <= last);
      try {
        text = missing ? NO_CHARACTER : decoder.decode(bytes.subarray(start, start + length));
      } catch {
        text = NO_CHARACTER;
      }
      known.set(code, text);
    }
    if (text === NO_CHARACTER)
      throw new UndecodableValueError(`0x${code.toString(16)} is no character of the database's encoding`);
    return text;
  };
  return (bytes, start, end) => {
    requireWithin(bytes, start, end);
    let text = '';
    for (let offset = start; offset < end; ) {
      const byte = bytes[offset];
      const length = byte < 0x80 ? 1 : byte === encoding.threeByteLead ? 3 : 2;
      if (offset + length > end) throw new UndecodableValueError('the text ends inside a character');
      text += length === 1 ? String.fromCharCode(byte) : character(bytes, offset, length);
      offset += length;
    }
    return text;
  };
}

/** An encoding of which only ASCII is read here. */
function readAsciiOf(name: string): OutputFunction {
  return (bytes, start, end) => {
    requireWithin(bytes, start, end);
    for (let offset = start; offset < end; offset++)
      if (bytes[offset] > 0x7f)
        throw new UndecodableValueError(`text in ${name} can only be read as far as it is ASCII`);
    return bytes.toString('latin1', start, end);
  };
}

/** By pg_enc number: server-side encodings whose characters beyond ASCII are left alone. */
const ASCII_ONLY: ReadonlyMap<number, string> = new Map([
  [4, 'EUC_TW'],
  [5, 'EUC_JIS_2004'],
  [7, 'MULE_INTERNAL'],
]);

/**
 * How bytes of a database with this pg_enc number become text. The reader throws UndecodableValueError for bytes that are
 * no character of the encoding, as the server does when it converts them to UTF-8.
 */
export function textReader(encoding: number): OutputFunction {
  if (encoding === UTF8) return readUtf8;
  if (encoding === SQL_ASCII) return readAscii;
  if (encoding === LATIN1) return readLatin1;
  const upperHalf = UPPER_HALVES.get(encoding);
  if (upperHalf) return readSingleByte(upperHalf);
  const extendedUnix = EXTENDED_UNIX_ENCODINGS.get(encoding);
  if (extendedUnix) return readExtendedUnix(extendedUnix);
  return readAsciiOf(ASCII_ONLY.get(encoding) ?? `encoding ${encoding}, which is not known,`);
}
