/**
 * The filter language of the command line's `--filter` and the list's filter box. Words are ANDed:
 *
 *     table:orders  schema:shop  db:app  op:insert|update|delete|truncate|ddl
 *     xid:738  xid:700..800  time:>=12:00:03  lsn:0/A0..0/B0  rows:>100
 *     verdict:clean  state:prepared  key:42  -word  "words with spaces"  anything
 *
 * `|` separates alternatives, `*` in a name stands for anything. Words about a row (table, schema, op, key and bare
 * words, which search the row's text) must hold for one and the same change; negated, for no change at all.
 */
import { type Change, tableLabel } from '../rows/row-change.js';
import type { TransactionSummary } from '../transactions/transaction.js';
import { searchableText } from './changes-text.js';
import {
  DAY_MICROS,
  type Interval,
  intervalOf,
  readLsnValue,
  readRange,
  readTime,
  readWholeNumber,
  type TimeInterval,
} from './filter-ranges.js';
import { type FilterWord, filterError, filterWords } from './filter-words.js';
import { type ListedTransaction, VERDICTS, type Verdict } from './model.js';

/** What a filter asks of a transaction's rows before they are decoded: one kind of change on one table. */
interface ChangeClass {
  readonly operation: string;
  /** Undefined for changes that belong to no table. */
  readonly schema?: string;
  readonly table?: string;
}

/** A word about the transaction as a whole. */
type TransactionTest = (transaction: ListedTransaction) => boolean;

/** A word about one change: decided by table and operation alone, or by the change itself. */
type ChangeTest =
  | { readonly negated: boolean; readonly classTest: (one: ChangeClass) => boolean }
  | { readonly negated: boolean; readonly rowTest: (change: Change) => boolean };

/** A parsed filter. */
export interface Filter {
  /** True when it lets everything through. */
  readonly empty: boolean;
  /** Which parts of a transaction it looks at, beyond numbers: what a caller need not assemble otherwise. */
  readonly needs: { readonly tables: boolean; readonly verdict: boolean; readonly rows: boolean };
  /** Does the transaction pass? `needs rows` when only its decoded changes can tell: ask `matchesChanges` then. */
  matchesTransaction(transaction: ListedTransaction): boolean | 'needs rows';
  /** The same question with the transaction's changes at hand; takes no more of them than needed. */
  matchesChanges(transaction: ListedTransaction, changes: Iterable<Change>): boolean;
  /** The same in slices: pauses after some of the changes, for there may be millions. */
  lookThrough(transaction: ListedTransaction, changes: Iterable<Change>): Generator<void, boolean>;
  /** Is this one of the changes that the filter's words speak of? True for any when none does. */
  matchesChange(change: Change): boolean;
}

/** Changes looked through between two pauses: some milliseconds' worth. */
const CHANGES_BETWEEN_PAUSES = 256;

const OPERATIONS = ['insert', 'update', 'delete', 'truncate', 'ddl'];

const FIELDS = 'table, schema, db, op, xid, time, lsn, rows, verdict, state, key';

function glob(pattern: string): RegExp {
  const escaped = pattern.replace(/[.*+?^${}()|[\]\\]/g, (character) =>
    character === '*' ? '.*' : `\\${character}`,
  );
  return new RegExp(`^${escaped}$`, 'isu');
}

function oneOf(word: FilterWord, allowed: readonly string[]): ReadonlySet<string> {
  const values = word.values.map((value) => value.toLowerCase());
  for (const value of values) {
    if (!allowed.includes(value)) {
      throw filterError(`${word.field}: cannot be "${value}"`, word, `it is one of ${allowed.join(', ')}`);
    }
  }
  return new Set(values);
}

function intervals(
  word: FilterWord,
  read: (text: string) => Interval | undefined,
  example: string,
): Interval[] {
  return word.values.map((text) => {
    const range = readRange(text, read);
    if (!range)
      throw filterError(`${word.field}: "${text}" is no value or range`, word, `write it like ${example}`);
    return intervalOf(range);
  });
}

