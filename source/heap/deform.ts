/**
 * Finds a tuple's attributes: where each lies and in which form (heap_deform_tuple() in access/common/heaptuple.c).
 *
 * This runs once per row of everything that was lost, so it allocates nothing: the places go into arrays that the
 * caller keeps. What does not add up throws; a place outside the tuple is never given.
 */
import { CorruptDatumError } from '../bytes/corrupt-datum.js';
import {
  alignOffset,
  isVarlenaCompressed,
  isVarlenaExternal,
  isVarlenaShort,
  varlenaSize,
} from '../bytes/varlena.js';
import {
  Infomask,
  Infomask2,
  isUsableHeader,
  isUsableTuple,
  TUPLE_HEADER_SIZE,
  tupleAttributeCount,
  tupleDataOffset,
  tupleInfomask,
} from './tuple.js';

/** How an attribute is present in a tuple. Everything from `fixed` on has bytes. */
export const AttributeForm = {
  /** SQL NULL. */
  null: 0,
  /** Beyond the tuple's attributes: added to the table later. Its value is the definition's `missingValue`, else null. */
  missing: 1,
  /** A type of fixed length. */
  fixed: 2,
  /** A varlena with a one-byte header. */
  shortVarlena: 3,
  /** A varlena with a four-byte header, not compressed. */
  longVarlena: 4,
  /** A varlena compressed in place. */
  compressed: 5,
  /** A TOAST pointer. */
  external: 6,
  /** A C string; its length leaves out the terminating zero. */
  cString: 7,
} as const;

/** What deforming needs to know of an attribute (a subset of catalog/model.ts's AttributeDefinition). */
export interface AttributeLayout {
  /** attlen: a byte count, -1 for varlena, -2 for a C string. */
  readonly length: number;
  /** attalign in bytes: 1, 2, 4 or 8. */
  readonly alignment: number;
}

/** Where attributes were found. Index 0 is attribute number 1. */
export interface DeformedTuple {
  /** One of `AttributeForm`. */
  readonly forms: Uint8Array;
  /** Where the attribute begins in the buffer, a varlena's header included. */
  readonly offsets: Int32Array;
  /** Bytes it takes there, a varlena's header included. */
  readonly lengths: Int32Array;
}

/** The bytes are not a tuple of that definition. `reason` is one sentence without a place. */
export class MalformedTupleError extends Error {
  /** Attribute number the reading stopped at, from 1; 0 when the header itself is wrong. */
  readonly attribute: number;
  constructor(reason: string, attribute = 0, options?: ErrorOptions) {
    super(reason, options);
    this.name = 'MalformedTupleError';
    this.attribute = attribute;
  }
}

/** Arrays for tuples of up to `attributeCount` attributes, to be used again and again. */
export function createDeformedTuple(attributeCount: number): DeformedTuple {
  return {
    forms: new Uint8Array(attributeCount),
    offsets: new Int32Array(attributeCount),
    lengths: new Int32Array(attributeCount),
  };
}

/**
 * Finds the attributes of the whole tuple bytes[start, start + length), header included. `attributes` are all of the
 * relation's, dropped ones included, in attnum order; `into` has room for as many.
 *
 * The tuple must fit the definition to the byte: more attributes than defined, an attribute that runs beyond the
 * tuple or bytes left over mean that this is another version of the table than the one asked for.
 * Throws MalformedTupleError.
 */
export function deformTuple(
  attributes: readonly AttributeLayout[],
  bytes: Uint8Array,
  start: number,
  length: number,
  into: DeformedTuple,
): void {
  if (!isUsableTuple(bytes, start, length))
    throw new MalformedTupleError(`the header of a tuple of ${length} bytes makes no sense`);
  const hasNull = (tupleInfomask(bytes, start) & Infomask.hasNull) !== 0;
  deformWhole(
    attributes,
    tupleAttributeCount(bytes, start),
    bytes,
    hasNull ? start + TUPLE_HEADER_SIZE : -1,
    start + tupleDataOffset(bytes, start),
    start + length,
    into,
  );
}

/** What is left of a tuple's header in a heap record (xl_heap_header), and where the bytes that follow the header lie: [data, end). */
export interface HeaderlessTuple {
  readonly infomask2: number;
  readonly infomask: number;
  readonly hoff: number;
  readonly data: number;
  readonly end: number;
}

