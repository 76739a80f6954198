/** What definitions are made of: rows of the system catalogs in plain objects, wherever those come from. */
import type { DatabaseDefinition, Oid } from './model.js';
import type { AttributeRow } from './tables/attributes.js';
import type { IndexRow } from './tables/indexes.js';
import type { NamedRow, NamespaceRow } from './tables/named.js';
import type { ProcedureRow } from './tables/procedures.js';
import type { ClassRow, InheritsRow } from './tables/relations.js';
import type { EnumRow, RangeRow, TypeRow } from './tables/types.js';

/** The catalog of one database at one moment, row by row. Rows that did not change are the same objects from moment to moment. */
export interface CatalogRows {
  readonly database: DatabaseDefinition;
  readonly majorVersion: number;
  relation(oid: Oid): ClassRow | undefined;
  /** The relation's file: relfilenode, or what the map says. */
  fileNode(relation: ClassRow): number;
  /** In attnum order, from 1, dropped ones included. */
  attributes(relationOid: Oid): readonly AttributeRow[];
  indexes(relationOid: Oid): readonly IndexRow[];
  parents(relationOid: Oid): readonly InheritsRow[];
  namespace(oid: Oid): NamespaceRow | undefined;
  type(oid: Oid): TypeRow | undefined;
  enumLabels(typeOid: Oid): readonly EnumRow[];
  range(typeOid: Oid): RangeRow | undefined;
  /** The range whose multirange this is (14 and later). */
  rangeOfMultirange(typeOid: Oid): RangeRow | undefined;
  procedure(oid: Oid): ProcedureRow | undefined;
  /** How many functions of that schema have that name. */
  procedureCount(namespaceOid: Oid, name: string): number;
  role(oid: Oid): NamedRow | undefined;
}
