/** Constraints of tables that were there before: added, dropped, renamed, validated; and foreign keys of new ones. */

import { quoteIdentifier } from '../bytes/identifiers.js';
import type { Lsn } from '../bytes/lsn.js';
import { CatalogOid } from '../catalog/bootstrap.js';
import type { Oid } from '../catalog/model.js';
import type { CatalogSnapshot } from '../catalog/snapshot.js';
import { type ConstraintRow, pgConstraint } from '../catalog/tables/constraints.js';
import { constraintText } from './constraint-text.js';
import { reasonOf } from './node-tree.js';
import { label, relationSubject } from './object-names.js';
import { type Run, Stage } from './run.js';
import { addTableChange, type TableChange } from './table-change.js';
import type { DdlRename, TouchedRelation } from './touched-relation.js';

/** Kinds with a statement of their own; NOT NULL goes with its column, a trigger's with the trigger. */
const KINDS = 'cpuxf';

function constraintsOf(rows: CatalogSnapshot, oid: Oid): ConstraintRow[] {
  return rows.all(pgConstraint, oid).filter((each) => KINDS.includes(each.kind));
}

/** Comes with a parent's, or with what a foreign key makes on partitions. */
function isImplied(constraint: ConstraintRow): boolean {
  return constraint.parentOid !== 0 || !constraint.isLocal;
}

function textOf(rows: CatalogSnapshot, constraint: ConstraintRow): string | undefined {
  try {
    return constraintText(rows, constraint, true);
  } catch (error) {
    reasonOf(error);
    return undefined;
  }
}

/** Did a column that the constraint speaks of get another type? Then the constraint was made anew with it. */
function retyped(run: Run, constraint: ConstraintRow): boolean {
  return [
    [constraint.relationOid, constraint.columns] as const,
    [constraint.referencedOid, constraint.referencedColumns] as const,
  ].some(([oid, columns]) => {
    const before = run.before.attributes(oid);
    return run.after.attributes(oid).some((now) => {
      const was = before.find((each) => each.number === now.number);
      const changed =
        was &&
        (was.typeOid !== now.typeOid || was.typmod !== now.typmod || was.collationOid !== now.collationOid);
      return changed && (columns.length === 0 || columns.includes(now.number));
    });
  });
}

/** Adds every statement about constraints of the touched tables. */
export function constraintChanges(run: Run, tables: readonly TouchedRelation[], renames: DdlRename[]): void {
  const lsns = new Map<Oid, Lsn>();
  for (const { lsn, row } of run.rowsOf<ConstraintRow>(CatalogOid.constraint))
    if (!lsns.has(row.oid)) lsns.set(row.oid, lsn);
  const all = new Map<Oid, TableChange[]>();
  for (const { oid, lsn, before, after } of tables) {
    if (!after) continue;
    const now = constraintsOf(run.after, oid);
    const table = label(run.after, after);
    if (!before) {
      // What CREATE TABLE could not say: a foreign key needs the other table, and NOT VALID needs rows.
      all.set(
        oid,
        now
          .filter((each) => !isImplied(each) && (each.kind === 'f' || !each.validated || !each.enforced))
          .map((each) => added(run, each, lsns.get(each.oid) ?? lsn, table)),
      );
      continue;
    }
    const old = constraintsOf(run.before, oid);
    const changes: TableChange[] = [];
    all.set(oid, changes);
    for (const each of old) {
      const same = now.find((other) => other.oid === each.oid);
      const renewed = same ?? now.find((other) => other.name === each.name && other.kind === each.kind);
      const at = lsns.get(each.oid) ?? lsn;
      if (same && same.name !== each.name) rename(run, after.oid, each, same, at, renames);
      if (renewed) {
        changes.push(...altered(run, each, renewed, at, table));
        continue;
      }
      changes.push(dropped(run, each, at, table));
    }
    for (const each of now) {
      const known = old.some(
        (other) => other.oid === each.oid || (other.name === each.name && other.kind === each.kind),
      );
      if (!known) changes.push(added(run, each, lsns.get(each.oid) ?? lsn, table));
    }
  }
  for (const [oid, changes] of all) {
    for (const change of changes) addTableChange(run, oid, change, all);
  }
}

