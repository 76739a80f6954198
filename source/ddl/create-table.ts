/** CREATE TABLE, from what a run left in pg_class and all that hangs off it. */
import { quoteIdentifier } from '../bytes/identifiers.js';
import type { Lsn } from '../bytes/lsn.js';
import type { Oid } from '../catalog/model.js';
import type { CatalogSnapshot } from '../catalog/snapshot.js';
import type { AttributeRow } from '../catalog/tables/attributes.js';
import { pgConstraint } from '../catalog/tables/constraints.js';
import { pgAccessMethod } from '../catalog/tables/named.js';
import type { ClassRow, InheritsRow } from '../catalog/tables/relations.js';
import { columnText, defaultText } from './columns.js';
import { constraintText } from './constraint-text.js';
import { attach, parentsOf } from './inheritance.js';
import { CannotTellError } from './node-tree.js';
import { label, relationName, relationSubject, tablespaceName } from './object-names.js';
import { boundText, partitionKeyText } from './partition-text.js';
import { type Run, Stage } from './run.js';
import { optionList, toastOptions } from './storage-options.js';
import { tableSettings } from './table-settings.js';

/** HEAP_TABLE_AM_OID, and none as before 12. */
const HEAP_METHODS: ReadonlySet<Oid> = new Set([0, 2]);

/** Tells of a table that the run made. */
export function createTable(run: Run, relation: ClassRow, lsn: Lsn): void {
  const rows = run.after;
  const name = label(rows, relation);
  const parents = parentsOf(rows, relation.oid);
  const columns = liveColumns(rows, relation.oid);
  const born = relation.isPartition && parents.length === 1 && columns.every((each) => !each.isLocal);
  run.tell(
    Stage.table,
    relation.oid,
    { lsn, description: `creates table ${name}`, subject: relationSubject(rows, relation, 'create') },
    () => ({
      redo: createTableText(run, relation, parents, columns, born),
      undo: `DROP TABLE ${relationName(rows, relation.oid)}`,
    }),
  );
  if (relation.isPartition && !born && parents.length === 1) {
    attach(run, relation, parents[0].parentOid, lsn);
  }
  if (relation.privileges !== '') {
    run.add(Stage.other, relation.oid, {
      lsn,
      description: `grants privileges on table ${name}`,
      reason: 'who was granted what is not reconstructed',
    });
  }
  tableSettings(run, undefined, relation, lsn);
}

function createTableText(
  run: Run,
  relation: ClassRow,
  parents: readonly InheritsRow[],
  columns: readonly AttributeRow[],
  born: boolean,
): string {
  const rows = run.after;
  if (relation.ofTypeOid !== 0) throw new CannotTellError('it is a table of a composite type');
  const constraints = rows
    .all(pgConstraint, relation.oid)
    .filter((each) => 'cpux'.includes(each.kind) && each.validated && each.enforced)
    .filter((each) => (born ? each.isLocal && each.parentOid === 0 : each.isLocal || each.parentOid !== 0))
    .sort((a, b) => a.oid - b.oid)
    .map((each) => `CONSTRAINT ${quoteIdentifier(each.name)} ${constraintText(rows, each, true)}`);
  const unlogged = relation.persistence === 'u' ? 'UNLOGGED ' : '';
  let text = `CREATE ${unlogged}TABLE ${relationName(rows, relation.oid)}`;
  if (born) {
    const parent = parents[0].parentOid;
    text += ` PARTITION OF ${relationName(rows, parent)}`;
    const items = [...overrides(rows, columns, parent), ...constraints];
    if (items.length > 0) text += ` (${items.join(', ')})`;
    text += ` ${boundText(rows, relation)}`;
  } else {
    const inherited = !relation.isPartition && parents.length > 0;
    const own = inherited ? columns.filter((each) => each.isLocal) : columns;
    const items = [...own.map((each) => columnText(rows, each, { withDefault: true })), ...constraints];
    text += ` (${items.join(', ')})`;
    if (inherited)
      text += ` INHERITS (${parents.map((each) => relationName(rows, each.parentOid)).join(', ')})`;
  }
  if (relation.kind === 'p') text += ` PARTITION BY ${partitionKeyText(rows, relation.oid)}`;
  if (!HEAP_METHODS.has(relation.accessMethodOid)) {
    const method = rows.one(pgAccessMethod, relation.accessMethodOid);
    if (!method) throw new CannotTellError('its access method is not in the catalog');
    text += ` USING ${quoteIdentifier(method.name)}`;
  }
  const options = [...relation.options, ...toastOptions(rows, relation)];
  if (relation.hasOids) options.push('oids=true');
  if (options.length > 0) text += ` WITH (${optionList(options)})`;
  if (relation.tablespaceOid !== 0) text += ` TABLESPACE ${tablespaceName(rows, relation.tablespaceOid)}`;
  return text;
}

/** Columns that were not dropped. */
function liveColumns(rows: CatalogSnapshot, oid: Oid): AttributeRow[] {
  return rows.attributes(oid).filter((each) => !each.dropped);
}

/** What a partition has otherwise than its parent. */
function overrides(rows: CatalogSnapshot, columns: readonly AttributeRow[], parentOid: Oid): string[] {
  const parentColumns = liveColumns(rows, parentOid);
  return columns.flatMap((column) => {
    const parent = parentColumns.find((each) => each.name === column.name);
    if (!parent || column.generated !== '' || column.identity !== '') return [];
    const own = defaultText(rows, column);
    const differs = own !== defaultText(rows, parent);
    let text = differs ? ` DEFAULT ${own ?? 'NULL'}` : '';
    if (column.notNull && !parent.notNull) text += ' NOT NULL';
    return text === '' ? [] : [`${quoteIdentifier(column.name)}${text}`];
  });
}
