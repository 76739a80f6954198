/**
 * float4out and float8out since 12: the shortest decimal that reads back as the same value.
 *
 * "Shortest" is PostgreSQL's (common/d2s.c, common/f2s.c): the decimal must lie strictly between the midpoints to the
 * neighbouring values, where JavaScript also takes a decimal on a midpoint. So 1e23 is `9.999999999999999e+22` here.
 */
import { type OutputFunction, requireLength } from './output.js';

/** DBL_DIG and FLT_DIG: from 10 to this power on, an exponent is written. */
const FLOAT8_FIXED_DIGITS = 15;
const FLOAT4_FIXED_DIGITS = 6;
/** Below 10 to this power an exponent is written. */
const SMALLEST_FIXED_EXPONENT = -4;

/** float8out. */
export const float8Output: OutputFunction = (bytes, start, end) => {
  requireLength(bytes, start, end, 8);
  return formatFloat8(bytes.readDoubleLE(start));
};

/** float4out. */
export const float4Output: OutputFunction = (bytes, start, end) => {
  requireLength(bytes, start, end, 4);
  return formatFloat4(bytes.readFloatLE(start));
};

/** A double in PostgreSQL's text form. */
export function formatFloat8(value: number): string {
  const magnitude = Math.abs(value);
  // Here both write plain digits, and no midpoint has so few digits that JavaScript could have chosen it.
  if (magnitude < 1e15 && magnitude >= 1e-4) return String(value);
  const special = formatSpecial(value);
  if (special !== undefined) return special;
  const [digits, exponent] = splitExponential(magnitude.toExponential());
  // Only whole numbers of this range have a midpoint that 17 digits can write.
  const chosen =
    magnitude >= 1e15 && magnitude < 1e41 ? offMidpoint(magnitude, digits, exponent) : { digits, exponent };
  return layOut(value < 0, chosen.digits, chosen.exponent, FLOAT8_FIXED_DIGITS);
}

/** A single-precision value in PostgreSQL's text form. */
export function formatFloat4(value: number): string {
  const special = formatSpecial(value);
  if (special !== undefined) return special;
  const magnitude = Math.abs(value);
  const { digits, exponent } = commonFloat4(magnitude) ?? shortestFloat4(magnitude);
  return layOut(value < 0, digits, exponent, FLOAT4_FIXED_DIGITS);
}

function formatSpecial(value: number): string | undefined {
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  if (Number.isNaN(value)) return 'NaN';
  if (value === Number.POSITIVE_INFINITY) return 'Infinity';
  if (value === Number.NEGATIVE_INFINITY) return '-Infinity';
  return undefined;
}

/** Significant digits, without trailing zeros, and the power of ten of the first one. */
interface Decimal {
  readonly digits: string;
  readonly exponent: number;
}

function splitExponential(text: string): [digits: string, exponent: number] {
  const mark = text.indexOf('e');
  return [text.slice(0, mark).replace('.', ''), Number(text.slice(mark + 1))];
}

