/** The filter's words about one change: its table, its operation, its key, its text. */
import { type Change, tableLabel } from '../rows/row-change.js';
import { searchableText } from './changes-text.js';
import { type FilterWord, filterError, glob, oneOf } from './filter-words.js';
import type { ListedTransaction } from './model.js';

/** What a filter asks of a transaction's rows before they are decoded: one kind of change on one table. */
export interface ChangeClass {
  readonly operation: string;
  /** Undefined for changes that belong to no table. */
  readonly schema?: string;
  readonly table?: string;
}

/** A word about one change: decided by table and operation alone, or by the change itself. */
export type ChangeTest =
  | { readonly negated: boolean; readonly classTest: (one: ChangeClass) => boolean }
  | { readonly negated: boolean; readonly rowTest: (change: Change) => boolean };

const OPERATIONS = ['insert', 'update', 'delete', 'truncate', 'ddl'];

const FIELDS = 'table, schema, db, op, xid, time, lsn, rows, verdict, state, key';

function keyTest(values: ReadonlySet<unknown>): (change: Change) => boolean {
  return (change) => {
    if (change.kind !== 'row' || change.table.identity.kind === 'full-row') return false;
    const { columns } = change.table.identity;
    return columns.some(
      (column) => values.has(change.before?.[column]) || values.has(change.after?.[column]),
    );
  };
}

/** What a word asks of a change. Throws ForkpointError when there is no such word. */
export function changeTest(word: FilterWord): ChangeTest {
  const { negated } = word;
  switch (word.field) {
    case 'table': {
      const patterns = word.values.map(glob);
      const matches = ({ schema, table }: ChangeClass) =>
        table !== undefined &&
        patterns.some(
          (pattern) => pattern.test(table) || pattern.test(tableLabel({ schema: schema!, name: table })),
        );
      return { negated, classTest: matches };
    }
    case 'schema': {
      const patterns = word.values.map(glob);
      const matches = ({ schema }: ChangeClass) =>
        schema !== undefined && patterns.some((pattern) => pattern.test(schema));
      return { negated, classTest: matches };
    }
    case 'op': {
      const operations = oneOf(word, OPERATIONS);
      return { negated, classTest: ({ operation }) => operations.has(operation) };
    }
    case 'key':
      return { negated, rowTest: keyTest(new Set(word.values)) };
    case undefined: {
      const needles = word.values.map((value) => value.toLowerCase());
      return {
        negated,
        rowTest: (change) => {
          const text = searchableText(change);
          return needles.some((needle) => text.includes(needle));
        },
      };
    }
    default:
      throw filterError(
        `unknown field "${word.field}"`,
        word,
        `fields are ${FIELDS}; quote the word to search for it as text`,
      );
  }
}

/** The class a decoded change belongs to. */
function classOf(change: Change): ChangeClass {
  switch (change.kind) {
    case 'row':
      return { operation: change.operation, schema: change.table.schema, table: change.table.name };
    case 'undecodable':
      return { operation: change.operation };
    case 'catalog':
      return { operation: 'ddl' };
    default:
      return { operation: '' };
  }
}

/** The classes of a transaction's changes, from its summary alone. */
export function* classesOf(t: ListedTransaction): Generator<ChangeClass> {
  for (const counts of t.tables) {
    const { schema, table } = counts;
    for (const operation of ['insert', 'update', 'delete', 'truncate'] as const) {
      if (counts[operation] > 0) yield { operation, schema, table };
    }
  }
  // Changes of tables that could not be told are in the sums only.
  const sums = { insert: t.inserts, update: t.updates, delete: t.deletes, truncate: t.truncates };
  for (const [operation, count] of Object.entries(sums)) if (count > 0) yield { operation };
  if (t.changesCatalog) yield { operation: 'ddl' };
}

/** Whether a decoded change is what was asked for. */
export function testChange(test: ChangeTest, change: Change): boolean {
  return 'classTest' in test ? test.classTest(classOf(change)) : test.rowTest(change);
}
