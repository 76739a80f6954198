/**
 * Values of variable length, as they lie in tuples, arrays, composites and ranges: the VARATT macros of varatt.h
 * (postgres.h before 16), little-endian.
 *
 * The first byte tells the form. Lowest bit set: one-byte header, or, when the byte is exactly 1, a pointer out of
 * line. Otherwise a four-byte header, whose second bit says that the data is compressed in place.
 */
import { CorruptDatumError } from './corrupt-datum.js';
import { lz4Decompress } from './lz4.js';
import { pglzDecompress } from './pglz.js';

/** VARHDRSZ: the size of a four-byte header, which a TOAST pointer's raw size counts in. */
export const VARLENA_HEADER_SIZE = 4;

/** The size of a compressed value's header in place: the varlena header, then va_tcinfo. */
const COMPRESSED_HEADER_SIZE = 8;

/** va_tcinfo and va_extinfo: the low 30 bits are a size, the high two a compression method (14; zero, so pglz, before). */
const SIZE_MASK = 0x3fff_ffff;
const METHOD_SHIFT = 30;

/** vartag_external: VARTAG_ONDISK, the only pointer that can be found on disk. */
const VARTAG_ONDISK = 18;

/** A one-byte header, a tag, and a varatt_external (four 32-bit numbers). */
export const TOAST_POINTER_SIZE = 18;

/** ToastCompressionId (access/toast_compression.h). */
export type CompressionMethod = 'pglz' | 'lz4';

const COMPRESSION_METHODS: readonly (CompressionMethod | undefined)[] = ['pglz', 'lz4'];

/** A value kept out of line, in a TOAST table (varatt_external). */
export interface ToastPointer {
  /** va_rawsize less its header: the value's size in bytes once fetched and decompressed. */
  readonly rawSize: number;
  /** The bytes its chunks hold together; for a compressed value they begin with its four bytes of va_tcinfo. */
  readonly externalSize: number;
  /** Undefined when the chunks hold the value as it is. */
  readonly compression: CompressionMethod | undefined;
  /** chunk_id of its chunks. */
  readonly valueId: number;
  /** OID of the TOAST table. */
  readonly toastRelationOid: number;
}

/** VARATT_IS_EXTERNAL: does a pointer out of line begin at `offset`? */
export function isVarlenaExternal(bytes: Uint8Array, offset: number): boolean {
  return bytes[offset] === 1;
}

/** VARATT_IS_SHORT: a one-byte header, which needs no alignment. */
export function isVarlenaShort(bytes: Uint8Array, offset: number): boolean {
  return (bytes[offset] & 1) === 1 && bytes[offset] !== 1;
}

/** VARATT_IS_COMPRESSED: compressed in place. */
export function isVarlenaCompressed(bytes: Uint8Array, offset: number): boolean {
  return (bytes[offset] & 3) === 2;
}

/** Does the value at `offset` need no fetching and no decompressing: are its bytes right behind its header? */
export function isVarlenaPlain(bytes: Uint8Array, offset: number): boolean {
  return bytes[offset] !== 1 && (bytes[offset] & 3) !== 2;
}

function readUint32(bytes: Uint8Array, offset: number): number {
  return (
    (bytes[offset] | (bytes[offset + 1] << 8) | (bytes[offset + 2] << 16) | (bytes[offset + 3] << 24)) >>> 0
  );
}

/** The size in bytes of the header at `offset`: 1, 4, or for a pointer out of line 2. */
export function varlenaHeaderSize(bytes: Uint8Array, offset: number): number {
  if ((bytes[offset] & 1) === 0) return VARLENA_HEADER_SIZE;
  return bytes[offset] === 1 ? 2 : 1;
}

/**
 * VARSIZE_ANY: the size in bytes of the value at `offset` as it lies there, header included.
 * Throws CorruptDatumError when it would not fit before `limit`, or its header makes no sense.
 */