function layOut(negative: boolean, digits: string, exponent: number, fixedDigits: number): string {
  const sign = negative ? '-' : '';
  if (exponent < SMALLEST_FIXED_EXPONENT || exponent >= fixedDigits) {
    const fraction = digits.length > 1 ? `.${digits.slice(1)}` : '';
    const power = String(Math.abs(exponent)).padStart(2, '0');
    return `${sign}${digits[0]}${fraction}e${exponent < 0 ? '-' : '+'}${power}`;
  }
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`;
  if (digits.length <= exponent + 1) return sign + digits.padEnd(exponent + 1, '0');
  return `${sign}${digits.slice(0, exponent + 1)}.${digits.slice(exponent + 1)}`;
}

const scratch = new DataView(new ArrayBuffer(8));

/** Replaces JavaScript's shortest decimal of a whole number when it lies on a midpoint to a neighbour. */
function offMidpoint(value: number, digits: string, exponent: number): Decimal {
  scratch.setFloat64(0, value);
  const bits = scratch.getBigUint64(0);
  const binaryExponent = Number(bits >> 52n) - 1075;
  if (binaryExponent < 0) return { digits, exponent };
  // In quarters, so that half a gap, and half the narrower gap below a power of two, are whole.
  const exact = BigInt(value) * 4n;
  const gap = 2n << BigInt(binaryExponent);
  const above = exact + gap;
  const below = exact - ((bits & 0xf_ffff_ffff_ffffn) === 0n ? gap / 2n : gap);
  const inside = (quarters: bigint): boolean => quarters > below && quarters < above;

  for (let length = digits.length; ; length++) {
    const unit = 4n * 10n ** BigInt(Math.max(exponent + 1 - length, 0));
    const lower = (exact / unit) * unit;
    const upper = lower + unit;
    const lowerNearer =
      exact - lower < upper - exact || (exact - lower === upper - exact && (lower / unit) % 2n === 0n);
    const candidates = lowerNearer ? [lower, upper] : [upper, lower];
    const found = candidates.find(inside);
    if (found !== undefined) {
      const text = (found / 4n).toString();
      return { digits: text.replace(/0+$/, ''), exponent: text.length - 1 };
    }
  }
}

const SMALLEST_NORMAL_FLOAT4 = 2 ** -126;
/** FLT_DIG: with so few digits the decimal nearest to a value is the only one that could read back as it. */
const FLOAT4_SURE_DIGITS = 6;

/**
 * The quick way for all but a few values: the nearest decimal of six digits or more that reads back. Undefined where that
 * rule does not decide: below the normal values, at powers of two (whose gaps differ), on ties and on midpoints.
 */
function commonFloat4(value: number): Decimal | undefined {
  scratch.setFloat32(0, value);
  if (value < SMALLEST_NORMAL_FLOAT4 || (scratch.getUint32(0) & 0x7f_ffff) === 0) return undefined;
  for (let length = FLOAT4_SURE_DIGITS; length <= FLOAT4_MOST_DIGITS; length++) {
    const text = value.toExponential(length - 1);
    const parsed = Number(text);
    if (Math.fround(parsed) !== value) continue;
    if (parsed !== value) {
      // Midway between two decimals lies only what one more digit writes in full.
      const ties = Number(value.toExponential(length)) === value;
      const mirrored = 2 * parsed - value;
      if (ties || Math.fround(mirrored) === mirrored) return undefined;
    }
    const [digits, exponent] = splitExponential(text);
    return { digits: digits.replace(/0+$/, ''), exponent };
  }
  return undefined;
}

/** Nine digits tell every single-precision value from its neighbours. */
const FLOAT4_MOST_DIGITS = 9;

function shortestFloat4(value: number): Decimal {
  scratch.setFloat32(0, value);
  const bits = scratch.getUint32(0);
  scratch.setUint32(0, bits - 1);
  const below = (value + scratch.getFloat32(0)) / 2;
  scratch.setUint32(0, bits + 1);
  const next = scratch.getFloat32(0);
  // Beyond the greatest finite value the gap is as wide as below it.
  const above = Number.isFinite(next) ? (value + next) / 2 : value + (value - below);

  for (let length = 1; ; length++) {
    for (const candidate of nearestDecimals(value, length)) {
      if (length >= FLOAT4_MOST_DIGITS || (compare(candidate, below) > 0 && compare(candidate, above) < 0))
        return { digits: candidate.digits.replace(/0+$/, ''), exponent: candidate.exponent };
    }
  }
}

/** The two decimals of `length` digits around a value, the nearer one first, on a tie the even one. */
function nearestDecimals(value: number, length: number): Decimal[] {
  // Exact: no single-precision value between these has more digits than toPrecision can give; a longer one is cut
  // far behind what could matter.
  const [exactDigits, exponent] = splitExponential(value.toExponential(60));
  const lower = BigInt(exactDigits.slice(0, length));
  const rest = exactDigits.slice(length).padEnd(1, '0');
  const half = `5${'0'.repeat(rest.length - 1)}`;
  const lowerNearer = rest < half || (rest === half && lower % 2n === 0n);
  const decimals = [lower, lower + 1n].map((number) => {
    const text = number.toString();
    return { digits: text, exponent: exponent + text.length - length };
  });
  return lowerNearer ? decimals : decimals.reverse();
}

/** Compares a decimal with a double: negative, zero or positive. */
function compare(decimal: Decimal, value: number): number {
  const parsed = Number(`${decimal.digits[0]}.${decimal.digits.slice(1)}e${decimal.exponent}`);
  if (parsed !== value) return parsed - value;
  // Equal only after rounding to a double: compare the digits themselves, all of them.
  const [exactDigits, exponent] = splitExponential(value.toExponential(100));
  if (exponent !== decimal.exponent) return decimal.exponent - exponent;
  const padded = decimal.digits.padEnd(exactDigits.length, '0');
  return padded === exactDigits ? 0 : padded < exactDigits ? -1 : 1;
}
