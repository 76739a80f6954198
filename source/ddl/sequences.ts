/** Sequences: made, dropped, renamed, altered, restarted, given to a column. */
import { qualifiedName, quoteIdentifier } from '../bytes/identifiers.js';
import type { CatalogSnapshot } from '../catalog/snapshot.js';
import { type ClassRow, pgSequence } from '../catalog/tables/relations.js';
import { sequenceOptions } from './columns.js';
import { ExpressionNames } from './expression-names.js';
import { CannotTellError } from './node-tree.js';
import { label, relationName, relationSubject, schemaOf } from './object-names.js';
import { type Run, Stage, sequenceOwner } from './run.js';
import { type DdlRename, noteRename, type TouchedRelation } from './touched-relation.js';

const INT8 = 20;

/** `table.column` of the column that a sequence belongs to, or NONE. */
function ownerText(rows: CatalogSnapshot, oid: number): string {
  const owner = sequenceOwner(rows, oid);
  if (!owner) return 'NONE';
  const column = rows.attributes(owner.relationOid).find((each) => each.number === owner.column);
  if (!column) throw new CannotTellError('the column it belongs to is not in the catalog');
  return `${relationName(rows, owner.relationOid)}.${quoteIdentifier(column.name)}`;
}

function optionsOf(rows: CatalogSnapshot, oid: number): string {
  const sequence = rows.one(pgSequence, oid);
  if (!sequence) throw new CannotTellError('its parameters are not in the catalog');
  const type = sequence.typeOid === INT8 ? '' : `AS ${new ExpressionNames(rows).type(sequence.typeOid)} `;
  return type + sequenceOptions(sequence);
}

/** Adds every statement about touched sequences. Those of identity columns go with their column. */
export function sequenceChanges(run: Run, sequences: readonly TouchedRelation[], renames: DdlRename[]): void {
  for (const each of sequences) {
    const { oid, lsn, before, after } = each;
    const wasOwned = before ? sequenceOwner(run.before, oid) : undefined;
    const owned = after ? sequenceOwner(run.after, oid) : undefined;
    if (before && after) {
      alterSequence(run, each, before, after, renames);
    } else if (after) {
      if (owned?.identity) continue;
      const name = label(run.after, after);
      run.tell(
        Stage.sequence,
        oid,
        {
          lsn,
          description: `creates sequence ${name}`,
          subject: relationSubject(run.after, after, 'create'),
        },
        () => {
          const sequence = run.after.one(pgSequence, oid);
          if (!sequence) throw new CannotTellError('its parameters are not in the catalog');
          const unlogged = after.persistence === 'u' ? 'UNLOGGED ' : '';
          return {
            redo: `CREATE ${unlogged}SEQUENCE ${relationName(run.after, oid)} ${optionsOf(run.after, oid)}`,
            undo: `DROP SEQUENCE ${relationName(run.after, oid)}`,
          };
        },
      );
      if (owned) giveToColumn(run, each, after, 'NONE');
    } else if (before) {
      // It went with its table or column.
      const column =
        wasOwned && run.after.attributes(wasOwned.relationOid).find((one) => one.number === wasOwned.column);
      if (
        wasOwned &&
        (!run.after.relation(wasOwned.relationOid) || !column || column.dropped || wasOwned.identity)
      )
        continue;
      run.tell(
        Stage.dropLate,
        oid,
        {
          lsn,
          description: `drops sequence ${label(run.before, before)}`,
          subject: relationSubject(run.before, before, 'drop'),
        },
        () => ({
          redo: `DROP SEQUENCE ${relationName(run.before, oid)}`,
          note: 'undo does not bring back where it stood',
        }),
      );
    }
  }
}

function giveToColumn(
  run: Run,
  { oid, lsn }: TouchedRelation,
  after: ClassRow,
  from: string | undefined,
): void {
  run.tell(
    Stage.option,
    oid,
    {
      lsn,
      description: `sets the owning column of sequence ${label(run.after, after)}`,
      subject: relationSubject(run.after, after, 'alter'),
    },
    () => {
      const name = relationName(run.after, oid);
      return {
        redo: `ALTER SEQUENCE ${name} OWNED BY ${ownerText(run.after, oid)}`,
        undo: `ALTER SEQUENCE ${name} OWNED BY ${from ?? ownerText(run.before, oid)}`,
      };
    },
  );
}

function alterSequence(
  run: Run,
  touched: TouchedRelation,
  before: ClassRow,
  after: ClassRow,
  renames: DdlRename[],
): void {
  const { oid, lsn } = touched;
  const owner = sequenceOwner(run.after, oid);
  const name = qualifiedName(schemaOf(run.after, after.namespaceOid), after.name);
  const subject = relationSubject(run.after, after, 'alter');
  // A table takes its sequences along into another schema.
  if (owner && before.namespaceOid !== after.namespaceOid)
    noteRename(run, { ...touched, after: { ...after, namespaceOid: before.namespaceOid } }, renames);
  else noteRename(run, touched, renames);
  const wasOwner = sequenceOwner(run.before, oid);
  const sameOwner = owner?.relationOid === wasOwner?.relationOid && owner?.column === wasOwner?.column;
  if (
    !sameOwner &&
    !owner?.identity &&
    !wasOwner?.identity &&
    (!wasOwner || run.after.relation(wasOwner.relationOid))
  )
    giveToColumn(run, touched, after, undefined);
  if (owner?.identity) return;
  const [old, now] = [run.before.one(pgSequence, oid), run.after.one(pgSequence, oid)];
  if (JSON.stringify(old) !== JSON.stringify(now)) {
    run.tell(
      Stage.option,
      oid,
      { lsn, description: `alters sequence ${label(run.after, after)}`, subject },
      () => ({
        redo: `ALTER SEQUENCE ${name} ${optionsOf(run.after, oid)}`,
        undo: `ALTER SEQUENCE ${name} ${optionsOf(run.before, oid)}`,
      }),
    );
  }
  if (before.privileges !== after.privileges)
    run.add(Stage.other, oid, {
      lsn,
      description: `changes the privileges on sequence ${label(run.after, after)}`,
      reason: 'who was granted what is not reconstructed',
    });
}
