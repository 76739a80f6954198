/** Columns added, dropped, renamed and altered. */

import { quoteIdentifier } from '../bytes/identifiers.js';
import type { Lsn } from '../bytes/lsn.js';
import { CatalogOid } from '../catalog/bootstrap.js';
import type { Oid } from '../catalog/model.js';
import type { CatalogSnapshot } from '../catalog/snapshot.js';
import type { AttributeRow } from '../catalog/tables/attributes.js';
import { type ClassRow, INHERITS_BY_PARENT, pgInherits, pgSequence } from '../catalog/tables/relations.js';
import {
  COMPRESSIONS,
  columnText,
  columnType,
  defaultText,
  defaultVolatility,
  identitySequence,
  identityText,
  missingLiteral,
  notNullName,
  STORAGES,
  sequenceOptions,
} from './columns.js';
import { optionList } from './definition-text.js';
import { CannotTellError, reasonOf } from './node-tree.js';
import { orderRenames } from './renames.js';
import { type DdlSubject, type Run, Stage } from './run.js';
import { label, relationSubject, type TableChange } from './tables.js';

/** int2, int4, int8, numeric, float4, float8: to which of the others each goes without loss. */
const WIDER: ReadonlyMap<Oid, readonly Oid[]> = new Map([
  [21, [23, 20, 1700]],
  [23, [20, 1700]],
  [20, [1700]],
  [700, [701]],
]);

type Written = Pick<TableChange, 'redo' | 'undo' | 'reason' | 'note'>;

function attempt(write: () => Written): Written {
  try {
    return write();
  } catch (error) {
    return { reason: reasonOf(error) };
  }
}

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

/** Did the run write the table anew, and were there rows to write? */
function rewritten(run: Run, before: ClassRow | undefined, after: ClassRow): boolean {
  return before !== undefined && before.fileNode !== after.fileNode && run.wroteRows(after.fileNode);
}

/** The value that a column's existing rows got without being written anew (attmissingval), at any time in the run. */
function missingValue(run: Run, oid: Oid, number: number): Uint8Array | undefined {
  let found: Uint8Array | undefined;
  for (const { row, removed } of run.rowsOf<AttributeRow>(CatalogOid.attribute))
    if (!removed && row.relationOid === oid && row.number === number) found = row.missingValue ?? found;
  return found;
}

/** A table with rows of its own: the relation, or for a partitioned one the first of its partitions that has them. */
function leafOf(run: Run, relation: ClassRow, depth = 0): ClassRow | undefined {
  if (relation.kind !== 'p') return relation;
  if (depth > 32) return undefined;
  for (const { childOid } of run.before.all(pgInherits, relation.oid, INHERITS_BY_PARENT)) {
    const child = run.after.relation(childOid);
    const leaf = child && leafOf(run, child, depth + 1);
    if (leaf) return leaf;
  }
  return undefined;
}

function addColumn(run: Run, after: ClassRow, now: AttributeRow): Written {
  const rows = run.after;
  const undo = `DROP COLUMN ${quoteIdentifier(now.name)}`;
  const whole = () => `ADD COLUMN ${columnText(rows, now, { withDefault: true })}`;
  const leaf = leafOf(run, after);
  const wasWritten = leaf !== undefined && rewritten(run, run.before.relation(leaf.oid), leaf);
  const anew = (what: string): Written => ({
    redo: whole(),
    undo,
    reason: `${what}: repeated, they get others, which then differ from what the rows held`,
  });
  if (now.identity !== '')
    return wasWritten ? anew('existing rows were numbered by the identity column') : { redo: whole(), undo };
  if (now.generated !== '') return { redo: whole(), undo };
  const expression = defaultText(rows, now);
  if (expression === undefined || leaf === undefined) return { redo: whole(), undo };
  const own = rows.attributes(leaf.oid).find((each) => each.name === now.name && !each.dropped);
  const value = own && missingValue(run, leaf.oid, own.number);
  const volatility = defaultVolatility(rows, now);
  if (value !== undefined) {
    if (volatility === 'immutable') return { redo: whole(), undo };
    // What existing rows got was computed then and there; the default itself is for rows to come.
    const literal = missingLiteral(rows, now, value);
    return {
      redo: `ADD COLUMN ${columnText(rows, now, { withDefault: false, literal })}\0ALTER COLUMN ${quoteIdentifier(now.name)} SET DEFAULT ${expression}`,
      undo,
    };
  }
  const computed = wasWritten && (volatility === 'volatile' || rows.majorVersion < 11);
  if (computed && volatility !== 'immutable')
    return anew('existing rows got values of a default that is computed for each');
  if (computed || (volatility === 'volatile' && leaf.fileNode !== run.before.relation(leaf.oid)?.fileNode))
    return { redo: whole(), undo };
  // The default came afterwards: existing rows have none.
  const bare = columnText(rows, { ...now, notNull: false }, { withDefault: false });
  const clauses = [
    `ADD COLUMN ${bare}`,
    `ALTER COLUMN ${quoteIdentifier(now.name)} SET DEFAULT ${expression}`,
  ];
  if (now.notNull) clauses.push(`ALTER COLUMN ${quoteIdentifier(now.name)} SET NOT NULL`);
  return { redo: clauses.join('\0'), undo };
}

