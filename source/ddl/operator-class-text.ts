/** Operator classes of indexes and partition keys: said only where they are not what the type would get anyway. */
import { qualifiedName, quoteIdentifier } from '../bytes/identifiers.js';
import { PG_CATALOG_NAMESPACE } from '../catalog/bootstrap.js';
import type { Oid } from '../catalog/model.js';
import type { CatalogSnapshot } from '../catalog/snapshot.js';
import type { AttributeRow } from '../catalog/tables/attributes.js';
import { OPERATOR_CLASS_BY_METHOD, pgOperatorClass } from '../catalog/tables/indexes.js';
import { pgCast } from '../catalog/tables/types.js';
import { CannotTellError } from './node-tree.js';
import { optionList } from './storage-options.js';

/** Pseudo-types that stand for every array, enum, range, multirange and row. */
const ANY = { array: 2277, enum: 3500, range: 3831, multirange: 4537, record: 2249 } as const;

/** get_opclass_name(): nothing when it is the type's default, and has no options. */
export function operatorClassText(
  rows: CatalogSnapshot,
  oid: Oid,
  type: Oid,
  column: AttributeRow | undefined,
): string {
  const own = rows.one(pgOperatorClass, oid);
  const schema = own && rows.namespace(own.namespaceOid);
  if (!own || !schema) throw new CannotTellError(`operator class ${oid} is not in the catalog`);
  const options = column?.options ?? [];
  if (options.length === 0 && defaultOperatorClass(rows, own.accessMethodOid, type) === oid) return '';
  const name =
    own.namespaceOid === PG_CATALOG_NAMESPACE
      ? quoteIdentifier(own.name)
      : qualifiedName(schema.name, own.name);
  return ` ${name}${options.length > 0 ? ` (${optionList(options)})` : ''}`;
}

/** GetDefaultOpClass() (commands/indexcmds.c): for the type itself, else for one that it is binary coercible to. 0 when unclear. */
function defaultOperatorClass(rows: CatalogSnapshot, method: Oid, typeOid: Oid): Oid {
  let type = rows.types.type(typeOid);
  while (type?.kind === 'd') type = rows.types.type(type.baseOid);
  if (!type) return 0;
  const coercible = new Set<Oid>(
    rows
      .all(pgCast, type.oid)
      .filter((cast) => cast.method === 'b' && cast.context === 'i')
      .map((cast) => cast.targetOid),
  );
  if (type.elementOid !== 0) coercible.add(ANY.array);
  if (type.kind === 'e') coercible.add(ANY.enum);
  if (type.kind === 'r') coercible.add(ANY.range);
  if (type.kind === 'm') coercible.add(ANY.multirange);
  if (type.kind === 'c') coercible.add(ANY.record);
  const defaults = rows
    .all(pgOperatorClass, method, OPERATOR_CLASS_BY_METHOD)
    .filter((each) => each.isDefault);
  const exact = defaults.find((each) => each.inputOid === type.oid);
  if (exact) return exact.oid;
  const compatible = defaults.filter((each) => coercible.has(each.inputOid));
  // text is the preferred one of the types that strings are coercible to.
  const preferred = compatible.filter((each) => each.inputOid === 25);
  if (preferred.length === 1) return preferred[0].oid;
  return compatible.length === 1 ? compatible[0].oid : 0;
}
