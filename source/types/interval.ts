/** interval_out under `IntervalStyle = postgres`: months, days and microseconds, each with a sign of its own. */
import { type OutputFunction, requireLength } from './output.js';

const MICROS_PER_SECOND = 1_000_000n;
const LOWEST_INT64 = -0x8000_0000_0000_0000n;
const HIGHEST_INT64 = 0x7fff_ffff_ffff_ffffn;
const LOWEST_INT32 = -0x8000_0000;
const HIGHEST_INT32 = 0x7fff_ffff;

/** interval_out. All three fields at their lowest or highest mean an infinite interval (17); earlier servers refuse such a one. */
export const intervalOutput: OutputFunction = (bytes, start, end) => {
  requireLength(bytes, start, end, 16);
  const time = bytes.readBigInt64LE(start);
  const days = bytes.readInt32LE(start + 8);
  const months = bytes.readInt32LE(start + 12);
  if (time === LOWEST_INT64 && days === LOWEST_INT32 && months === LOWEST_INT32) return '-infinity';
  if (time === HIGHEST_INT64 && days === HIGHEST_INT32 && months === HIGHEST_INT32) return 'infinity';

  const parts: string[] = [];
  // A part behind a negative one shows its plus sign.
  let afterNegative = false;
  const addPart = (value: number, unit: string): void => {
    if (value === 0) return;
    parts.push(`${afterNegative && value > 0 ? '+' : ''}${value} ${unit}${value === 1 ? '' : 's'}`);
    afterNegative = value < 0;
  };
  addPart(Math.trunc(months / 12), 'year');
  addPart(months % 12, 'mon');
  addPart(days, 'day');
  if (time !== 0n || parts.length === 0)
    parts.push((time < 0n ? '-' : afterNegative ? '+' : '') + formatSpan(time < 0n ? -time : time));
  return parts.join(' ');
};

/** `hh:mm:ss.ffffff`, hours without end. */
function formatSpan(micros: bigint): string {
  const seconds = micros / MICROS_PER_SECOND;
  const fraction = micros % MICROS_PER_SECOND;
  const two = (number: bigint): string => number.toString().padStart(2, '0');
  const decimals = fraction === 0n ? '' : `.${fraction.toString().padStart(6, '0').replace(/0+$/, '')}`;
  return `${two(seconds / 3600n)}:${two((seconds / 60n) % 60n)}:${two(seconds % 60n)}${decimals}`;
}
