/** Tables made, dropped, renamed and altered: from what a run left in pg_class and all that hangs off it. */

import { qualifiedName, quoteIdentifier } from '../bytes/identifiers.js';
import type { Lsn } from '../bytes/lsn.js';
import { CatalogOid, FIRST_NORMAL_OID } from '../catalog/bootstrap.js';
import type { Oid } from '../catalog/model.js';
import type { CatalogSnapshot } from '../catalog/snapshot.js';
import type { AttributeDefaultRow, AttributeRow } from '../catalog/tables/attributes.js';
import { type ConstraintRow, pgConstraint } from '../catalog/tables/constraints.js';
import type { IndexRow } from '../catalog/tables/indexes.js';
import { pgAccessMethod } from '../catalog/tables/named.js';
import {
  type ClassRow,
  INHERITS_BY_PARENT,
  type InheritsRow,
  pgInherits,
  type SequenceRow,
} from '../catalog/tables/relations.js';
import { columnChanges } from './column-changes.js';
import { columnText, defaultText } from './columns.js';
import { constraintChanges } from './constraints.js';
import {
  constraintText,
  optionList,
  partitionBoundText,
  partitionKeyText,
  relationName,
} from './definition-text.js';
import { indexChanges } from './indexes.js';
import { CannotTellError } from './node-tree.js';
import type { Rename } from './renames.js';
import { type DdlStatement, type DdlSubject, type Run, Stage } from './run.js';
import { sequenceChanges } from './sequences.js';
import { tableSettings } from './table-settings.js';

/** HEAP_TABLE_AM_OID, and none as before 12. */
const HEAP_METHODS: ReadonlySet<Oid> = new Set([0, 2]);

/** What ALTER, DROP and RENAME call a relation of each relkind. */
export const RELATION_WORDS: Readonly<Record<string, string>> = {
  r: 'table',
  p: 'table',
  S: 'sequence',
  i: 'index',
  I: 'index',
  v: 'view',
  m: 'materialized view',
  f: 'foreign table',
};

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

/** A relation that a run touched, as it was and as it is. */
export interface TouchedRelation {
  readonly oid: Oid;
  readonly lsn: Lsn;
  readonly before: ClassRow | undefined;
  readonly after: ClassRow | undefined;
}

/** A renaming of something that has a statement for it. */
export interface DdlRename extends Rename {
  readonly lsn: Lsn;
  /** `TABLE`, `INDEX`, `TYPE` … */
  readonly word: string;
}

/** A relation's schema; throws CannotTellError when it is not known. */
export function schemaOf(rows: CatalogSnapshot, namespaceOid: Oid): string {
  const schema = rows.namespace(namespaceOid);
  if (!schema) throw new CannotTellError(`schema ${namespaceOid} is not in the catalog`);
  return schema.name;
}

/** `public.orders`, for people. */
export function label(rows: CatalogSnapshot, relation: Pick<ClassRow, 'namespaceOid' | 'name'>): string {
  return `${rows.namespace(relation.namespaceOid)?.name ?? '?'}.${relation.name}`;
}

/** What is made, dropped or altered, for people and for looking it up elsewhere. */
export function relationSubject(
  rows: CatalogSnapshot,
  relation: Pick<ClassRow, 'namespaceOid' | 'name'>,
  effect: DdlSubject['effect'],
): DdlSubject {
  const schema = rows.namespace(relation.namespaceOid)?.name ?? '?';
  return { effect, kind: 'relation', schema, name: relation.name };
}

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

/** Notes that a relation has another name or schema than before. */
export function noteRename(
  run: Run,
  { oid, lsn, before, after }: TouchedRelation,
  renames: DdlRename[],
): void {
  if (!before || !after) return;
  // A schema that was renamed takes its tables along.
  const moved = before.namespaceOid !== after.namespaceOid;
  if (!moved && before.name === after.name) return;
  const from = [schemaOf(run.before, before.namespaceOid), before.name] as const;
  const to = [moved ? schemaOf(run.after, after.namespaceOid) : from[0], after.name] as const;
  const word = (RELATION_WORDS[after.kind] ?? 'table').toUpperCase();
  renames.push({ space: 'relation', id: oid, lsn, word, from, to });
}

