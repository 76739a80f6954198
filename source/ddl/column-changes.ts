/** Columns added, dropped, renamed and altered. */
import { quoteIdentifier } from '../bytes/identifiers.js';
import type { Lsn } from '../bytes/lsn.js';
import { CatalogOid } from '../catalog/bootstrap.js';
import type { Oid } from '../catalog/model.js';
import type { AttributeRow } from '../catalog/tables/attributes.js';
import type { ClassRow } from '../catalog/tables/relations.js';
import type { DdlSubject } from '../rows/row-change.js';
import { addColumn } from './added-column.js';
import { alterColumn } from './altered-column.js';
import { settingsOfColumn } from './column-settings.js';
import { label, relationSubject } from './object-names.js';
import { orderRenames } from './renames.js';
import { type Run, Stage } from './run.js';
import type { TableChange } from './table-change.js';
import { attempt } from './written-change.js';

/** All changes of the columns of one table that was there before and is there after. Several clauses are parted by a zero character. */
export function columnChanges(run: Run, before: ClassRow, after: ClassRow): TableChange[] {
  const lsns = new Map<number, Lsn>();
  for (const { lsn, row } of run.rowsOf<AttributeRow>(CatalogOid.attribute))
    if (row.relationOid === after.oid && !lsns.has(row.number)) lsns.set(row.number, lsn);
  for (const { lsn, row } of run.rowsOf<{ relationOid: Oid; number: number }>(CatalogOid.attributeDefault))
    if (row.relationOid === after.oid && !lsns.has(row.number)) lsns.set(row.number, lsn);
  const old = new Map(run.before.attributes(before.oid).map((each) => [each.number, each]));
  const changes: TableChange[] = [];
  const renames: { id: number; space: string; from: [string, string]; to: [string, string]; lsn: Lsn }[] = [];
  const table = label(run.after, after);
  for (const now of run.after.attributes(after.oid)) {
    const was = old.get(now.number);
    const lsn = lsns.get(now.number);
    if (lsn === undefined || (now.dropped && (!was || was.dropped))) continue;
    const order = now.number;
    const subject: DdlSubject = {
      ...relationSubject(run.after, after, 'alter'),
      kind: 'column',
      column: now.name,
    };
    if (!was) {
      changes.push({
        key: `add ${now.name}`,
        stage: Stage.column,
        order,
        lsn,
        description: `adds column ${now.name} to table ${table}`,
        subject: { ...subject, effect: 'create' },
        ...attempt(() => addColumn(run, after, now)),
      });
      settingsOfColumn(run, undefined, now, lsn, table, subject, changes);
    } else if (now.dropped) {
      const name = quoteIdentifier(was.name);
      changes.push({
        key: `drop ${was.name}`,
        stage: Stage.dropColumn,
        // Before the renames, which may want its name.
        order: -1,
        lsn,
        description: `drops column ${was.name} of table ${table}`,
        redo: `DROP COLUMN ${name}`,
        note: 'undo cannot bring back what was in it: that is not in the WAL',
        subject: { ...subject, column: was.name, effect: 'drop' },
      });
    } else {
      if (was.name !== now.name)
        renames.push({ id: now.number, space: '', from: ['', was.name], to: ['', now.name], lsn });
      alterColumn(run, before, after, was, now, lsn, table, subject, changes);
    }
  }
  orderRenames(renames).forEach((step, i) => {
    const [from, to] = [quoteIdentifier(step.from[1]), quoteIdentifier(step.to[1])];
    changes.push({
      key: `rename ${from} ${to}`,
      stage: Stage.dropColumn,
      order: i,
      lsn: step.rename.lsn,
      description: `renames column ${step.from[1]} of table ${table} to ${step.to[1]}`,
      redo: `RENAME COLUMN ${from} TO ${to}`,
      undo: `RENAME COLUMN ${to} TO ${from}`,
      subject: { ...relationSubject(run.after, after, 'alter'), kind: 'column', column: step.to[1] },
    });
  });
  return changes;
}
