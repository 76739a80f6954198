/** Which keys a row change gives up and takes. */
import { isUnknown, type Row, type RowChange, type Table } from '../rows/row-change.js';
import { type KeySet, type KeyValues, keysOf, keyText, neverTaken, valuesOf } from './row-keys.js';

/** A key of one row. */
export interface Key {
  readonly text: string;
  readonly values: KeyValues;
}

/** Keys asked for last: the rules ask for the same ones of a change again and again. */
const RECENT = 4;
const recentRows: (Row | undefined)[] = Array.from({ length: RECENT }, () => undefined);
const recentSets: (KeySet | undefined)[] = Array.from({ length: RECENT }, () => undefined);
const recentKeys: (Key | undefined)[] = Array.from({ length: RECENT }, () => undefined);
let recent = 0;

/** The key of a row in a set, undefined when a part of it is not known. A row does not change any more once its key was asked for. */
export function keyOf(table: Table, set: KeySet, row: Row | undefined): Key | undefined {
  if (!row) return undefined;
  for (let i = 0; i < RECENT; i++) if (recentRows[i] === row && recentSets[i] === set) return recentKeys[i];
  const values = valuesOf(row, set.columns);
  const key =
    'known' in values ? { text: keyText(table, set, values.known), values: values.known } : undefined;
  recent = (recent + 1) % RECENT;
  recentRows[recent] = row;
  recentSets[recent] = set;
  recentKeys[recent] = key;
  return key;
}

/** The update left the columns of this key alone. */
export function kept({ before, after }: RowChange, set: KeySet): boolean {
  return set.columns.every((column) => {
    const value = after?.[column];
    if (value === undefined) return false;
    return isUnknown(value) ? value.unknown === 'unchanged' : before?.[column] === value;
  });
}

/** The update gave its row another identity. */
export function moves({ table, operation, before, after }: RowChange): boolean {
  const { identity } = keysOf(table);
  if (operation !== 'update' || identity.wholeRow) return false;
  const to = keyOf(table, identity, after);
  return to !== undefined && to.text !== keyOf(table, identity, before)?.text;
}

/** Every key whose holder on the new primary a change's verdict depends on. */
export function* keysToAsk(change: RowChange): Generator<{ readonly set: KeySet; readonly key: Key }> {
  const { table, operation } = change;
  if (operation === 'truncate') return;
  const { identity, others } = keysOf(table);
  const rows = [change.before, identity.wholeRow ? undefined : change.after];
  for (const row of rows) {
    const key = keyOf(table, identity, row);
    if (key) yield { set: identity, key };
  }
  if (operation === 'delete') return;
  for (const set of others) {
    const key = kept(change, set) ? undefined : keyOf(table, set, change.after);
    if (key && !neverTaken(set, key.values)) yield { set, key };
  }
}
