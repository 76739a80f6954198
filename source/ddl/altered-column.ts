/** A column that was there before and is there after, altered: its type, default, nulls, identity, generation. */
import { quoteIdentifier } from '../bytes/identifiers.js';
import type { Lsn } from '../bytes/lsn.js';
import type { CatalogSnapshot } from '../catalog/snapshot.js';
import type { AttributeRow } from '../catalog/tables/attributes.js';
import { type ClassRow, pgSequence } from '../catalog/tables/relations.js';
import type { DdlSubject } from '../rows/row-change.js';
import { settingsOfColumn } from './column-settings.js';
import { retype } from './column-type-change.js';
import {
  columnType,
  defaultText,
  identitySequence,
  identityText,
  notNullName,
  sequenceOptions,
} from './columns.js';
import { CannotTellError, reasonOf } from './node-tree.js';
import { type Run, Stage } from './run.js';
import type { TableChange } from './table-change.js';
import { attempt, type Written } from './written-change.js';

/** Adds to `changes` all that differs between a column as it was and as it is. */
export function alterColumn(
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
