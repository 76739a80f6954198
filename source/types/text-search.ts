/** tsvector and tsquery (tsearch/ts_type.h; utils/adt/tsvector.c, tsquery.c). */
import { type OutputFactory, type OutputFunction, overPayload, UndecodableValueError } from './output.js';

/** A lexeme in quotes; quotes and backslashes within it are doubled. */
function quoteLexeme(lexeme: string): string {
  return `'${lexeme.replace(/['\\]/g, '$&$&')}'`;
}

/** Of a position's two weight bits; D, the lowest, is not written. */
const POSITION_WEIGHTS = ['', 'C', 'B', 'A'];

/** tsvectorout: lexemes, each with its positions. */
export const tsvectorOutput: OutputFactory = ({ text }) =>
  overPayload((data) => {
    const count = data.readInt32LE(0);
    const strings = 4 + count * 4;
    if (count < 0 || strings > data.length)
      throw new UndecodableValueError('the tsvector ends inside its entries');
    const lexemes: string[] = [];
    for (let index = 0; index < count; index++) {
      // WordEntry: a flag, a length of 11 bits, a place of 20.
      const entry = data.readUInt32LE(4 + index * 4);
      const start = strings + (entry >>> 12);
      const end = start + ((entry >>> 1) & 0x7ff);
      const positions = (entry & 1) === 1 ? `:${formatPositions(data, end + (end & 1))}` : '';
      lexemes.push(quoteLexeme(text(data, start, end)) + positions);
    }
    return lexemes.join(' ');
  });

function formatPositions(data: Buffer, offset: number): string {
  const positions: string[] = [];
  for (let remaining = data.readUInt16LE(offset), at = offset + 2; remaining > 0; remaining--, at += 2) {
    const position = data.readUInt16LE(at);
    positions.push((position & 0x3fff) + POSITION_WEIGHTS[position >> 14]);
  }
  return positions.join(',');
}

/** QueryItem: an operand or an operator, in Polish notation, the right operand before the left. */
const QUERY_ITEM_SIZE = 12;
const OPERAND = 1;
const OPERATOR = 2;
const NOT = 1;
const AND = 2;
const OR = 3;
const PHRASE = 4;
/** tsearch_op_priority. */
const PRIORITIES: Readonly<Record<number, number>> = { [NOT]: 4, [AND]: 2, [OR]: 1, [PHRASE]: 3 };

/** An operand's weights, in the order they are written. */
const OPERAND_WEIGHTS: readonly (readonly [bit: number, letter: string])[] = [
  [8, 'A'],
  [4, 'B'],
  [2, 'C'],
  [1, 'D'],
];

/** tsqueryout. */
export const tsqueryOutput: OutputFactory = ({ text }) =>
  overPayload((data) => {
    const count = data.readInt32LE(0);
    if (count < 0 || 4 + count * QUERY_ITEM_SIZE > data.length)
      throw new UndecodableValueError('the tsquery ends inside its items');
    return count === 0 ? '' : new QueryFormatter(data, count, text).format(-1, false);
  });

/** Walks a query's items once, from the first. */
class QueryFormatter {
  #next = 0;

  constructor(
    private readonly data: Buffer,
    private readonly count: number,
    private readonly text: OutputFunction,
  ) {}

  /** Writes the next item and what hangs from it, in parentheses when it binds less than `parentPriority`. */
  format(parentPriority: number, rightOfPhrase: boolean): string {
    if (this.#next >= this.count) throw new UndecodableValueError('a tsquery operator lacks an operand');
    const item = 4 + this.#next++ * QUERY_ITEM_SIZE;
    const type = this.data.readInt8(item);
    if (type === OPERAND) return this.#formatOperand(item);
    const operator = this.data.readInt8(item + 1);
    const priority = PRIORITIES[operator];
    if (type !== OPERATOR || priority === undefined)
      throw new UndecodableValueError(`a tsquery item has type ${type}, operator ${operator}`);
    const parentheses = priority < parentPriority || (operator === PHRASE && rightOfPhrase);
    const written =
      operator === NOT ? `!${this.format(priority, false)}` : this.#formatBinary(item, operator, priority);
    return parentheses ? `( ${written} )` : written;
  }

  #formatBinary(item: number, operator: number, priority: number): string {
    const right = this.format(priority, operator === PHRASE);
    const left = this.format(priority, false);
    if (operator === OR) return `${left} | ${right}`;
    if (operator === AND) return `${left} & ${right}`;
    const distance = this.data.readInt16LE(item + 2);
    return `${left} <${distance === 1 ? '-' : distance}> ${right}`;
  }

  #formatOperand(item: number): string {
    const weights = this.data.readUInt8(item + 1);
    const prefix = this.data.readUInt8(item + 2) !== 0;
    const place = this.data.readUInt32LE(item + 8);
    const start = 4 + this.count * QUERY_ITEM_SIZE + (place >>> 12);
    const lexeme = quoteLexeme(this.text(this.data, start, start + (place & 0xfff)));
    if (weights === 0 && !prefix) return lexeme;
    const letters = OPERAND_WEIGHTS.filter(([bit]) => (weights & bit) !== 0).map(([, letter]) => letter);
    return `${lexeme}:${prefix ? '*' : ''}${letters.join('')}`;
  }
}
