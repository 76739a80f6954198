/** Types and domains made, dropped, renamed and altered. */
import type { Lsn } from '../bytes/lsn.js';
import { CatalogOid, FIRST_NORMAL_OID } from '../catalog/bootstrap.js';
import type { Oid } from '../catalog/model.js';
import type { AttributeRow } from '../catalog/tables/attributes.js';
import type { ConstraintRow } from '../catalog/tables/constraints.js';
import type { ClassRow } from '../catalog/tables/relations.js';
import type { EnumRow, RangeRow, TypeRow } from '../catalog/tables/types.js';
import { alterType, subject, word } from './altered-type.js';
import { reasonOf } from './node-tree.js';
import { label } from './object-names.js';
import { type Run, Stage } from './run.js';
import type { DdlRename } from './touched-relation.js';
import { createType, standsAlone, typeName } from './type-text.js';

function touchedTypes(run: Run): Map<Oid, Lsn> {
  const touched = new Map<Oid, Lsn>();
  const touch = (oid: Oid, lsn: Lsn): void => {
    if (oid >= FIRST_NORMAL_OID && !touched.has(oid)) touched.set(oid, lsn);
  };
  for (const { lsn, row } of run.rowsOf<TypeRow>(CatalogOid.type)) touch(row.oid, lsn);
  for (const { lsn, row } of run.rowsOf<EnumRow>(CatalogOid.enum)) touch(row.typeOid, lsn);
  for (const { lsn, row } of run.rowsOf<RangeRow>(CatalogOid.range)) touch(row.rangeOid, lsn);
  for (const { lsn, row } of run.rowsOf<ConstraintRow>(CatalogOid.constraint)) touch(row.typeOid, lsn);
  const ofRelation = (oid: Oid, lsn: Lsn): void => {
    for (const rows of [run.after, run.before]) {
      const relation = rows.relation(oid);
      if (relation?.kind === 'c') touch(relation.typeOid, lsn);
    }
  };
  for (const { lsn, row } of run.rowsOf<AttributeRow>(CatalogOid.attribute)) ofRelation(row.relationOid, lsn);
  for (const { lsn, row } of run.rowsOf<ClassRow>(CatalogOid.class)) ofRelation(row.oid, lsn);
  return touched;
}

/** Adds every statement about types that a run touched. */
export function typeStatements(run: Run, renames: DdlRename[]): void {
  for (const [oid, lsn] of touchedTypes(run)) {
    const before = run.before.type(oid);
    const after = run.after.type(oid);
    const type = after ?? before;
    if (!type || run.isTemporary(type.namespaceOid) || run.isMember(CatalogOid.type, oid)) continue;
    const rows = after ? run.after : run.before;
    if (!standsAlone(rows, type)) continue;
    if (before && after) alterType(run, before, after, lsn, renames);
    else if (after)
      run.tell(
        Stage.type,
        oid,
        { lsn, description: `creates type ${label(rows, after)}`, subject: subject(rows, after, 'create') },
        () => ({ redo: createType(rows, after), undo: `DROP ${word(after)} ${typeName(rows, after)}` }),
      );
    else if (before) dropType(run, before, lsn);
  }
}

/** A dropped type goes late, when no column has it any more: unless its name is wanted again before. */
function dropType(run: Run, before: TypeRow, lsn: Lsn): void {
  run.tell(
    Stage.dropLate,
    before.oid,
    {
      lsn,
      description: `drops type ${label(run.before, before)}`,
      subject: subject(run.before, before, 'drop'),
    },
    () => {
      let undo: string | undefined;
      try {
        undo = createType(run.before, before);
      } catch (error) {
        reasonOf(error);
      }
      return { redo: `DROP ${word(before)} ${typeName(run.before, before)}`, undo };
    },
  );
}
