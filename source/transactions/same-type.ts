/** Do two views of the catalog have the same text for every value of a type? */
import { isDeepStrictEqual } from 'node:util';
import type { Oid, TypeLookup } from '../catalog/model.js';

/**
 * Built-in types whose values are printed as the names of other things, which any view may know or not: regproc regprocedure regoper
 * regoperator regclass regtype regconfig regdictionary regnamespace regrole regcollation aclitem (catalog/pg_type.dat).
 */
const NAMES: ReadonlySet<number> = new Set([
  24, 2202, 2203, 2204, 2205, 2206, 3734, 3769, 4089, 4096, 4191, 1033,
]);

/** Types within types are followed so far: deeper is none but in a catalog that is broken. */
const DEEPEST = 32;

/** Is the type, and whatever it is made of, the same in both? */
export function isSameType(a: TypeLookup, b: TypeLookup, oid: Oid, depth = 0): boolean {
  if (depth > DEEPEST || NAMES.has(oid) || a.encoding !== b.encoding) return false;
  const type = a.type(oid);
  if (type === undefined || !isDeepStrictEqual(type, b.type(oid))) return false;
  const parts = [type.elementOid, type.baseOid, type.rangeOid];
  for (const { typeOid, dropped } of type.attributes ?? []) if (!dropped) parts.push(typeOid);
  return parts.every((part) => part === 0 || isSameType(a, b, part, depth + 1));
}
