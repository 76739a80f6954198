/** array_out: any number of dimensions, any lower bounds, nulls (utils/array.h, utils/adt/arrayfuncs.c). */
import { maxAlign } from '../bytes/lsn.js';
import { VARLENA_HEADER_SIZE } from '../bytes/varlena.js';
import type { Oid } from '../catalog/model.js';
import { DatumCursor, type DatumLayout } from './datum-cursor.js';
import { type OutputContext, type OutputFactory, overPayload, UndecodableValueError } from './output.js';

/** MAXDIM. */
const MOST_DIMENSIONS = 6;
/** ndim, dataoffset and elemtype, behind the varlena header. */
const FIXED_SIZE = 12;

/** An element's layout, and what separates elements. */
interface ElementLayout extends DatumLayout {
  readonly delimiter: string;
  /** Finds what an element's text must be quoted for; of spaces only C's (array_isspace). */
  readonly special: RegExp;
}

/** array_out. The element type is the one the array itself names, which a cast need not have changed. */
export const arrayOutput: OutputFactory = (context) => {
  const layouts = new Map<Oid, ElementLayout>();
  return overPayload((data) => {
    const elementOid = data.readUInt32LE(8);
    let layout = layouts.get(elementOid);
    if (!layout) {
      layout = elementLayout(elementOid, context);
      layouts.set(elementOid, layout);
    }
    return formatArray(data, layout);
  });
};

function elementLayout(oid: Oid, context: OutputContext): ElementLayout {
  const type = context.lookup.type(oid);
  if (!type) throw new UndecodableValueError(`the array's element type ${oid} is not known`);
  const { length, alignment, delimiter } = type;
  const special = new RegExp(`["\\\\{} \\t\\n\\v\\f\\r${delimiter.replace(/[\\\]^-]/, '\\$&')}]`);
  return { length, alignment, delimiter, special, output: context.outputOf(oid) };
}

function formatArray(data: Buffer, layout: ElementLayout): string {
  const dimensions = data.readInt32LE(0);
  if (dimensions === 0) return '{}';
  if (dimensions < 0 || dimensions > MOST_DIMENSIONS)
    throw new UndecodableValueError(`the array has ${dimensions} dimensions`);
  const sizes: number[] = [];
  const lowerBounds: number[] = [];
  let count = 1;
  for (let index = 0; index < dimensions; index++) {
    sizes.push(data.readInt32LE(FIXED_SIZE + index * 4));
    lowerBounds.push(data.readInt32LE(FIXED_SIZE + (dimensions + index) * 4));
    count *= sizes[index];
  }
  // Even a null takes a bit.
  if (sizes.some((size) => size < 0) || count > data.length * 8)
    throw new UndecodableValueError(`the array says it has ${sizes.join(' × ')} elements`);
  if (count === 0) return '{}';

  const elements = formatElements(data, layout, count, FIXED_SIZE + dimensions * 8);
  const bounds = lowerBounds.every((bound) => bound === 1)
    ? ''
    : `${lowerBounds.map((bound, index) => `[${bound}:${bound + sizes[index] - 1}]`).join('')}=`;
  return bounds + nest(elements, sizes, layout.delimiter);
}

/** `afterBounds` is where the null bitmap begins, when there is one: a set bit is a value, a clear one a null. */
function formatElements(data: Buffer, layout: ElementLayout, count: number, afterBounds: number): string[] {
  const dataOffset = data.readInt32LE(4);
  const hasNulls = dataOffset !== 0;
  const start = (hasNulls ? dataOffset : maxAlign(afterBounds + VARLENA_HEADER_SIZE)) - VARLENA_HEADER_SIZE;
  const cursor = new DatumCursor(data, start, VARLENA_HEADER_SIZE, true);
  const elements: string[] = [];
  for (let index = 0; index < count; index++) {
    const isNull = hasNulls && (data.readUInt8(afterBounds + (index >> 3)) & (1 << (index & 7))) === 0;
    elements.push(isNull ? 'NULL' : quoteElement(cursor.read(layout), layout.special));
  }
  return elements;
}

function quoteElement(text: string, special: RegExp): string {
  if (text !== '' && !special.test(text) && !(text.length === 4 && text.toUpperCase() === 'NULL'))
    return text;
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}

/** Puts elements, in storage order, into braces dimension by dimension, the last one first. */
function nest(elements: string[], sizes: readonly number[], delimiter: string): string {
  let rows = elements;
  for (let dimension = sizes.length - 1; dimension >= 0; dimension--) {
    const size = sizes[dimension];
    const outer: string[] = [];
    for (let start = 0; start < rows.length; start += size)
      outer.push(`{${rows.slice(start, start + size).join(delimiter)}}`);
    rows = outer;
  }
  return rows[0];
}
