/** Ranges of the filter language: `700..800`, `>=12:00:03`, `0/A0..`, for numbers, LSNs and times. */
import { parseLsn } from '../bytes/lsn.js';
import { POSTGRES_EPOCH_MS } from '../bytes/timestamp.js';

/** What a number must lie in: `low <= value < high`. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** Reads one end of a range; a value given with less precision stands for an interval. Undefined when it is none. */
type ReadValue<I extends Interval> = (text: string) => I | undefined;

/** The range's ends as read: either may be absent (open). */
export interface ReadRange<I extends Interval> {
  readonly from: I | undefined;
  readonly to: I | undefined;
  /** `from` itself is left out (`>`), `to` itself is left out (`<`). */
  readonly fromOpen: boolean;
  readonly toOpen: boolean;
}

/** Reads `a..b`, `a..`, `..b`, `>=a`, `>a`, `<=b`, `<b`, `=a` or `a`. Undefined when it is none of these. */
export function readRange<I extends Interval>(text: string, read: ReadValue<I>): ReadRange<I> | undefined {
  const comparison = /^(>=|<=|>|<|=)(.*)$/s.exec(text);
  if (comparison) {
    const value = read(comparison[2]);
    if (!value) return undefined;
    const operator = comparison[1];
    return {
      from: operator === '<' || operator === '<=' ? undefined : value,
      to: operator === '>' || operator === '>=' ? undefined : value,
      fromOpen: operator === '>',
      toOpen: operator === '<',
    };
  }
  const dots = text.indexOf('..');
  if (dots < 0) {
    const value = read(text);
    return value && { from: value, to: value, fromOpen: false, toOpen: false };
  }
  const [left, right] = [text.slice(0, dots), text.slice(dots + 2)];
  const from = left === '' ? undefined : read(left);
  const to = right === '' ? undefined : read(right);
  if ((left !== '' && !from) || (right !== '' && !to) || (!from && !to)) return undefined;
  return { from, to, fromOpen: false, toOpen: false };
}

/** The interval of values that a range lets through. */
export function intervalOf(range: ReadRange<Interval>): Interval {
  return {
    low: range.from === undefined ? -Infinity : range.fromOpen ? range.from.high : range.from.low,
    high: range.to === undefined ? Infinity : range.toOpen ? range.to.low : range.to.high,
  };
}

/** A whole number. */
export function readWholeNumber(text: string): Interval | undefined {
  if (!/^\d{1,15}$/.test(text)) return undefined;
  return { low: Number(text), high: Number(text) + 1 };
}

/** An LSN, `0/A016F40`. */
export function readLsnValue(text: string): Interval | undefined {
  const lsn = parseLsn(text);
  return lsn === undefined ? undefined : { low: lsn, high: lsn + 1 };
}

/** A moment, or the stretch of time a less precise text names, in microseconds since 2000-01-01 UTC or since midnight. */
export interface TimeInterval extends Interval {
  /** No date was given: microseconds since midnight UTC, on any day. */
  readonly timeOfDay: boolean;
}

/** Microseconds of one day. */
export const DAY_MICROS = 86_400_000_000;
const HOUR_MICROS = 3_600_000_000;
const MINUTE_MICROS = 60_000_000;
const SECOND_MICROS = 1_000_000;

const TIME_TEXT =
  /^(?:(\d{4})-(\d{2})-(\d{2}))?(?:(?:^|[T ])(\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,6}))?)?)? ?(Z|UTC|[+-]\d{2}(?::?\d{2})?)?$/i;

function offsetMicros(zone: string | undefined): number {
  const match = /^([+-])(\d{2}):?(\d{2})?$/.exec(zone ?? '');
  if (!match) return 0;
  const micros = Number(match[2]) * HOUR_MICROS + Number(match[3] ?? 0) * MINUTE_MICROS;
  return match[1] === '-' ? -micros : micros;
}

/**
 * Reads `2026-11-21`, `2026-11-21T02:45[:47[.184429]]` (also with a space), `02:45[:47[.184429]]`; UTC unless `Z` or an
 * offset says otherwise. `02:45` stands for that whole minute.
 */
export function readTime(text: string): TimeInterval | undefined {
  const match = TIME_TEXT.exec(text);
  if (!match) return undefined;
  const [, year, month, day, hour, minute, second, fraction, zone] = match;
  if (year === undefined && hour === undefined) return undefined;
  if (Number(hour ?? 0) > 24 || Number(minute ?? 0) > 59 || Number(second ?? 0) > 60) return undefined;
  let low = 0;
  let width = DAY_MICROS;
  if (year !== undefined) {
    const milliseconds = Date.UTC(Number(year), Number(month) - 1, Number(day));
    if (new Date(milliseconds).getUTCDate() !== Number(day)) return undefined;
    low = (milliseconds - POSTGRES_EPOCH_MS) * 1000;
  }
  if (hour !== undefined) {
    low += Number(hour) * HOUR_MICROS + Number(minute) * MINUTE_MICROS + Number(second ?? 0) * SECOND_MICROS;
    width = second === undefined ? MINUTE_MICROS : SECOND_MICROS;
    if (fraction !== undefined) {
      low += Number(fraction.padEnd(6, '0'));
      width = 10 ** (6 - fraction.length);
    }
  }
  low -= offsetMicros(zone);
  const timeOfDay = year === undefined;
  if (timeOfDay) low = ((low % DAY_MICROS) + DAY_MICROS) % DAY_MICROS;
  return { low, high: low + width, timeOfDay };
}