function numberTest(
  word: FilterWord,
  value: (t: ListedTransaction) => number,
  read: (text: string) => Interval | undefined,
  example: string,
): TransactionTest {
  const ranges = intervals(word, read, example);
  return (t) => {
    const number = value(t);
    return ranges.some(({ low, high }) => number >= low && number < high);
  };
}

const TWO_TO_32 = 0x1_0000_0000;

/**
 * Transaction ids go round: a range whose end lies before its beginning goes over the top, and an id with its epoch (as txid_current()
 * gives it) is the one without.
 */
function xidTest(word: FilterWord): TransactionTest {
  const ranges = intervals(word, readXid, '738, 700..800 or >=738');
  return ({ xid }) =>
    ranges.some(({ low, high }) =>
      low < high ? xid >= low && xid < high : xid !== 0 && (xid >= low || xid < high),
    );
}

function readXid(text: string): Interval | undefined {
  const number = readWholeNumber(text);
  if (number === undefined) return undefined;
  const low = number.low % TWO_TO_32;
  return { low, high: low + 1 };
}

/** On a clock face: a range whose end lies before its beginning goes over midnight. */
function withinDay(micros: number, { low, high }: Interval): boolean {
  const time = ((micros % DAY_MICROS) + DAY_MICROS) % DAY_MICROS;
  return low < high ? time >= low && time < high : time >= low || time < high;
}

function timeTest(word: FilterWord): TransactionTest {
  const tests = word.values.map((text) => {
    const range = readRange<TimeInterval>(text, readTime);
    const example = '12:00:03, >=12:00, 12:00..13:30 or 2026-11-21T12:00 (UTC)';
    if (!range) throw filterError(`time: "${text}" is no time or range`, word, `write it like ${example}`);
    const { from } = range;
    let { to } = range;
    if (from && to && from.timeOfDay !== to.timeOfDay) {
      if (from.timeOfDay)
        throw filterError('time: the range begins without a date', word, 'give both ends a date');
      // 2026-11-21T12:00..13:00: the second is of the same day.
      const midnight = Math.floor(from.low / DAY_MICROS) * DAY_MICROS;
      to = { low: midnight + to.low, high: midnight + to.high, timeOfDay: false };
    }
    const interval = intervalOf({ ...range, to });
    const timeOfDay = (from ?? to)!.timeOfDay;
    if (!timeOfDay) return (time: number) => time >= interval.low && time < interval.high;
    const face = { low: Math.max(interval.low, 0), high: Math.min(interval.high, DAY_MICROS) };
    return (time: number) => withinDay(time, face);
  });
  return (t) => tests.some((test) => test(t.commitTime));
}

/** One LSN stands for the transaction whose commit record holds it, or whose first record begins there. */
function lsnTest(word: FilterWord): TransactionTest {
  const ranges = intervals(word, readLsnValue, '0/A016F40, 0/A0..0/B0 or >=0/A016F40');
  return (t) =>
    ranges.some(({ low, high }) => {
      if (high - low === 1) return t.firstLsn === low || (t.commitLsn <= low && low < t.commitEndLsn);
      return t.commitLsn >= low && t.commitLsn < high;
    });
}

function transactionTest(word: FilterWord): TransactionTest | undefined {
  switch (word.field) {
    case 'db': {
      const patterns = word.values.map(glob);
      return (t) => patterns.some((pattern) => pattern.test(t.database));
    }
    case 'xid':
      return xidTest(word);
    case 'rows':
      return numberTest(word, (t) => t.inserts + t.updates + t.deletes, readWholeNumber, '>100, 10..20 or 5');
    case 'lsn':
      return lsnTest(word);
    case 'time':
      return timeTest(word);
    case 'verdict': {
      const verdicts = oneOf(word, [...VERDICTS, 'pending'] satisfies Verdict[]);
      return (t) => verdicts.has(t.verdict);
    }
    case 'state': {
      const states = oneOf(word, [
        'committed',
        'prepared',
        'message',
      ] satisfies TransactionSummary['state'][]);
      return (t) => states.has(t.state);
    }
    default:
      return undefined;
  }
}

