/** The filter's words about a transaction as a whole: its numbers, its times, its state. */
import type { TransactionSummary } from '../transactions/transaction.js';
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
import { type FilterWord, filterError, glob, oneOf } from './filter-words.js';
import { type ListedTransaction, VERDICTS, type Verdict } from './model.js';

/** A word about the transaction as a whole. */
export type TransactionTest = (transaction: ListedTransaction) => boolean;

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

/** What a word asks of a transaction; undefined when it is about changes. Throws ForkpointError when it cannot be understood. */
export function transactionTest(word: FilterWord): TransactionTest | undefined {
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
