/** numeric_out: a decimal number of any precision, in digits of base 10,000 (utils/adt/numeric.c). */
import { type OutputFunction, UndecodableValueError } from './output.js';

/** NUMERIC_SIGN_MASK and its values; NUMERIC_SHORT packs sign, scale and weight into one 16-bit header. */
const SIGN_MASK = 0xc000;
const SHORT = 0x8000;
const SPECIAL = 0xc000;
const NEGATIVE = 0x4000;
const NOT_A_NUMBER = 0xc000;
const POSITIVE_INFINITY = 0xd000;
const NEGATIVE_INFINITY = 0xf000;

/** DEC_DIGITS: decimal digits in one base-10,000 digit. */
const DIGITS_PER_GROUP = 4;

/** numeric_out. */
export const numericOutput: OutputFunction = (bytes, start, end) => {
  if (end - start < 2 || end > bytes.length) throw new UndecodableValueError('the numeric has no header');
  const header = bytes.readUInt16LE(start);
  const sign = header & SIGN_MASK;
  if (sign === SPECIAL) return formatSpecial(header);
  if (sign === SHORT) {
    // NUMERIC_SHORT_WEIGHT: seven bits with a sign.
    const weight = ((header & 0x7f) << 25) >> 25;
    const scale = (header & 0x1f80) >> 7;
    return formatDigits(bytes, start + 2, end, weight, scale, (header & 0x2000) !== 0);
  }
  if (end - start < 4) throw new UndecodableValueError('the numeric ends inside its header');
  const weight = bytes.readInt16LE(start + 2);
  return formatDigits(bytes, start + 4, end, weight, header & 0x3fff, sign === NEGATIVE);
};

function formatSpecial(header: number): string {
  switch (header & 0xf000) {
    case NOT_A_NUMBER:
      return 'NaN';
    case POSITIVE_INFINITY:
      return 'Infinity';
    case NEGATIVE_INFINITY:
      return '-Infinity';
    default:
      throw new UndecodableValueError(`the numeric's header is ${header.toString(16)}, which no numeric has`);
  }
}

/** `weight` is the power of 10,000 of the first group, `scale` how many decimal digits show behind the point. */
function formatDigits(
  bytes: Buffer,
  start: number,
  end: number,
  weight: number,
  scale: number,
  negative: boolean,
): string {
  if ((end - start) % 2 !== 0) throw new UndecodableValueError('the numeric ends inside a digit');
  const count = (end - start) / 2;
  const group = (index: number): number => {
    if (index < 0 || index >= count) return 0;
    const value = bytes.readUInt16LE(start + index * 2);
    if (value > 9999) throw new UndecodableValueError(`the numeric has a base-10,000 digit of ${value}`);
    return value;
  };
  let text = negative ? '-' : '';
  text += weight < 0 ? '0' : String(group(0));
  for (let index = 1; index <= weight; index++) text += padGroup(group(index));
  if (scale === 0) return text;
  let fraction = '';
  for (let index = weight + 1; fraction.length < scale; index++) fraction += padGroup(group(index));
  return `${text}.${fraction.slice(0, scale)}`;
}

function padGroup(value: number): string {
  return String(value).padStart(DIGITS_PER_GROUP, '0');
}
