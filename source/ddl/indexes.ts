/** Indexes that no constraint made: created, dropped, renamed, given other options. */
import { qualifiedName } from '../bytes/identifiers.js';
import type { Oid } from '../catalog/model.js';
import type { CatalogSnapshot } from '../catalog/snapshot.js';
import { pgConstraint } from '../catalog/tables/constraints.js';
import { INDEX_BY_OID, type IndexRow, pgIndex } from '../catalog/tables/indexes.js';
import { indexText } from './index-text.js';
import { CannotTellError, reasonOf } from './node-tree.js';
import { label, relationSubject, schemaOf } from './object-names.js';
import { type Run, Stage } from './run.js';
import { optionList } from './storage-options.js';
import { type DdlRename, noteRename, type TouchedRelation } from './touched-relation.js';

function indexRow(rows: CatalogSnapshot, oid: Oid): IndexRow | undefined {
  return rows.one(pgIndex, oid, INDEX_BY_OID);
}

/** Does it serve a primary key, unique or exclusion constraint? Then that one speaks for it. */
function isOfConstraint(rows: CatalogSnapshot, index: IndexRow): boolean {
  return rows
    .all(pgConstraint, index.relationOid)
    .some((each) => each.indexOid === index.oid && 'pux'.includes(each.kind));
}

/** A partition's index that belongs to one of its parent's. */
function hasParent(rows: CatalogSnapshot, oid: Oid): boolean {
  return rows.parents(oid).length > 0;
}

/** An index as it would be made, whatever its name; undefined when it cannot be told. */
function definition(rows: CatalogSnapshot, index: IndexRow): string | undefined {
  try {
    return indexText(rows, index, false);
  } catch (error) {
    reasonOf(error);
    return undefined;
  }
}

/** Adds every statement about touched indexes. */
export function indexChanges(run: Run, indexes: readonly TouchedRelation[], renames: DdlRename[]): void {
  const gone = indexes.filter(({ before, after }) => before && !after);
  const made = indexes.filter(({ before, after }) => !before && after);
  for (const each of indexes) {
    const { oid, lsn, before, after } = each;
    const rows = after ? run.after : run.before;
    const index = indexRow(rows, oid);
    const table = index && rows.relation(index.relationOid);
    if (!index || !table || table.kind === 't' || !'rpm'.includes(table.kind)) continue;
    if (run.isTemporary(table.namespaceOid) || run.isTransient(table)) continue;
    if (before && after) {
      // Its schema is its table's.
      if (!isOfConstraint(run.after, index) && before.name !== after.name)
        noteRename(run, { ...each, after: { ...after, namespaceOid: before.namespaceOid } }, renames);
      alterIndex(run, each);
      continue;
    }
    if (isOfConstraint(rows, index)) continue;
    const name = `${label(rows, (after ?? before)!)} on table ${label(rows, table)}`;
    if (after) {
      if (impliedByParent(run, oid) || renewed(run, each, gone)) continue;
      run.tell(
        Stage.index,
        oid,
        { lsn, description: `creates index ${name}`, subject: relationSubject(rows, after, 'create') },
        () => {
          if (!index.valid && after.kind === 'i')
            throw new CannotTellError(
              'it was not finished when the transaction ended, as CREATE INDEX CONCURRENTLY leaves it',
            );
          return {
            redo: indexText(rows, index, after.kind === 'I' && !hasChildren(rows, oid)),
            undo: `DROP INDEX ${qualifiedName(schemaOf(rows, after.namespaceOid), after.name)}`,
          };
        },
      );
      if (index.clustered) clusterOn(run, each, table.oid);
      continue;
    }
    // It went with its table, or with its parent's.
    if (!before || !run.after.relation(index.relationOid)) continue;
    if (hasParent(run.before, oid) || renewed(run, each, made)) continue;
    run.tell(
      Stage.dropIndex,
      oid,
      { lsn, description: `drops index ${name}`, subject: relationSubject(rows, before, 'drop') },
      () => ({
        redo: `DROP INDEX ${qualifiedName(schemaOf(rows, before.namespaceOid), before.name)}`,
        undo: definition(run.before, index),
      }),
    );
  }
}

function clusterOn(run: Run, { oid, lsn }: TouchedRelation, tableOid: Oid): void {
  const table = run.after.relation(tableOid)!;
  const index = run.after.relation(oid)!;
  run.tell(
    Stage.option,
    oid,
    { lsn, description: `sets the clustering of table ${label(run.after, table)}` },
    () => ({
      redo: `ALTER TABLE ${qualifiedName(schemaOf(run.after, table.namespaceOid), table.name)} CLUSTER ON ${qualifiedName('', index.name).replace(/^""\./, '')}`,
    }),
  );
}

function hasChildren(rows: CatalogSnapshot, oid: Oid): boolean {
  const index = indexRow(rows, oid);
  return (
    index !== undefined &&
    (rows.childrenOf(oid).length > 0 || rows.childrenOf(index.relationOid).length === 0)
  );
}

/** Made by what made its parent's index, or by the table becoming a partition. */
function impliedByParent(run: Run, oid: Oid): boolean {
  return run.after.parents(oid).length > 0 && !run.before.relation(oid);
}

/** ALTER TABLE … TYPE makes indexes anew under their own names. */
function renewed(run: Run, { before, after }: TouchedRelation, others: readonly TouchedRelation[]): boolean {
  const own = (after ?? before)!;
  const other = others.find((each) => {
    const relation = (each.after ?? each.before)!;
    return relation.name === own.name && relation.namespaceOid === own.namespaceOid;
  });
  if (!other) return false;
  const [old, fresh] = before ? [own, (other.after ?? other.before)!] : [(other.after ?? other.before)!, own];
  const oldIndex = indexRow(run.before, old.oid);
  const freshIndex = indexRow(run.after, fresh.oid);
  if (!oldIndex || !freshIndex || oldIndex.relationOid !== freshIndex.relationOid) return false;
  if (definition(run.before, oldIndex) === definition(run.after, freshIndex)) return true;
  const was = run.before.attributes(oldIndex.relationOid);
  return run.after.attributes(oldIndex.relationOid).some((now) => {
    const then = was.find((each) => each.number === now.number);
    return (
      then &&
      (then.typeOid !== now.typeOid || then.typmod !== now.typmod || then.collationOid !== now.collationOid)
    );
  });
}

function alterIndex(run: Run, { oid, lsn, before, after }: TouchedRelation): void {
  if (!before || !after) return;
  const old = before.options;
  const now = after.options;
  if (old.join('\0') !== now.join('\0')) {
    const name = () => qualifiedName(schemaOf(run.after, after.namespaceOid), after.name);
    const names = (options: readonly string[]) =>
      options.map((each) => each.slice(0, each.indexOf('='))).join(', ');
    const set = (to: readonly string[], from: readonly string[]) =>
      to.length > 0 ? `SET (${optionList(to)})` : `RESET (${names(from)})`;
    run.tell(
      Stage.option,
      oid,
      { lsn, description: `sets storage options of index ${label(run.after, after)}` },
      () => ({
        redo: `ALTER INDEX ${name()} ${set(now, old)}`,
        undo: `ALTER INDEX ${name()} ${set(old, now)}`,
      }),
    );
  }
  const [was, is] = [indexRow(run.before, oid), indexRow(run.after, oid)];
  if (is?.clustered && !was?.clustered) clusterOn(run, { oid, lsn, before, after }, is.relationOid);
}
