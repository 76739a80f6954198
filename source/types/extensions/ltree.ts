/** ltree_out, lquery_out and ltxtq_out (contrib/ltree): labels and patterns, each aligned to eight bytes. */
import { maxAlign } from '../../bytes/lsn.js';
import { type OutputFactory, type OutputFunction, overPayload, UndecodableValueError } from '../output.js';

/** Where the first level begins, behind the varlena header: MAXALIGN of what precedes it, less that header. */
const LTREE_LEVELS = 4;
const LQUERY_LEVELS = 12;

/** ltree_out: `Top.Science.Astronomy`. */
export const ltreeOutput: OutputFactory = ({ text }) =>
  overPayload((data) => {
    const labels: string[] = [];
    let offset = LTREE_LEVELS;
    for (let remaining = data.readUInt16LE(0); remaining > 0; remaining--) {
      const length = data.readUInt16LE(offset);
      labels.push(text(data, offset + 2, offset + 2 + length));
      offset += maxAlign(length + 2);
    }
    return labels.join('.');
  });

/** LVAR_*: what follows a label, in the order it is printed. */
const VARIANT_MARKS: readonly (readonly [bit: number, mark: string])[] = [
  [0x04, '%'],
  [0x02, '@'],
  [0x01, '*'],
];
/** LQL_NOT and LQL_COUNT. */
const LEVEL_NOT = 0x10;
const LEVEL_COUNT = 0x20;
/** LTREE_MAX_LEVELS: a level without an upper limit. */
const MOST_LEVELS = 65_535;
/** Fixed parts of lquery_level and lquery_variant; a variant's name begins right behind its flag. */
const LEVEL_HEADER_SIZE = 16;
const VARIANT_HEADER_SIZE = 8;
const VARIANT_NAME = 7;

function variantMarks(flags: number): string {
  return VARIANT_MARKS.filter(([bit]) => (flags & bit) !== 0)
    .map(([, mark]) => mark)
    .join('');
}

/** lquery_out: `Top.*{1,2}.!pizza|tomato*`. */
export const lqueryOutput: OutputFactory = ({ text }) =>
  overPayload((data) => {
    const levels: string[] = [];
    let offset = LQUERY_LEVELS;
    for (let remaining = data.readUInt16LE(0); remaining > 0; remaining--) {
      levels.push(formatLevel(data, offset, text));
      offset += maxAlign(data.readUInt16LE(offset));
    }
    return levels.join('.');
  });

function formatLevel(data: Buffer, level: number, text: OutputFunction): string {
  const flags = data.readUInt16LE(level + 2);
  const count = data.readUInt16LE(level + 4);
  if (count === 0) return `*${formatRepeats(data, level, true)}`;
  const variants: string[] = [];
  let offset = level + LEVEL_HEADER_SIZE;
  for (let remaining = count; remaining > 0; remaining--) {
    const length = data.readUInt16LE(offset + 4);
    const name = text(data, offset + VARIANT_NAME, offset + VARIANT_NAME + length);
    variants.push(name + variantMarks(data.readUInt8(offset + 6)));
    offset += maxAlign(length) + VARIANT_HEADER_SIZE;
  }
  const repeats = (flags & LEVEL_COUNT) !== 0 ? formatRepeats(data, level, false) : '';
  return ((flags & LEVEL_NOT) !== 0 ? '!' : '') + variants.join('|') + repeats;
}

function formatRepeats(data: Buffer, level: number, star: boolean): string {
  const low = data.readUInt16LE(level + 6);
  const high = data.readUInt16LE(level + 8);
  if (low === high) return `{${low}}`;
  if (low === 0 && high === MOST_LEVELS) return star ? '' : '{,}';
  return `{${low === 0 ? '' : low},${high === MOST_LEVELS ? '' : high}}`;
}

/** ITEM of an ltxtquery: Polish notation, the right operand before the left. */
const ITEM_SIZE = 12;
const OPERAND = 2;
const OPERATOR = 3;
const NOT = '!'.charCodeAt(0);
const OR = '|'.charCodeAt(0);
const AND = '&'.charCodeAt(0);

/** ltxtq_out: `Europe & Russia*@ & !Transportation`. */
export const ltxtqueryOutput: OutputFactory = ({ text }) =>
  overPayload((data) => {
    const count = data.readInt32LE(0);
    const operands = 4 + count * ITEM_SIZE;
    let next = 0;
    const format = (bare: boolean): string => {
      if (next >= count) throw new UndecodableValueError('an ltxtquery operator lacks an operand');
      const item = 4 + next++ * ITEM_SIZE;
      const type = data.readInt16LE(item);
      if (type === OPERAND) {
        const start = operands + data.readUInt16LE(item + 10);
        const label = text(data, start, start + data.readUInt8(item + 9));
        return label + variantMarks(data.readUInt8(item + 8));
      }
      const operator = data.readInt32LE(item + 4);
      if (type !== OPERATOR || ![NOT, OR, AND].includes(operator))
        throw new UndecodableValueError(`an ltxtquery item has type ${type}, operator ${operator}`);
      if (operator === NOT) {
        const nested = next < count && data.readInt16LE(4 + next * ITEM_SIZE) === OPERATOR;
        return nested ? `!( ${format(true)} )` : `!${format(false)}`;
      }
      const right = format(false);
      const written = `${format(false)} ${String.fromCharCode(operator)} ${right}`;
      return operator === OR && !bare ? `( ${written} )` : written;
    };
    return format(true);
  });
