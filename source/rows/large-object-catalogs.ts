/**
 * The two catalogs whose rows are data of the users': large objects are kept in them (catalog/pg_largeobject.h and
 * pg_largeobject_metadata.h; storage/large_object/inv_api.c writes them).
 */
import type { RelationDefinition } from '../catalog/model.js';

/** LargeObjectRelationId: pages of LOBLKSIZE bytes (a quarter of a block), by loid and pageno. */
export const LARGE_OBJECT_OID = 2613;
/** LargeObjectMetadataRelationId: a row for each object, with its owner and its privileges. */
export const LARGE_OBJECT_METADATA_OID = 2995;

/** Is the relation one of the two? */
export function holdsLargeObjects({ oid, kind }: Pick<RelationDefinition, 'oid' | 'kind'>): boolean {
  return kind === 'r' && (oid === LARGE_OBJECT_OID || oid === LARGE_OBJECT_METADATA_OID);
}
