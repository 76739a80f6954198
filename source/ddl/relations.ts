/** Relations made, dropped, renamed and altered: from what a run left in pg_class and all that hangs off it. */
import type { Lsn } from '../bytes/lsn.js';
import { CatalogOid, FIRST_NORMAL_OID } from '../catalog/bootstrap.js';
import type { Oid } from '../catalog/model.js';
import type { AttributeDefaultRow, AttributeRow } from '../catalog/tables/attributes.js';
import type { ConstraintRow } from '../catalog/tables/constraints.js';
import type { IndexRow } from '../catalog/tables/indexes.js';
import type { ClassRow, InheritsRow, SequenceRow } from '../catalog/tables/relations.js';
import { columnChanges } from './column-changes.js';
import { constraintChanges } from './constraints.js';
import { createTable } from './create-table.js';
import { indexChanges } from './indexes.js';
import { inheritanceChanges } from './inheritance.js';
import { label, relationName, relationSubject } from './object-names.js';
import { otherRelation } from './other-relations.js';
import { type Run, Stage } from './run.js';
import { sequenceChanges } from './sequences.js';
import { addTableChange, type TableChange } from './table-change.js';
import { tableSettings } from './table-settings.js';
import { type DdlRename, noteRename, type TouchedRelation } from './touched-relation.js';

/** Every relation of which a row changed, with the LSN of its first change. */
function touchedRelations(run: Run): Map<Oid, Lsn> {
  const touched = new Map<Oid, Lsn>();
  const touch = (oid: Oid, lsn: Lsn): void => {
    if (oid >= FIRST_NORMAL_OID && !touched.has(oid)) touched.set(oid, lsn);
  };
  for (const { lsn, row } of run.rowsOf<ClassRow>(CatalogOid.class)) touch(row.oid, lsn);
  for (const { lsn, row } of run.rowsOf<AttributeRow>(CatalogOid.attribute)) touch(row.relationOid, lsn);
  for (const { lsn, row } of run.rowsOf<AttributeDefaultRow>(CatalogOid.attributeDefault))
    touch(row.relationOid, lsn);
  for (const { lsn, row } of run.rowsOf<ConstraintRow>(CatalogOid.constraint)) touch(row.relationOid, lsn);
  for (const { lsn, row } of run.rowsOf<IndexRow>(CatalogOid.index)) {
    touch(row.relationOid, lsn);
    touch(row.oid, lsn);
  }
  for (const { lsn, row } of run.rowsOf<InheritsRow>(CatalogOid.inherits)) touch(row.childOid, lsn);
  for (const { lsn, row } of run.rowsOf<SequenceRow>(CatalogOid.sequence)) touch(row.oid, lsn);
  return touched;
}

/** Everything about relations that a run changed. */
export function relationStatements(run: Run, renames: DdlRename[]): void {
  const tables: TouchedRelation[] = [];
  const indexes: TouchedRelation[] = [];
  const sequences: TouchedRelation[] = [];
  for (const [oid, lsn] of touchedRelations(run)) {
    const before = run.before.relation(oid);
    const after = run.after.relation(oid);
    const relation = after ?? before;
    if (!relation || run.isTemporary(relation.namespaceOid) || run.isTransient(relation)) continue;
    if (run.isMember(CatalogOid.class, oid)) continue;
    const touched = { oid, lsn, before, after };
    if (relation.kind === 'r' || relation.kind === 'p') tables.push(touched);
    else if (relation.kind === 'i' || relation.kind === 'I') indexes.push(touched);
    else if (relation.kind === 'S') sequences.push(touched);
    else if ('vmf'.includes(relation.kind)) otherRelation(run, touched, renames);
  }
  for (const table of tables) noteRename(run, table, renames);
  for (const table of tables) if (!table.before && table.after) createTable(run, table.after, table.lsn);
  dropTables(run, tables);
  alterTables(run, tables);
  constraintChanges(run, tables, renames);
  indexChanges(run, indexes, renames);
  sequenceChanges(run, sequences, renames);
}

/** One DROP TABLE for all that went: foreign keys and partitions among them are in nobody's way then. */
function dropTables(run: Run, tables: readonly TouchedRelation[]): void {
  const dropped = tables.filter(({ before, after }) => before && !after);
  if (dropped.length === 0) return;
  const rows = run.before;
  const relations = dropped.map(({ before }) => before!);
  const names = relations.map((each) => label(rows, each));
  run.tell(
    Stage.dropTable,
    0,
    {
      lsn: Math.min(...dropped.map(({ lsn }) => lsn)),
      description: `drops ${names.length === 1 ? 'table' : 'tables'} ${names.join(', ')}`,
      subject: {
        ...relationSubject(rows, relations[0], 'drop'),
        and: relations.slice(1).map((each) => relationSubject(rows, each, 'drop')),
      },
    },
    () => ({
      redo: `DROP TABLE ${relations.map((each) => relationName(rows, each.oid)).join(', ')}`,
      note: 'undo cannot bring back the rows it held: they are not in the WAL',
    }),
  );
}

/** Tables that were there before and are there after. */
function alterTables(run: Run, tables: readonly TouchedRelation[]): void {
  const changes = new Map<Oid, readonly TableChange[]>();
  for (const { oid, lsn, before, after } of tables) {
    if (!before || !after) continue;
    changes.set(oid, columnChanges(run, before, after));
    inheritanceChanges(run, before, after, lsn);
    tableSettings(run, before, after, lsn);
  }
  for (const [oid, own] of changes) {
    for (const change of own) addTableChange(run, oid, change, changes);
  }
}
