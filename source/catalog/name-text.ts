/** Names in the catalog are bytes in the database's encoding; this makes them text. */
import { isUtf8 } from 'node:buffer';
import { RAW_BYTE, textReader } from '../types/encoding.js';
import { UndecodableValueError } from '../types/output.js';
import type { DecodeText } from './tables/spec.js';

/** pg_enc of SQL_ASCII: bytes that nobody vouches for. */
const SQL_ASCII = 0;

/**
 * Does a name hold bytes that could not be read? Each is a lone surrogate (see RAW_BYTE), which no name holds: what is written with one
 * cannot name a wrong thing.
 */
export function isUnreadable(name: string): boolean {
  return /\p{Cs}/u.test(name);
}

/**
 * How names are read in a database of that encoding (pg_enc). Shared catalogs (undefined) hold names from databases of any encoding, and
 * SQL_ASCII ones are of none: both are read as UTF-8 where they are valid as such, which gives the same bytes when written back.
 */
export function nameDecoder(encoding: number | undefined): DecodeText {
  if (encoding === undefined || encoding === SQL_ASCII) {
    return (bytes) => {
      const buffer = asBuffer(bytes);
      return isUtf8(buffer) ? buffer.toString('utf8') : asciiOf(buffer);
    };
  }
  const read = textReader(encoding);
  return (bytes) => {
    const buffer = asBuffer(bytes);
    try {
      return read(buffer, 0, buffer.length);
    } catch (error) {
      if (error instanceof UndecodableValueError) return asciiOf(buffer);
      throw error;
    }
  };
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function asciiOf(bytes: Buffer): string {
  return bytes
    .toString('latin1')
    .replace(/[^\0-\x7f]/g, (byte) => String.fromCharCode(RAW_BYTE + byte.charCodeAt(0)));
}