/** The same as deformTuple() for a tuple as a heap record holds it: without its fixed header. Throws MalformedTupleError. */
export function deformLoggedTuple(
  attributes: readonly AttributeLayout[],
  bytes: Uint8Array,
  { infomask2, infomask, hoff, data, end }: HeaderlessTuple,
  into: DeformedTuple,
): void {
  const length = end - data + TUPLE_HEADER_SIZE;
  if (end > bytes.length || !isUsableHeader(infomask2, infomask, hoff, length))
    throw new MalformedTupleError(`the header of a tuple of ${length} bytes makes no sense`);
  deformWhole(
    attributes,
    infomask2 & Infomask2.attributeCountMask,
    bytes,
    (infomask & Infomask.hasNull) !== 0 ? data : -1,
    data + hoff - TUPLE_HEADER_SIZE,
    end,
    into,
  );
}

/** Finds all of a tuple's attributes, of which it stores the first `stored` in bytes[dataStart, end). */
function deformWhole(
  attributes: readonly AttributeLayout[],
  stored: number,
  bytes: Uint8Array,
  bitmapStart: number,
  dataStart: number,
  end: number,
  into: DeformedTuple,
): void {
  if (stored > attributes.length)
    throw new MalformedTupleError(
      `the tuple has ${stored} attributes where its table has ${attributes.length}`,
    );
  const reached = deformAttributes(attributes, stored, bytes, bitmapStart, dataStart, end, into);
  for (let index = stored; index < attributes.length; index++) {
    into.forms[index] = AttributeForm.missing;
    into.offsets[index] = -1;
    into.lengths[index] = 0;
  }
  if (reached !== end)
    throw new MalformedTupleError(
      `${end - reached} bytes are left over after the tuple's last attribute`,
      stored,
    );
}

/**
 * Finds the first `count` attributes of a tuple's data area bytes[dataStart, limit), which begins at a maximally
 * aligned place of its tuple. `bitmapStart` is where the null bitmap lies, -1 when there are no nulls.
 * Returns the first byte after the last of them. Throws MalformedTupleError.
 */
export function deformAttributes(
  attributes: readonly AttributeLayout[],
  count: number,
  bytes: Uint8Array,
  bitmapStart: number,
  dataStart: number,
  limit: number,
  into: DeformedTuple,
): number {
  const { forms, offsets, lengths } = into;
  let at = dataStart;
  for (let index = 0; index < count; index++) {
    if (bitmapStart >= 0 && (bytes[bitmapStart + (index >> 3)] & (1 << (index & 7))) === 0) {
      forms[index] = AttributeForm.null;
      offsets[index] = -1;
      lengths[index] = 0;
      continue;
    }
    const { length: declared, alignment } = attributes[index];
    let length = declared;
    if (declared === -1) {
      if (at >= limit) throw runsBeyond(index);
      // As att_align_pointer: a byte that is not zero is a header stored unaligned; padding is always zero.
      if (bytes[at] === 0) at = dataStart + alignOffset(at - dataStart, alignment);
      if (at >= limit) throw runsBeyond(index);
      length = measureVarlena(bytes, at, limit, index);
      forms[index] = varlenaForm(bytes, at);
      offsets[index] = at;
      lengths[index] = length;
      at += length;
      continue;
    }
    at = dataStart + alignOffset(at - dataStart, alignment);
    if (declared === -2) {
      const terminator = at < limit ? bytes.indexOf(0, at) : -1;
      if (terminator < 0 || terminator >= limit) throw runsBeyond(index);
      forms[index] = AttributeForm.cString;
      offsets[index] = at;
      lengths[index] = terminator - at;
      at = terminator + 1;
      continue;
    }
    if (length < 0 || at + length > limit) throw runsBeyond(index);
    forms[index] = AttributeForm.fixed;
    offsets[index] = at;
    lengths[index] = length;
    at += length;
  }
  return at;
}

function varlenaForm(bytes: Uint8Array, at: number): number {
  if (isVarlenaExternal(bytes, at)) return AttributeForm.external;
  if (isVarlenaShort(bytes, at)) return AttributeForm.shortVarlena;
  return isVarlenaCompressed(bytes, at) ? AttributeForm.compressed : AttributeForm.longVarlena;
}

function measureVarlena(bytes: Uint8Array, at: number, limit: number, index: number): number {
  try {
    return varlenaSize(bytes, at, limit);
  } catch (error) {
    if (!(error instanceof CorruptDatumError)) throw error;
    throw new MalformedTupleError(`attribute ${index + 1}: ${error.message}`, index + 1, { cause: error });
  }
}

function runsBeyond(index: number): MalformedTupleError {
  return new MalformedTupleError(`attribute ${index + 1} runs beyond the tuple`, index + 1);
}