export function varlenaSize(bytes: Uint8Array, offset: number, limit: number): number {
  const first = bytes[offset];
  const headerSize = (first & 1) === 0 ? VARLENA_HEADER_SIZE : first === 1 ? TOAST_POINTER_SIZE : 1;
  if (offset + headerSize > limit || limit > bytes.length)
    throw new CorruptDatumError('a variable-length value ends inside its header');
  let size: number;
  if ((first & 1) === 0) size = readUint32(bytes, offset) >>> 2;
  else if (first !== 1) size = first >> 1;
  else if (bytes[offset + 1] === VARTAG_ONDISK) size = TOAST_POINTER_SIZE;
  else
    throw new CorruptDatumError(`a pointer out of line has tag ${bytes[offset + 1]}, which no disk can hold`);
  if (size < headerSize || size > limit - offset)
    throw new CorruptDatumError(
      `a variable-length value says it is ${size} bytes long where ${limit - offset} are left`,
    );
  return size;
}

/**
 * att_align_pointer: where a varlena attribute begins that may begin at `offset`. A byte that is not zero is a
 * one-byte header (or a pointer out of line), which is stored unaligned; padding is always zero.
 * `alignment` is the type's, in bytes.
 */
export function alignVarlena(bytes: Uint8Array, offset: number, alignment: number): number {
  return bytes[offset] !== 0 ? offset : alignOffset(offset, alignment);
}

/** att_align_nominal: the next multiple of `alignment` (1, 2, 4 or 8). */
export function alignOffset(offset: number, alignment: number): number {
  return (offset + alignment - 1) & -alignment;
}

/** Reads the TOAST pointer at `offset`. Throws CorruptDatumError when it is none, or names a compression that is not known. */
export function readToastPointer(bytes: Uint8Array, offset: number): ToastPointer {
  if (
    bytes[offset] !== 1 ||
    bytes[offset + 1] !== VARTAG_ONDISK ||
    offset + TOAST_POINTER_SIZE > bytes.length
  )
    throw new CorruptDatumError('there is no TOAST pointer here');
  const rawSize = readUint32(bytes, offset + 2) - VARLENA_HEADER_SIZE;
  const externalInformation = readUint32(bytes, offset + 6);
  const externalSize = externalInformation & SIZE_MASK;
  return {
    rawSize,
    externalSize,
    // VARATT_EXTERNAL_IS_COMPRESSED: only what got smaller is kept compressed.
    compression: externalSize < rawSize ? compressionMethod(externalInformation >>> METHOD_SHIFT) : undefined,
    valueId: readUint32(bytes, offset + 10),
    toastRelationOid: readUint32(bytes, offset + 14),
  };
}

function compressionMethod(number: number): CompressionMethod {
  const method = COMPRESSION_METHODS[number];
  if (!method) throw new CorruptDatumError(`compression method ${number} is not known`);
  return method;
}

/**
 * Decompresses what follows a compressed value's varlena header: bytes[start,end) begins with va_tcinfo. This is what
 * lies behind the header in place, and what the chunks of a compressed TOASTed value hold together.
 * Throws CorruptDatumError.
 */
export function decompressVarlena(bytes: Uint8Array, start: number, end: number): Buffer {
  if (start + 4 > end) throw new CorruptDatumError('a compressed value ends inside its header');
  const information = readUint32(bytes, start);
  const rawSize = information & SIZE_MASK;
  const method = compressionMethod(information >>> METHOD_SHIFT);
  // Neither can expand its input beyond this: refuse to set aside memory for a size that must be a lie.
  if (rawSize > (end - start) * 256)
    throw new CorruptDatumError(`a compressed value claims ${rawSize} bytes`);
  return (method === 'lz4' ? lz4Decompress : pglzDecompress)(bytes, start + 4, end, rawSize);
}

/**
 * The data of the value at `offset`, which lies in full before `limit`: a view of `bytes` when it is plain, a new
 * buffer when it was compressed in place. Throws CorruptDatumError, also for a pointer out of line: fetch that first.
 */
export function inlineVarlenaData(bytes: Uint8Array, offset: number, limit: number): Buffer {
  const end = offset + varlenaSize(bytes, offset, limit);
  if (isVarlenaExternal(bytes, offset)) throw new CorruptDatumError('the value is kept out of line');
  if (isVarlenaCompressed(bytes, offset)) {
    if (end - offset < COMPRESSED_HEADER_SIZE)
      throw new CorruptDatumError('a compressed value ends inside its header');
    return decompressVarlena(bytes, offset + VARLENA_HEADER_SIZE, end);
  }
  const start = offset + varlenaHeaderSize(bytes, offset);
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start);
}
