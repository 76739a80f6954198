/** Changes of a table that are clauses of ALTER TABLE: partitions and children follow their parent, or do not. */
import type { Lsn } from '../bytes/lsn.js';
import type { Oid } from '../catalog/model.js';
import type { CatalogSnapshot } from '../catalog/snapshot.js';
import { INHERITS_BY_PARENT, pgInherits } from '../catalog/tables/relations.js';
import type { DdlSubject } from '../rows/row-change.js';
import { parentsOf } from './inheritance.js';
import { relationName } from './object-names.js';
import { type Run, Stage } from './run.js';

/** One clause of ALTER TABLE. */
export interface TableChange {
  /** The same for the same change of another table: partitions and children follow their parent. */
  readonly key: string;
  readonly stage: number;
  readonly order: number;
  readonly lsn: Lsn;
  readonly description: string;
  readonly redo?: string;
  readonly undo?: string;
  readonly reason?: string;
  readonly note?: string;
  readonly subject?: DdlSubject;
}

/** Adds a change of a table, unless its parent's takes it along; says ONLY where not all children follow. */
export function addTableChange(
  run: Run,
  oid: Oid,
  change: TableChange,
  all: ReadonlyMap<Oid, readonly TableChange[]>,
): void {
  const has = (other: Oid): boolean => all.get(other)?.some((each) => each.key === change.key) ?? false;
  const implied = parentsOf(run.after, oid).some(
    ({ parentOid }) => has(parentOid) && childrenOf(run, parentOid).every(has),
  );
  if (implied) return;
  const children = childrenOf(run, oid);
  const only = children.length > 0 && !children.every(has) ? 'ONLY ' : '';
  const rows = change.stage < Stage.rename ? run.before : run.after;
  const { redo, undo, lsn, description, reason, note, subject } = change;
  run.tell(change.stage, change.order, { lsn, description, subject }, () => {
    const prefix = `ALTER TABLE ${only}${relationName(rows, oid)} `;
    const whole = (clauses: string | undefined) =>
      clauses
        ?.split('\0')
        .map((clause) => prefix + clause)
        .join('; ');
    return { redo: whole(redo), undo: whole(undo), reason, note };
  });
}

/** Tables that inherited from this one all the while. */
function childrenOf(run: Run, oid: Oid): Oid[] {
  const children = (rows: CatalogSnapshot) =>
    rows.all(pgInherits, oid, INHERITS_BY_PARENT).map((each) => each.childOid);
  const before = new Set(children(run.before));
  return children(run.after).filter((each) => before.has(each));
}