function alterColumn(
  run: Run,
  before: ClassRow,
  after: ClassRow,
  was: AttributeRow,
  now: AttributeRow,
  lsn: Lsn,
  table: string,
  subject: DdlSubject,
  changes: TableChange[],
): void {
  const column = quoteIdentifier(now.name);
  const add = (key: string, description: string, write: () => Written, order = now.number): void => {
    changes.push({
      key: `${key} ${now.name}`,
      stage: Stage.column,
      order,
      lsn,
      description: `${description} of column ${now.name} of table ${table}`,
      subject,
      ...attempt(write),
    });
  };
  const retyped =
    was.typeOid !== now.typeOid || was.typmod !== now.typmod || was.collationOid !== now.collationOid;
  let hasDefault = true;
  if (retyped) {
    add('type', 'changes the type', () => {
      const type = columnType(run.after, now);
      const whole = `ALTER COLUMN ${column} TYPE ${type}`;
      if (
        was.generated === '' &&
        defaultOf(run.before, was) !== defaultOf(run.after, now) &&
        defaultOf(run.before, was) !== undefined
      ) {
        hasDefault = false;
        return {
          ...retype(run, before, after, was, now, `ALTER COLUMN ${column} DROP DEFAULT\0${whole}`),
          undo: undefined,
        };
      }
      return retype(run, before, after, was, now, whole);
    });
  }
  if (was.generated !== now.generated) {
    add('generated', 'stops the generation', () => {
      if (now.generated !== '')
        throw new CannotTellError('a column cannot become a generated one by any statement');
      return { redo: `ALTER COLUMN ${column} DROP EXPRESSION` };
    });
  } else if (now.generated !== '') {
    add('expression', 'changes the expression', () => {
      const [old, expression] = [defaultText(run.before, was), defaultText(run.after, now)];
      if (old === expression || retyped) return {};
      return {
        redo: `ALTER COLUMN ${column} SET EXPRESSION AS (${expression})`,
        undo: `ALTER COLUMN ${column} SET EXPRESSION AS (${old})`,
      };
    });
  } else if (was.identity === '' && now.identity === '') {
    add('default', 'changes the default', () => {
      const [old, expression] = [defaultText(run.before, was), defaultText(run.after, now)];
      if (old === expression && hasDefault) return {};
      const set = (text: string | undefined) =>
        `ALTER COLUMN ${column} ${text === undefined ? 'DROP DEFAULT' : `SET DEFAULT ${text}`}`;
      return { redo: set(expression), undo: set(old) };
    });
  }
  if (was.notNull !== now.notNull) {
    add('not-null', now.notNull ? 'forbids nulls' : 'allows nulls', () => {
      const name = now.notNull ? notNullName(run.after, now) : undefined;
      const set =
        name === undefined
          ? `ALTER COLUMN ${column} SET NOT NULL`
          : `ADD CONSTRAINT ${quoteIdentifier(name)} NOT NULL ${column}`;
      const drop = `ALTER COLUMN ${column} DROP NOT NULL`;
      return now.notNull
        ? { redo: set, undo: drop }
        : { redo: drop, undo: `ALTER COLUMN ${column} SET NOT NULL` };
    });
  }
  if (was.identity !== now.identity) {
    add('identity', 'changes the identity', () => {
      const drop = `ALTER COLUMN ${column} DROP IDENTITY`;
      const set = (letter: string) =>
        `ALTER COLUMN ${column} SET GENERATED ${letter === 'a' ? 'ALWAYS' : 'BY DEFAULT'}`;
      if (now.identity === '')
        return { redo: drop, undo: `ALTER COLUMN ${column} ADD ${identityText(run.before, was)}` };
      if (was.identity === '')
        return { redo: `ALTER COLUMN ${column} ADD ${identityText(run.after, now)}`, undo: drop };
      return { redo: set(now.identity), undo: set(was.identity) };
    });
  } else if (now.identity !== '') {
    identityOptions(run, was, now, column, add);
  }
  settingsOfColumn(run, was, now, lsn, table, subject, changes);
  for (let i = changes.length - 1; i >= 0; i--) {
    const { redo, reason, key } = changes[i];
    // Looked at and found the same.
    if (redo === undefined && reason === undefined && /^(default|expression) /.test(key))
      changes.splice(i, 1);
  }
}

