/** Types of which every value that a server has written can be put into text: nothing of it depends on more than its bytes. */
import type { Oid, TypeLookup } from '../catalog/model.js';

/** pg_enc: SQL_ASCII, UTF8, LATIN1. In others there may be a character that is not known. */
const ENCODINGS: ReadonlySet<number> = new Set([0, 6, 8]);

/** pg_type.dat: base types, by OID. */
const BASE_TYPES: ReadonlySet<Oid> = new Set([
  16, 17, 18, 19, 20, 21, 23, 25, 26, 114, 600, 601, 602, 603, 604, 628, 650, 700, 701, 718, 774, 829, 869,
  1042, 1043, 1082, 1083, 1114, 1184, 1186, 1266, 1560, 1562, 1700, 2950, 3614, 3802,
]);

/** Can every value of the type be put into text, in a database of this encoding (pg_enc)? False where only decoding it tells. */
export function isAlwaysDecodable(typeOid: Oid, encoding: number | undefined, types: TypeLookup): boolean {
  if (encoding !== undefined && !ENCODINGS.has(encoding)) return false;
  if (BASE_TYPES.has(typeOid)) return true;
  const type = types.type(typeOid);
  if (!type) return false;
  if (type.kind === 'd') return isAlwaysDecodable(type.baseOid, encoding, types);
  if (type.kind === 'e') return true;
  const isArray = type.category === 'A' && type.length === -1 && type.elementOid !== 0;
  return isArray && isAlwaysDecodable(type.elementOid, encoding, types);
}