function parentsOf(rows: CatalogSnapshot, oid: Oid): InheritsRow[] {
  return [...rows.parents(oid)].sort((a, b) => a.sequenceNumber - b.sequenceNumber);
}

function liveColumns(rows: CatalogSnapshot, oid: Oid): AttributeRow[] {
  return rows.attributes(oid).filter((each) => !each.dropped);
}

function createTable(run: Run, relation: ClassRow, lsn: Lsn): void {
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

/** A tablespace's name, quoted. */
export function tablespaceName(rows: CatalogSnapshot, oid: Oid): string {
  const tablespace = rows.tablespace(oid);
  if (!tablespace) throw new CannotTellError(`tablespace ${oid} is not in the catalog`);
  return quoteIdentifier(tablespace.name);
}

/** Storage options of a table's TOAST table, as the table's WITH takes them. */
export function toastOptions(rows: CatalogSnapshot, relation: ClassRow): string[] {
  const toast = relation.toastOid === 0 ? undefined : rows.relation(relation.toastOid);
  return (toast?.options ?? []).map((option) => `toast.${option}`);
}

/** FOR VALUES … of a partition. */
export function boundText(rows: CatalogSnapshot, relation: ClassRow): string {
  if (relation.partitionBound === undefined)
    throw new CannotTellError('its partition bound is not stored in the catalog row itself');
  return partitionBoundText(rows, relation.partitionBound);
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

function attach(run: Run, relation: ClassRow, parentOid: Oid, lsn: Lsn): void {
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

function childrenOf(run: Run, oid: Oid): Oid[] {
  const children = (rows: CatalogSnapshot) =>
    rows.all(pgInherits, oid, INHERITS_BY_PARENT).map((each) => each.childOid);
  const before = new Set(children(run.before));
  return children(run.after).filter((each) => before.has(each));
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

/** ATTACH, DETACH, INHERIT, NO INHERIT. */
function inheritanceChanges(run: Run, before: ClassRow, after: ClassRow, lsn: Lsn): void {
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

/** Views, materialized views, foreign tables: dropping and renaming can be told, the rest is named. */
function otherRelation(run: Run, touched: TouchedRelation, renames: DdlRename[]): void {
  const { oid, lsn, before, after } = touched;
  const relation = (after ?? before)!;
  const rows = after ? run.after : run.before;
  const word = RELATION_WORDS[relation.kind];
  const name = label(rows, relation);
  if (before && after) {
    noteRename(run, touched, renames);
    const same = ['options', 'ownerOid', 'privileges'].every(
      (key) => JSON.stringify(before[key as keyof ClassRow]) === JSON.stringify(after[key as keyof ClassRow]),
    );
    // A materialized view that was refreshed has a new file, and nothing else.
    const refreshed = relation.kind === 'm' && before.fileNode !== after.fileNode;
    if (refreshed)
      run.add(Stage.other, oid, {
        lsn,
        description: `refreshes materialized view ${name}`,
        redo: `REFRESH MATERIALIZED VIEW ${qualifiedName(schemaOf(rows, relation.namespaceOid), relation.name)}`,
        note: 'it is computed anew from the tables as they are then',
      });
    if (!same)
      run.add(Stage.other, oid, {
        lsn,
        description: `alters ${word} ${name}`,
        reason: 'what was altered is not reconstructed',
      });
    return;
  }
  if (after) {
    run.add(Stage.other, oid, {
      lsn,
      description: `creates ${word} ${name}`,
      reason: `the definition of a ${word} is not reconstructed`,
      subject: relationSubject(rows, relation, 'create'),
    });
    return;
  }
  run.tell(
    Stage.dropDependent,
    -oid,
    { lsn, description: `drops ${word} ${name}`, subject: relationSubject(rows, relation, 'drop') },
    () => ({ redo: `DROP ${word.toUpperCase()} ${relationName(rows, oid)}` }),
  );
}

/** A statement without SQL: it is said that something happened, and why no more is said. */
export function named(lsn: Lsn, description: string, reason: string): DdlStatement {
  return { lsn, description, reason };
}