function defaultOf(rows: CatalogSnapshot, attribute: AttributeRow): string | undefined {
  try {
    return defaultText(rows, attribute);
  } catch (error) {
    return `\0${reasonOf(error)}`;
  }
}

function identityOptions(
  run: Run,
  was: AttributeRow,
  now: AttributeRow,
  column: string,
  add: (key: string, description: string, write: () => Written) => void,
): void {
  const options = (rows: CatalogSnapshot, attribute: AttributeRow): string | undefined => {
    const oid = identitySequence(rows, attribute);
    const sequence = oid === undefined ? undefined : rows.one(pgSequence, oid);
    return sequence && sequenceOptions(sequence);
  };
  const [old, fresh] = [options(run.before, was), options(run.after, now)];
  if (old === undefined || fresh === undefined || old === fresh) return;
  const set = (text: string) =>
    `ALTER COLUMN ${column} ${text.replace(/(START|INCREMENT|MINVALUE|MAXVALUE|CACHE|NO CYCLE|CYCLE)/g, 'SET $1')}`;
  add('identity-options', 'changes the sequence', () => ({ redo: set(fresh), undo: set(old) }));
}

/** ALTER COLUMN … TYPE: exact where no row had to be written anew, or where the types leave only one way to do it. */
function retype(
  run: Run,
  before: ClassRow,
  after: ClassRow,
  was: AttributeRow,
  now: AttributeRow,
  redo: string,
): Written {
  const leaf = leafOf(run, after);
  const undo = `ALTER COLUMN ${quoteIdentifier(now.name)} TYPE ${columnType(run.before, was)}`;
  const wasWritten =
    after.kind === 'p'
      ? leaf !== undefined && rewritten(run, run.before.relation(leaf.oid), leaf)
      : rewritten(run, before, after);
  if (!wasWritten) return { redo, undo };
  const widened = was.typeOid === now.typeOid || (WIDER.get(was.typeOid)?.includes(now.typeOid) ?? false);
  if (widened)
    return {
      redo,
      note: "each row was converted by the types' own cast, unless a USING expression said otherwise: the catalog does not keep one",
    };
  throw new CannotTellError(
    `each row was converted to ${columnType(run.after, now)} by an expression (USING …) that the catalog does not keep`,
  );
}

/** Storage, compression, statistics target and options of a column. */
function settingsOfColumn(
  run: Run,
  was: AttributeRow | undefined,
  now: AttributeRow,
  lsn: Lsn,
  table: string,
  subject: DdlSubject,
  changes: TableChange[],
): void {
  const column = quoteIdentifier(now.name);
  const natural = (rows: CatalogSnapshot, attribute: AttributeRow) =>
    attribute.storage === (rows.type(attribute.typeOid)?.storage ?? attribute.storage);
  const set = (what: string, clause: string, back: string): void => {
    changes.push({
      key: `${clause}`,
      stage: Stage.option,
      order: now.number,
      lsn,
      description: `sets ${what} of column ${now.name} of table ${table}`,
      redo: `ALTER COLUMN ${column} ${clause}`,
      undo: `ALTER COLUMN ${column} ${back}`,
      subject,
    });
  };
  const storage = (attribute: AttributeRow) => `SET STORAGE ${STORAGES[attribute.storage] ?? 'DEFAULT'}`;
  if (was ? was.storage !== now.storage && was.typeOid === now.typeOid : !natural(run.after, now))
    set('the storage', storage(now), was ? storage(was) : 'SET STORAGE DEFAULT');
  if (was && was.compression !== now.compression) {
    const compression = (letter: string) => `SET COMPRESSION ${COMPRESSIONS[letter] ?? 'default'}`;
    set('the compression', compression(now.compression), compression(was.compression));
  }
  const target = was?.statisticsTarget ?? -1;
  if (target !== now.statisticsTarget)
    set('the statistics target', `SET STATISTICS ${now.statisticsTarget}`, `SET STATISTICS ${target}`);
  const options = (was?.options ?? []).join(', ');
  if (options !== now.options.join(', ')) {
    const names = now.options.map((each) => each.slice(0, each.indexOf('='))).join(', ');
    set(
      'options',
      now.options.length > 0
        ? `SET (${optionList(now.options)})`
        : `RESET (${(was?.options ?? []).map((each) => each.slice(0, each.indexOf('='))).join(', ')})`,
      was && options !== '' ? `SET (${optionList(was.options)})` : `RESET (${names})`,
    );
  }
  if ((was?.privileges ?? '') !== now.privileges)
    changes.push({
      key: 'privileges',
      stage: Stage.other,
      order: now.number,
      lsn,
      description: `changes the privileges on column ${now.name} of table ${table}`,
      reason: 'who was granted what is not reconstructed',
    });
}
