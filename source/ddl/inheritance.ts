/** Parents of tables, by inheritance or as partitions: given and taken away. */
import type { Lsn } from '../bytes/lsn.js';
import type { Oid } from '../catalog/model.js';
import type { CatalogSnapshot } from '../catalog/snapshot.js';
import type { ClassRow, InheritsRow } from '../catalog/tables/relations.js';
import { label, relationName, relationSubject } from './object-names.js';
import { boundText } from './partition-text.js';
import { type Run, Stage } from './run.js';

/** What a table inherits from, in the order of inhseqno. */
export function parentsOf(rows: CatalogSnapshot, oid: Oid): InheritsRow[] {
  return [...rows.parents(oid)].sort((a, b) => a.sequenceNumber - b.sequenceNumber);
}

/** Tells of a table that became a partition. */
export function attach(run: Run, relation: ClassRow, parentOid: Oid, lsn: Lsn): void {
  const rows = run.after;
  run.tell(
    Stage.attach,
    relation.oid,
    {
      lsn,
      description: `makes table ${label(rows, relation)} a partition`,
      subject: relationSubject(rows, relation, 'alter'),
    },
    () => {
      const parent = relationName(rows, parentOid);
      const child = relationName(rows, relation.oid);
      return {
        redo: `ALTER TABLE ${parent} ATTACH PARTITION ${child} ${boundText(rows, relation)}`,
        undo: `ALTER TABLE ${parent} DETACH PARTITION ${child}`,
      };
    },
  );
}

/** ATTACH, DETACH, INHERIT, NO INHERIT. */
export function inheritanceChanges(run: Run, before: ClassRow, after: ClassRow, lsn: Lsn): void {
  const old = parentsOf(run.before, before.oid).map((each) => each.parentOid);
  const now = parentsOf(run.after, after.oid).map((each) => each.parentOid);
  const name = label(run.after, after);
  const subject = relationSubject(run.after, after, 'alter');
  for (const parent of old.filter((each) => !now.includes(each))) {
    // A dropped parent took its partitions along, or could not have been dropped.
    if (!run.after.relation(parent)) continue;
    run.tell(
      Stage.detach,
      before.oid,
      { lsn, description: `takes table ${name} out of its parent`, subject },
      () => {
        const child = relationName(run.before, before.oid);
        const of = relationName(run.before, parent);
        return before.isPartition
          ? {
              redo: `ALTER TABLE ${of} DETACH PARTITION ${child}`,
              undo: `ALTER TABLE ${of} ATTACH PARTITION ${child} ${boundText(run.before, before)}`,
            }
          : { redo: `ALTER TABLE ${child} NO INHERIT ${of}`, undo: `ALTER TABLE ${child} INHERIT ${of}` };
      },
    );
  }
  for (const parent of now.filter((each) => !old.includes(each))) {
    if (after.isPartition) attach(run, after, parent, lsn);
    else
      run.tell(Stage.attach, after.oid, { lsn, description: `makes table ${name} inherit`, subject }, () => {
        const child = relationName(run.after, after.oid);
        const of = relationName(run.after, parent);
        return { redo: `ALTER TABLE ${child} INHERIT ${of}`, undo: `ALTER TABLE ${child} NO INHERIT ${of}` };
      });
  }
}
