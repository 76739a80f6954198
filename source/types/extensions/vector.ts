/** pgvector's types: vector_out, halfvec_out and sparsevec_out. */
import { formatFloat4 } from '../float.js';
import { type PayloadOutput, UndecodableValueError } from '../output.js';

/** Number of dimensions (16 bits) and 16 unused ones. */
const DENSE_HEADER_SIZE = 4;
/** Dimensions, how many of them are not zero, and an unused word. */
const SPARSE_HEADER_SIZE = 12;

function denseOutput(elementSize: number, read: (data: Buffer, offset: number) => number): PayloadOutput {
  return (data) => {
    const dimensions = data.readInt16LE(0);
    if (data.length !== DENSE_HEADER_SIZE + dimensions * elementSize)
      throw new UndecodableValueError(
        `the vector says it has ${dimensions} dimensions in ${data.length} bytes`,
      );
    const elements: string[] = [];
    for (let offset = DENSE_HEADER_SIZE; offset < data.length; offset += elementSize)
      elements.push(formatFloat4(read(data, offset)));
    return `[${elements.join(',')}]`;
  };
}

/** An IEEE 754 half as a number. */
function readHalf(data: Buffer, offset: number): number {
  const bits = data.readUInt16LE(offset);
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  const sign = bits >= 0x8000 ? -1 : 1;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** vector_out: `[1,2.5,3]`. */
export const vectorTypeOutput = denseOutput(4, (data, offset) => data.readFloatLE(offset));

/** halfvec_out. */
export const halfvecOutput = denseOutput(2, readHalf);

/** sparsevec_out: `{1:1.5,3:2}/5`, indices from 1 though kept from 0. */
export const sparsevecOutput: PayloadOutput = (data) => {
  const dimensions = data.readInt32LE(0);
  const count = data.readInt32LE(4);
  if (count < 0 || data.length !== SPARSE_HEADER_SIZE + count * 8)
    throw new UndecodableValueError(`the sparsevec says it has ${count} elements in ${data.length} bytes`);
  const elements: string[] = [];
  for (let index = 0; index < count; index++) {
    const offset = SPARSE_HEADER_SIZE + index * 4;
    elements.push(`${data.readInt32LE(offset) + 1}:${formatFloat4(data.readFloatLE(offset + count * 4))}`);
  }
  return `{${elements.join(',')}}/${dimensions}`;
};
