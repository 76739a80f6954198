/**
 * date, time and timestamp types in ISO form (utils/adt/datetime.c): days and microseconds from 2000-01-01, in the
 * Gregorian calendar without end on either side. A timestamptz is written in UTC.
 */
import { type OutputFunction, requireLength, UndecodableValueError } from './output.js';

const TWO_TO_32 = 0x1_0000_0000;
const MICROS_PER_DAY = 86_400_000_000;
const MICROS_PER_HOUR = 3_600_000_000;
const MICROS_PER_MINUTE = 60_000_000;
const MICROS_PER_SECOND = 1_000_000;

/** DATEVAL_NOBEGIN and DATEVAL_NOEND; the same in 64 bits, by their high halves, for timestamps. */
const LOWEST_INT32 = -0x8000_0000;
const HIGHEST_INT32 = 0x7fff_ffff;

/** What date_in and timestamp_in take, as days: from 4714-11-24 BC, to the end of a year far away. */
const FIRST_DAY = -2_451_545;
const END_OF_DATES = 2_145_031_949;
const END_OF_TIMESTAMPS = 106_751_983;

/** date_out. */
export const dateOutput: OutputFunction = (bytes, start, end) => {
  requireLength(bytes, start, end, 4);
  const days = bytes.readInt32LE(start);
  if (days === LOWEST_INT32) return '-infinity';
  if (days === HIGHEST_INT32) return 'infinity';
  if (days < FIRST_DAY || days >= END_OF_DATES) throw new UndecodableValueError('the date is out of range');
  const [year, date] = formatDay(days);
  return year > 0 ? date : `${date} BC`;
};

/** time_out. */
export const timeOutput: OutputFunction = (bytes, start, end) => {
  requireLength(bytes, start, end, 8);
  return formatTime(readTimeOfDay(bytes, start));
};

/** timetz_out: the time, then the zone as an offset east of Greenwich (stored as seconds west of it). */
export const timetzOutput: OutputFunction = (bytes, start, end) => {
  requireLength(bytes, start, end, 12);
  return formatTime(readTimeOfDay(bytes, start)) + formatZone(bytes.readInt32LE(start + 8));
};

/** timestamp_out, and timestamptz_out under `TimeZone = UTC` with `zone` '+00'. */
export function timestampOutput(zone: '' | '+00'): OutputFunction {
  // Rows that lie together often share their day.
  let knownDays = Number.NaN;
  let knownDate: readonly [year: number, text: string] = [0, ''];
  return (bytes, start, end) => {
    requireLength(bytes, start, end, 8);
    const low = bytes.readUInt32LE(start);
    const high = bytes.readInt32LE(start + 4);
    if (high === LOWEST_INT32 && low === 0) return '-infinity';
    if (high === HIGHEST_INT32 && low === 0xffff_ffff) return 'infinity';
    const [days, micros] = splitDays(bytes, start, high, low);
    if (days < FIRST_DAY || days >= END_OF_TIMESTAMPS)
      throw new UndecodableValueError('the timestamp is out of range');
    if (days !== knownDays) {
      knownDate = formatDay(days);
      knownDays = days;
    }
    const [year, date] = knownDate;
    return `${date} ${formatTime(micros)}${zone}${year > 0 ? '' : ' BC'}`;
  };
}

function splitDays(bytes: Buffer, start: number, high: number, low: number): [days: number, micros: number] {
  const micros = high * TWO_TO_32 + low;
  if (Number.isSafeInteger(micros)) {
    const days = Math.floor(micros / MICROS_PER_DAY);
    return [days, micros - days * MICROS_PER_DAY];
  }
  const exact = bytes.readBigInt64LE(start);
  const perDay = BigInt(MICROS_PER_DAY);
  const rest = ((exact % perDay) + perDay) % perDay;
  return [Number((exact - rest) / perDay), Number(rest)];
}

function readTimeOfDay(bytes: Buffer, start: number): number {
  const micros = bytes.readInt32LE(start + 4) * TWO_TO_32 + bytes.readUInt32LE(start);
  if (micros < 0 || micros > MICROS_PER_DAY) throw new UndecodableValueError('the time is out of range');
  return micros;
}

/** `hh:mm:ss`, with as many decimals as are needed. Exported for interval. */
export function formatTime(micros: number): string {
  const hour = Math.floor(micros / MICROS_PER_HOUR);
  const minute = Math.floor(micros / MICROS_PER_MINUTE) % 60;
  const second = Math.floor(micros / MICROS_PER_SECOND) % 60;
  return `${twoDigits(hour)}:${twoDigits(minute)}:${twoDigits(second)}${formatFraction(micros % MICROS_PER_SECOND)}`;
}

function formatFraction(micros: number): string {
  return micros === 0 ? '' : `.${String(micros).padStart(6, '0').replace(/0+$/, '')}`;
}

function twoDigits(number: number): string {
  return number < 10 ? `0${number}` : String(number);
}

/** EncodeTimezone: minutes and seconds only where there are some. */
function formatZone(secondsWest: number): string {
  const magnitude = Math.abs(secondsWest);
  const hour = Math.floor(magnitude / 3600);
  const minute = Math.floor(magnitude / 60) % 60;
  const second = magnitude % 60;
  const seconds = second === 0 ? '' : `:${twoDigits(second)}`;
  const minutes = minute === 0 && second === 0 ? '' : `:${twoDigits(minute)}`;
  return `${secondsWest <= 0 ? '+' : '-'}${twoDigits(hour)}${minutes}${seconds}`;
}

/** Days from 0000-03-01 of the Gregorian calendar to 2000-01-01, and its cycles. */
const DAYS_TO_EPOCH = 730_425;
const DAYS_PER_400_YEARS = 146_097;

/** `yyyy-mm-dd` of a day counted from 2000-01-01, and its year: 0 and below are BC, and written as 1 BC and on. */
function formatDay(days: number): [year: number, text: string] {
  const civil = civilDay(days);
  const year = Math.floor(civil / 512);
  const written = String(year > 0 ? year : 1 - year).padStart(4, '0');
  return [year, `${written}-${twoDigits((civil >> 5) & 0xf)}-${twoDigits(civil & 0x1f)}`];
}

/** Year × 512 + month × 32 + day of a day counted from 2000-01-01; the year before 1 is 0. */
export function civilDay(days: number): number {
  // Years that begin in March have their leap day last, so months follow one formula.
  const shifted = days + DAYS_TO_EPOCH;
  const cycle = Math.floor(shifted / DAYS_PER_400_YEARS);
  const dayOfCycle = shifted - cycle * DAYS_PER_400_YEARS;
  const yearOfCycle =
    ((dayOfCycle - ((dayOfCycle / 1460) | 0) + ((dayOfCycle / 36_524) | 0) - ((dayOfCycle / 146_096) | 0)) /
      365) |
    0;
  const dayOfYear = dayOfCycle - (365 * yearOfCycle + (yearOfCycle >> 2) - ((yearOfCycle / 100) | 0));
  const monthFromMarch = ((5 * dayOfYear + 2) / 153) | 0;
  const day = dayOfYear - (((153 * monthFromMarch + 2) / 5) | 0) + 1;
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
  const year = yearOfCycle + cycle * 400 + (month <= 2 ? 1 : 0);
  return year * 512 + month * 32 + day;
}
