/** cube_out (contrib/cube): a point, or two corners, of any number of dimensions. */
import { formatFloat8 } from '../float.js';
import { type PayloadOutput, UndecodableValueError } from '../output.js';

/** POINT_BIT: the upper right corner is not stored, being the lower left one. */
const IS_POINT = 0x8000_0000;
const DIMENSIONS_MASK = 0x7fff_ffff;
const HEADER_SIZE = 4;

/** cube_out: `(1, 2),(3, 4)`, or one corner when both are the same. */
export const cubeOutput: PayloadOutput = (data) => {
  const header = data.readUInt32LE(0);
  const dimensions = header & DIMENSIONS_MASK;
  const corners = header >= IS_POINT ? 1 : 2;
  if (data.length !== HEADER_SIZE + corners * dimensions * 8)
    throw new UndecodableValueError(`the cube says it has ${dimensions} dimensions in ${data.length} bytes`);
  const corner = (offset: number): number[] =>
    Array.from({ length: dimensions }, (_, index) => data.readDoubleLE(offset + index * 8));
  const format = (coordinates: number[]): string => `(${coordinates.map(formatFloat8).join(', ')})`;
  const lower = corner(HEADER_SIZE);
  const upper = corners === 1 ? lower : corner(HEADER_SIZE + dimensions * 8);
  const isPoint = corners === 1 || lower.every((coordinate, index) => coordinate === upper[index]);
  return isPoint ? format(lower) : `${format(lower)},${format(upper)}`;
};
