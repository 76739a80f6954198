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
import type { Change } from '../rows/row-change.js';
import { type ChangeTest, changeTest, classesOf, testChange } from './filter-changes.js';
import { type TransactionTest, transactionTest } from './filter-transactions.js';
import { filterError, filterWords } from './filter-words.js';
import type { ListedTransaction } from './model.js';

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