function keyTest(values: ReadonlySet<unknown>): (change: Change) => boolean {
  return (change) => {
    if (change.kind !== 'row' || change.table.identity.kind === 'full-row') return false;
    const { columns } = change.table.identity;
    return columns.some(
      (column) => values.has(change.before?.[column]) || values.has(change.after?.[column]),
    );
  };
}

function changeTest(word: FilterWord): ChangeTest {
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
function* classesOf(t: ListedTransaction): Generator<ChangeClass> {
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

type ClassAnswer = boolean | 'needs rows';

/** Transactions that did the same share the list of their tables: what is asked of its classes is found out once for all of them. */
function rememberingAnswers(
  answerOf: (t: ListedTransaction) => ClassAnswer,
): (t: ListedTransaction) => ClassAnswer {
  const known = new WeakMap<ListedTransaction['tables'], { like: ListedTransaction; answer: ClassAnswer }>();
  return (t) => {
    const same = known.get(t.tables);
    if (same !== undefined && hasSameClasses(same.like, t)) return same.answer;
    const answer = answerOf(t);
    known.set(t.tables, { like: t, answer });
    return answer;
  };
}

/** Of two transactions with the same list of tables. */
function hasSameClasses(a: ListedTransaction, b: ListedTransaction): boolean {
  return (
    a.inserts === b.inserts &&
    a.updates === b.updates &&
    a.deletes === b.deletes &&
    a.truncates === b.truncates &&
    a.changesCatalog === b.changesCatalog
  );
}

function testChange(test: ChangeTest, change: Change): boolean {
  return 'classTest' in test ? test.classTest(classOf(change)) : test.rowTest(change);
}

/**
 * Parses a filter; an empty one lets everything through. Throws ForkpointError that names the column and the word
 * which cannot be understood.
 */
export function parseFilter(text: string): Filter {
  const whole: TransactionTest[] = [];
  const wanted: ChangeTest[] = [];
  const unwanted: ChangeTest[] = [];
  let verdict = false;
  const words = filterWords(text);
  for (const word of words) {
    if (word.field !== undefined && word.values.includes('')) {
      throw filterError(`${word.field}: needs a value`, word, `write it like ${word.field}:…`);
    }
    const test = transactionTest(word);
    if (test) whole.push(word.negated ? (t) => !test(t) : test);
    else (word.negated ? unwanted : wanted).push(changeTest(word));
    verdict ||= word.field === 'verdict';
  }
  const aboutRows = (test: ChangeTest) => 'rowTest' in test;
  const rows = wanted.some(aboutRows) || unwanted.some(aboutRows);
  function* lookThrough(t: ListedTransaction, changes: Iterable<Change>): Generator<void, boolean> {
    if (!whole.every((test) => test(t))) return false;
    let found = wanted.length === 0;
    let seen = 0;
    for (const change of changes) {
      if (found && unwanted.length === 0) return true;
      if (unwanted.some((test) => testChange(test, change))) return false;
      found ||= wanted.every((test) => testChange(test, change));
      if (++seen % CHANGES_BETWEEN_PAUSES === 0) yield;
    }
    return found;
  }
  const byClasses = rememberingAnswers((t) => {
    let found = wanted.every(aboutRows);
    for (const one of classesOf(t)) {
      const holds = (test: ChangeTest) => 'rowTest' in test || test.classTest(one);
      if (unwanted.some((test) => 'classTest' in test && test.classTest(one))) return false;
      found ||= wanted.every(holds);
    }
    return found && rows ? 'needs rows' : found;
  });
  return {
    empty: words.length === 0,
    needs: { tables: wanted.length + unwanted.length > 0, verdict, rows },
    matchesTransaction(t) {
      for (const test of whole) if (!test(t)) return false;
      return wanted.length + unwanted.length === 0 ? true : byClasses(t);
    },
    matchesChanges: (t, changes) => outcome(lookThrough(t, changes)),
    lookThrough,
    matchesChange(change) {
      return (
        wanted.every((test) => testChange(test, change)) && !unwanted.some((test) => testChange(test, change))
      );
    },
  };
}

function outcome(looking: Generator<void, boolean>): boolean {
  for (;;) {
    const { done, value } = looking.next();
    if (done) return value;
  }
}
