/** Reads catalog tuples by column name, for one catalog's layout. */
import { CorruptDatumError } from '../bytes/corrupt-datum.js';
import { inlineVarlenaData, varlenaSize } from '../bytes/varlena.js';
import {
  AttributeForm,
  createDeformedTuple,
  type DeformedTuple,
  deformAttributes,
  MalformedTupleError,
} from '../heap/deform.js';
import {
  Infomask,
  isUsableTuple,
  TUPLE_HEADER_SIZE,
  tupleAttributeCount,
  tupleDataOffset,
  tupleInfomask,
  tupleOid,
} from '../heap/tuple.js';
import type { AttributeDefinition, Oid } from './model.js';

/** Column name by which the hidden oid (until 11) and the plain column `oid` (12 and later) are both read. */
const OID_COLUMN = 'oid';

/** Looks at one tuple at a time, and tells its columns by name. */
export class TupleReader {
  readonly #attributes: readonly AttributeDefinition[];
  readonly #indexByName: ReadonlyMap<string, number>;
  readonly #places: DeformedTuple;
  #bytes: Uint8Array = new Uint8Array(0);
  #start = 0;
  #view: DataView = new DataView(new ArrayBuffer(0));

  constructor(attributes: readonly AttributeDefinition[]) {
    this.#attributes = attributes;
    this.#indexByName = new Map(attributes.map((attribute, index) => [attribute.name, index]));
    this.#places = createDeformedTuple(attributes.length);
  }

  /** Does this major's catalog have such a column? */
  has(column: string): boolean {
    return this.#indexByName.has(column);
  }

  /**
   * Looks at the tuple bytes[start, start + length). Returns false when it is none of this catalog's. The last tuple
   * looked at is the one that is read from.
   */
  look(bytes: Uint8Array, start: number, length: number): boolean {
    if (!isUsableTuple(bytes, start, length)) return false;
    const stored = Math.min(tupleAttributeCount(bytes, start), this.#attributes.length);
    const hasNull = (tupleInfomask(bytes, start) & Infomask.hasNull) !== 0;
    try {
      deformAttributes(
        this.#attributes,
        stored,
        bytes,
        hasNull ? start + TUPLE_HEADER_SIZE : -1,
        start + tupleDataOffset(bytes, start),
        start + length,
        this.#places,
      );
    } catch (error) {
      if (error instanceof MalformedTupleError) return false;
      throw error;
    }
    this.#places.forms.fill(AttributeForm.missing, stored);
    if (bytes !== this.#bytes) this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#bytes = bytes;
    this.#start = start;
    return true;
  }

  /** Is the column null, or one this major does not have? */
  isNull(column: string): boolean {
    return this.#place(column, 0) < 0;
  }

  /** An oid, xid or regproc column; 0 when null or absent. `oid` also reads the hidden one of 10 and 11. */
  oid(column: string): Oid {
    if (column === OID_COLUMN && !this.has(OID_COLUMN)) return tupleOid(this.#bytes, this.#start);
    const at = this.#place(column, 4);
    return at < 0 ? 0 : this.#view.getUint32(at, true);
  }

  /** A number column: int2, int4 or float4, told apart by its type. 0 when null or absent. */
  number(column: string): number {
    const index = this.#indexByName.get(column);
    const at = this.#place(column, 0);
    if (index === undefined || at < 0) return 0;
    const { typeOid } = this.#attributes[index];
    if (typeOid === FLOAT4_OID) return this.#view.getFloat32(at, true);
    return this.#attributes[index].length === 2
      ? this.#view.getInt16(at, true)
      : this.#view.getInt32(at, true);
  }

  /** An int8 column in decimal; '0' when null or absent. */
  bigNumber(column: string): string {
    const at = this.#place(column, 8);
    return at < 0 ? '0' : this.#view.getBigInt64(at, true).toString();
  }

  /** A bool column; false when null or absent. */
  flag(column: string): boolean {
    const at = this.#place(column, 1);
    return at >= 0 && this.#bytes[at] !== 0;
  }

  /** A "char" column; '' when it is zero, null or absent. */
  char(column: string): string {
    const at = this.#place(column, 1);
    return at < 0 || this.#bytes[at] === 0 ? '' : String.fromCharCode(this.#bytes[at]);
  }

  /** The bytes of a name column up to its terminating zero, copied; empty when null or absent. */
  name(column: string): Buffer {
    const index = this.#indexByName.get(column);
    if (index === undefined || this.#places.forms[index] !== AttributeForm.fixed) return Buffer.alloc(0);
    const start = this.#places.offsets[index];
    const field = this.#bytes.subarray(start, start + this.#places.lengths[index]);
    const end = field.indexOf(0);
    return Buffer.from(field.subarray(0, end < 0 ? field.length : end));
  }

  /** The data of a varlena column (without header, decompressed), copied; undefined when null, absent or not in the tuple. */
  varlena(column: string): Buffer | undefined {
    const index = this.#indexByName.get(column);
    if (index === undefined || this.#places.forms[index] < AttributeForm.shortVarlena) return undefined;
    if (this.#places.forms[index] === AttributeForm.external) return undefined;
    const start = this.#places.offsets[index];
    try {
      return Buffer.from(inlineVarlenaData(this.#bytes, start, start + this.#places.lengths[index]));
    } catch (error) {
      if (error instanceof CorruptDatumError) return undefined;
      throw error;
    }
  }

  /** An int2vector or oidvector column as numbers (`size` bytes each); empty when null, absent or malformed. */
  vector(column: string, size: 2 | 4): number[] {
    const data = this.varlena(column);
    if (!data || data.length < VECTOR_HEADER_SIZE) return [];
    const count = data.readInt32LE(VECTOR_COUNT_OFFSET);
    if (count < 0 || VECTOR_HEADER_SIZE + count * size > data.length) return [];
    return Array.from({ length: count }, (_, index) => {
      const at = VECTOR_HEADER_SIZE + index * size;
      return size === 2 ? data.readInt16LE(at) : data.readUInt32LE(at);
    });
  }

  /** The elements' bytes of a one-dimensional text[] column without nulls; empty when null, absent or malformed. */
  textArray(column: string): Buffer[] {
    const data = this.varlena(column);
    // ndim, dataoffset (0: no nulls), elemtype, dim1, lbound1.
    if (!data || data.length < VECTOR_HEADER_SIZE || data.readInt32LE(0) !== 1 || data.readInt32LE(4) !== 0)
      return [];
    const elements: Buffer[] = [];
    try {
      let at = VECTOR_HEADER_SIZE;
      for (let left = data.readInt32LE(VECTOR_COUNT_OFFSET); left > 0; left--) {
        const size = varlenaSize(data, at, data.length);
        elements.push(Buffer.from(inlineVarlenaData(data, at, at + size)));
        at = (at + size + 3) & ~3;
      }
    } catch (error) {
      if (error instanceof CorruptDatumError || error instanceof RangeError) return [];
      throw error;
    }
    return elements;
  }

  #place(column: string, size: number): number {
    const index = this.#indexByName.get(column);
    if (index === undefined) return -1;
    const form = this.#places.forms[index];
    if (form < AttributeForm.fixed || this.#places.lengths[index] < size) return -1;
    return this.#places.offsets[index];
  }
}

const FLOAT4_OID = 700;

/** int2vector and oidvector, less their varlena header: ndim, dataoffset, elemtype, dim1, lbound1, values (c.h). */
const VECTOR_COUNT_OFFSET = 12;
const VECTOR_HEADER_SIZE = 20;
