/** Whether what DDL speaks of is there. */
import type { Catalog } from '../catalog/catalog.js';
import type { Moment } from '../catalog/moment.js';
import type { DdlSubject } from '../rows/row-change.js';

/** Is there such a relation, column, type or schema in `database` at that moment? Undefined when that cannot be told. */
export function hasDefinition(
  catalog: Catalog,
  now: Moment,
  database: string,
  { kind, schema, name, column }: DdlSubject,
): boolean | undefined {
  const oid = catalog.databases().find((each) => each.name === database)?.oid;
  const rows = oid === undefined ? undefined : catalog.rows(oid, now);
  if (!rows) return undefined;
  switch (kind) {
    case 'schema':
      return rows.hasSchema(name);
    case 'type':
      return rows.typeNamed(schema, name) !== undefined;
    case 'relation':
      return rows.relationNamed(schema, name) !== undefined;
    case 'column': {
      const relation = rows.relationNamed(schema, name);
      return (
        relation !== undefined &&
        rows.attributes(relation.oid).some((each) => !each.dropped && each.name === column)
      );
    }
    default:
      return undefined;
  }
}