function added(run: Run, constraint: ConstraintRow, lsn: Lsn, table: string): TableChange {
  const name = quoteIdentifier(constraint.name);
  const text = textOf(run.after, constraint);
  const relation = run.after.relation(constraint.relationOid)!;
  return {
    key: `add constraint ${constraint.kind === 'c' ? `${name} ${text}` : constraint.parentOid || constraint.oid}`,
    stage: constraint.kind === 'f' ? Stage.foreignKey : Stage.constraint,
    order: constraint.oid,
    lsn,
    description: `adds constraint ${constraint.name} to table ${table}`,
    subject: relationSubject(run.after, relation, 'alter'),
    ...(text === undefined
      ? { reason: whyNot(run.after, constraint) }
      : { redo: `ADD CONSTRAINT ${name} ${text}`, undo: `DROP CONSTRAINT ${name}` }),
  };
}

function dropped(run: Run, constraint: ConstraintRow, lsn: Lsn, table: string): TableChange {
  const name = quoteIdentifier(constraint.name);
  const text = textOf(run.before, constraint);
  // With one of its columns it goes by itself; until then it may still be dropped by name.
  const relation = run.before.relation(constraint.relationOid)!;
  return {
    key: `drop constraint ${constraint.kind === 'c' ? name : constraint.parentOid || constraint.oid}`,
    stage: Stage.dropConstraint,
    // What refers goes before what is referred to.
    order: constraint.kind === 'f' ? -1 : 0,
    lsn,
    description: `drops constraint ${constraint.name} of table ${table}`,
    subject: relationSubject(run.before, relation, 'alter'),
    redo: `DROP CONSTRAINT ${name}`,
    ...(text !== undefined && { undo: `ADD CONSTRAINT ${name} ${text}` }),
  };
}

function whyNot(rows: CatalogSnapshot, constraint: ConstraintRow): string {
  try {
    constraintText(rows, constraint, true);
  } catch (error) {
    return reasonOf(error);
  }
  return 'it cannot be told';
}

function altered(run: Run, was: ConstraintRow, now: ConstraintRow, lsn: Lsn, table: string): TableChange[] {
  const [old, fresh] = [textOf(run.before, was), textOf(run.after, now)];
  if (isImplied(now) && isImplied(was)) return [];
  const name = quoteIdentifier(now.name);
  const about = {
    key: `alter constraint ${name}`,
    stage: Stage.constraint,
    order: now.oid,
    lsn,
    description: `alters constraint ${now.name} of table ${table}`,
    subject: relationSubject(run.after, run.after.relation(now.relationOid)!, 'alter'),
  };
  if (was.validated !== now.validated && now.validated && was.oid === now.oid)
    return [{ ...about, redo: `VALIDATE CONSTRAINT ${name}` }];
  const timing = (constraint: ConstraintRow) =>
    `ALTER CONSTRAINT ${name} ${constraint.deferrable ? 'DEFERRABLE' : 'NOT DEFERRABLE'} ${constraint.deferred ? 'INITIALLY DEFERRED' : 'INITIALLY IMMEDIATE'}`;
  if (
    was.oid === now.oid &&
    now.kind === 'f' &&
    (was.deferrable !== now.deferrable || was.deferred !== now.deferred)
  )
    return [{ ...about, redo: timing(now), undo: timing(was) }];
  if (old === fresh || was.oid === now.oid || retyped(run, now)) return [];
  // Dropped, and another one made under the name.
  return [{ ...dropped(run, was, lsn, table) }, { ...added(run, now, lsn, table) }];
}

/** A constraint's index goes by its name, and is renamed with it. */
function rename(
  run: Run,
  relationOid: Oid,
  was: ConstraintRow,
  now: ConstraintRow,
  lsn: Lsn,
  renames: DdlRename[],
): void {
  if (isImplied(now)) return;
  const table = run.after.relation(relationOid)!;
  const container = `${run.after.namespace(table.namespaceOid)?.name ?? ''}\0${table.name}`;
  renames.push({
    space: `constraint ${relationOid}`,
    id: now.oid,
    lsn,
    word: 'CONSTRAINT',
    from: [container, was.name],
    to: [container, now.name],
  });
}
