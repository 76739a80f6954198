/**
 * PostGIS's geometry and geography: GSERIALIZED on disk, both versions, and hexadecimal EWKB as text (geometry_out,
 * geography_out; liblwgeom's gserialized1.c, gserialized2.c, lwout_wkb.c).
 */
import { type PayloadOutput, UndecodableValueError } from '../output.js';

/** Flags, behind three bytes of SRID. The last one tells version 2, from PostGIS 3.0 on. */
const HAS_Z = 0x01;
const HAS_M = 0x02;
const HAS_BOX = 0x04;
const IS_GEODETIC = 0x08;
const HAS_EXTENDED_FLAGS = 0x10;
const IS_VERSION_2 = 0x40;
const HEADER_SIZE = 4;
const EXTENDED_FLAGS_SIZE = 8;

/** How a kind of geometry is laid out, here and there alike. */
type Shape = 'point' | 'points' | 'triangle' | 'rings' | 'geometries';

/** Geometry types by their number on disk: the number EWKB has for them, and their shape. */
const GEOMETRIES: ReadonlyMap<number, readonly [wkbType: number, shape: Shape]> = new Map<
  number,
  readonly [number, Shape]
>([
  [1, [1, 'point']],
  [2, [2, 'points']],
  [3, [3, 'rings']],
  [4, [4, 'geometries']],
  [5, [5, 'geometries']],
  [6, [6, 'geometries']],
  [7, [7, 'geometries']],
  [8, [8, 'points']],
  [9, [9, 'geometries']],
  [10, [10, 'geometries']],
  [11, [11, 'geometries']],
  [12, [12, 'geometries']],
  [13, [15, 'geometries']],
  [14, [17, 'triangle']],
  [15, [16, 'geometries']],
]);

/** EWKB's flags in a type number, and its mark of little-endian bytes. */
const EWKB_Z = 0x8000_0000;
const EWKB_M = 0x4000_0000;
const EWKB_SRID = 0x2000_0000;
const LITTLE_ENDIAN = 1;

/** The quiet NaN that an empty point's coordinates are written as. */
const NOT_A_NUMBER = Buffer.from('000000000000f87f', 'hex');

/** geometry_out and geography_out. */
export const geometryOutput: PayloadOutput = (data) => {
  const flags = data.readUInt8(3);
  // 21 bits with a sign.
  const srid = (data.readUIntBE(0, 3) << 11) >> 11;
  const dimensions = 2 + ((flags & HAS_Z) !== 0 ? 1 : 0) + ((flags & HAS_M) !== 0 ? 1 : 0);
  let offset = HEADER_SIZE;
  if ((flags & IS_VERSION_2) !== 0 && (flags & HAS_EXTENDED_FLAGS) !== 0) offset += EXTENDED_FLAGS_SIZE;
  // Two single-precision bounds for each dimension; on the globe always three.
  if ((flags & HAS_BOX) !== 0) offset += 8 * ((flags & IS_GEODETIC) !== 0 ? 3 : dimensions);
  const typeFlags = ((flags & HAS_Z) !== 0 ? EWKB_Z : 0) + ((flags & HAS_M) !== 0 ? EWKB_M : 0);
  const writer = new WkbWriter(data, offset, dimensions * 8, typeFlags);
  writer.geometry(srid);
  if (writer.offset !== data.length)
    throw new UndecodableValueError(`${data.length - writer.offset} bytes are left over behind the geometry`);
  return Buffer.concat(writer.parts).toString('hex').toUpperCase();
};

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

/** Walks a serialized geometry once, and collects the same as EWKB. */
class WkbWriter {
  readonly parts: Buffer[] = [];

  constructor(
    private readonly data: Buffer,
    public offset: number,
    /** Bytes of one point's coordinates. */
    private readonly pointSize: number,
    private readonly typeFlags: number,
  ) {}

  /** One geometry; only the outermost says its SRID, and only when it has one. */
  geometry(srid: number): void {
    const type = this.#next();
    const known = GEOMETRIES.get(type);
    if (!known) throw new UndecodableValueError(`geometry type ${type} is not known`);
    const [wkbType, shape] = known;
    const sridFlag = srid === 0 ? 0 : EWKB_SRID;
    this.parts.push(Buffer.from([LITTLE_ENDIAN]), uint32(wkbType + this.typeFlags + sridFlag));
    if (srid !== 0) this.parts.push(uint32(srid >>> 0));
    this.#body(shape);
  }

  #body(shape: Shape): void {
    const count = this.#next();
    if (shape === 'point') {
      if (count > 1) throw new UndecodableValueError(`a point has ${count} points`);
      if (count === 1) this.#coordinates(1);
      else for (let at = 0; at < this.pointSize; at += 8) this.parts.push(NOT_A_NUMBER);
      return;
    }
    // A triangle is written as a polygon of one ring, or of none.
    if (shape === 'triangle') this.parts.push(uint32(count === 0 ? 0 : 1));
    if (shape !== 'triangle' || count !== 0) this.parts.push(uint32(count));
    if (shape === 'points' || shape === 'triangle') this.#coordinates(count);
    else if (shape === 'rings') this.#rings(count);
    else for (let index = 0; index < count; index++) this.geometry(0);
  }

  /** All rings' sizes come first, padded to eight bytes, then all their points. */
  #rings(count: number): void {
    const sizes: number[] = [];
    for (let index = 0; index < count; index++) sizes.push(this.#next());
    if (count % 2 === 1) this.offset += 4;
    for (const size of sizes) {
      this.parts.push(uint32(size));
      this.#coordinates(size);
    }
  }

  #coordinates(count: number): void {
    const end = this.offset + count * this.pointSize;
    if (end > this.data.length) throw new UndecodableValueError('the geometry ends inside its points');
    this.parts.push(this.data.subarray(this.offset, end));
    this.offset = end;
  }

  #next(): number {
    const value = this.data.readUInt32LE(this.offset);
    this.offset += 4;
    return value;
  }
}
