/** Characters that hide or act, in the bytes of a database that is not UTF-8: SQL names them there byte by byte. */
import { HIDDEN_CHARACTERS } from '../bytes/hidden-characters.js';
import type { HiddenBytes } from '../bytes/string-literal.js';
import { RAW_BYTE, textReader } from '../types/encoding.js';
import { UndecodableValueError } from '../types/output.js';

/** pg_enc numbers. */
const SQL_ASCII = 0;
const UTF8 = 6;

const known = new Map<number, HiddenBytes>();

/** For quoteLiteral, by pg_enc number; undefined for UTF-8. */
export function hiddenBytes(encoding: number): HiddenBytes | undefined {
  if (encoding === UTF8) return undefined;
  let hidden = known.get(encoding);
  if (hidden === undefined) {
    hidden = encoding === SQL_ASCII ? asStored : fromMap(mapOf(encoding));
    known.set(encoding, hidden);
  }
  return hidden;
}

/** Text of a SQL_ASCII database is its bytes, read as UTF-8 where they are that. */
function asStored(character: string): readonly number[] {
  const code = character.charCodeAt(0);
  return code >= RAW_BYTE && code <= RAW_BYTE + 0xff && character.length === 1
    ? [code - RAW_BYTE]
    : [...Buffer.from(character, 'utf8')];
}

function fromMap(map: ReadonlyMap<string, readonly number[]>): HiddenBytes {
  return (character) => (character < '\x80' ? [character.charCodeAt(0)] : map.get(character));
}

/** Every hidden character of an encoding of one or two bytes. (Those of three, in EUC_JP, hold none.) */
function mapOf(encoding: number): Map<string, readonly number[]> {
  const read = textReader(encoding);
  const map = new Map<string, readonly number[]>();
  const add = (bytes: readonly number[]): boolean => {
    try {
      const character = read(Buffer.from(bytes), 0, bytes.length);
      if (HIDDEN_CHARACTERS.test(character)) map.set(character, bytes);
      return true;
    } catch (error) {
      if (error instanceof UndecodableValueError) return false;
      throw error;
    }
  };
  for (let first = 0x80; first <= 0xff; first++) {
    if (add([first])) continue;
    for (let second = 0xa1; second <= 0xfe; second++) add([first, second]);
  }
  return map;
}
