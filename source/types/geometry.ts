/** The geometric types: float8 coordinates in parentheses, brackets and braces (utils/adt/geo_ops.c). */
import { formatFloat8 } from './float.js';
import { type OutputFunction, type PayloadOutput, requireLength, UndecodableValueError } from './output.js';

const POINT_SIZE = 16;
/** A path's count, closed flag and padding; a polygon's count and bounding box. */
const PATH_HEADER_SIZE = 12;
const POLYGON_HEADER_SIZE = 36;

function float8At(bytes: Buffer, offset: number): string {
  return formatFloat8(bytes.readDoubleLE(offset));
}

function formatPoint(bytes: Buffer, offset: number): string {
  return `(${float8At(bytes, offset)},${float8At(bytes, offset + 8)})`;
}

function formatPoints(bytes: Buffer, offset: number, count: number): string {
  const points: string[] = [];
  for (let index = 0; index < count; index++) points.push(formatPoint(bytes, offset + index * POINT_SIZE));
  return points.join(',');
}

/** point_out. */
export const pointOutput: OutputFunction = (bytes, start, end) => {
  requireLength(bytes, start, end, POINT_SIZE);
  return formatPoint(bytes, start);
};

/** line_out: the coefficients of Ax + By + C = 0. */
export const lineOutput: OutputFunction = (bytes, start, end) => {
  requireLength(bytes, start, end, 24);
  return `{${[0, 8, 16].map((offset) => float8At(bytes, start + offset)).join(',')}}`;
};

/** lseg_out. */
export const lsegOutput: OutputFunction = (bytes, start, end) => {
  requireLength(bytes, start, end, 2 * POINT_SIZE);
  return `[${formatPoints(bytes, start, 2)}]`;
};

/** box_out: the upper right corner, then the lower left one. */
export const boxOutput: OutputFunction = (bytes, start, end) => {
  requireLength(bytes, start, end, 2 * POINT_SIZE);
  return formatPoints(bytes, start, 2);
};

/** circle_out. */
export const circleOutput: OutputFunction = (bytes, start, end) => {
  requireLength(bytes, start, end, POINT_SIZE + 8);
  return `<${formatPoint(bytes, start)},${float8At(bytes, start + POINT_SIZE)}>`;
};

/** path_out: in brackets when open, in parentheses when closed. */
export const pathOutput: PayloadOutput = (data) => {
  const points = formatPoints(data, PATH_HEADER_SIZE, countPoints(data, PATH_HEADER_SIZE));
  return data.readInt32LE(4) === 0 ? `[${points}]` : `(${points})`;
};

/** poly_out. */
export const polygonOutput: PayloadOutput = (data) =>
  `(${formatPoints(data, POLYGON_HEADER_SIZE, countPoints(data, POLYGON_HEADER_SIZE))})`;

function countPoints(data: Buffer, headerSize: number): number {
  const count = data.readInt32LE(0);
  if (count < 0 || headerSize + count * POINT_SIZE !== data.length)
    throw new UndecodableValueError(`the value says it has ${count} points in ${data.length} bytes`);
  return count;
}
