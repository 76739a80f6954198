/**
 * A tuple's header (access/htup_details.h, HeapTupleHeaderData), read as numbers in place: `bytes` is any buffer, and
 * `start` where the tuple begins in it. Nothing is allocated.
 */

/** SizeofHeapTupleHeader: the fixed part, before the null bitmap. */
export const TUPLE_HEADER_SIZE = 23;

/** MaxHeapAttributeNumber: no tuple has more columns. */
export const MAX_ATTRIBUTES = 1600;

/** InvalidTransactionId (access/transam.h). */
export const INVALID_XID = 0;
/** FirstNormalTransactionId: below are the bootstrap transaction's xid and that of frozen tuples. */
export const FIRST_NORMAL_XID = 3;

/** Bits of t_infomask. */
export const Infomask = {
  /** HEAP_HASNULL */
  hasNull: 0x0001,
  /** HEAP_HASVARWIDTH */
  hasVarWidth: 0x0002,
  /** HEAP_HASEXTERNAL: some attribute is a TOAST pointer. */
  hasExternal: 0x0004,
  /** HEAP_HASOID_OLD: carries a hidden oid; nothing writes it from 12 on. */
  hasOid: 0x0008,
  /** HEAP_XMAX_KEYSHR_LOCK */
  xmaxKeyShareLock: 0x0010,
  /** HEAP_COMBOCID */
  comboCid: 0x0020,
  /** HEAP_XMAX_EXCL_LOCK */
  xmaxExclusiveLock: 0x0040,
  /** HEAP_XMAX_LOCK_ONLY */
  xmaxLockOnly: 0x0080,
  /** HEAP_XMIN_COMMITTED */
  xminCommitted: 0x0100,
  /** HEAP_XMIN_INVALID */
  xminInvalid: 0x0200,
  /** HEAP_XMIN_FROZEN: both of the above. */
  xminFrozen: 0x0300,
  /** HEAP_XMAX_COMMITTED */
  xmaxCommitted: 0x0400,
  /** HEAP_XMAX_INVALID */
  xmaxInvalid: 0x0800,
  /** HEAP_XMAX_IS_MULTI */
  xmaxIsMulti: 0x1000,
  /** HEAP_UPDATED: this is the newer version of an updated row. */
  updated: 0x2000,
  /** HEAP_MOVED_OFF | HEAP_MOVED_IN: what VACUUM FULL did before 9.0. */
  moved: 0xc000,
} as const;

/** Bits of t_infomask2. */
export const Infomask2 = {
  /** HEAP_NATTS_MASK */
  attributeCountMask: 0x07ff,
  /** HEAP_KEYS_UPDATED */
  keysUpdated: 0x2000,
  /** HEAP_HOT_UPDATED */
  hotUpdated: 0x4000,
  /** HEAP_ONLY_TUPLE */
  heapOnly: 0x8000,
} as const;

function uint16(bytes: Uint8Array, offset: number): number {
  return bytes[offset] | (bytes[offset + 1] << 8);
}

function uint32(bytes: Uint8Array, offset: number): number {
  return (
    (bytes[offset] | (bytes[offset + 1] << 8) | (bytes[offset + 2] << 16) | (bytes[offset + 3] << 24)) >>> 0
  );
}

/** t_xmin as stored: a frozen tuple keeps its number (see `isXminFrozen`). */
export function tupleXmin(bytes: Uint8Array, start: number): number {
  return uint32(bytes, start);
}

/** t_xmax as stored: an xid, or a multixact id when `isXmaxMulti`. */
export function tupleXmax(bytes: Uint8Array, start: number): number {
  return uint32(bytes, start + 4);
}

/** t_infomask, to be tested with `Infomask`. */
export function tupleInfomask(bytes: Uint8Array, start: number): number {
  return uint16(bytes, start + 20);
}

/** t_infomask2, to be tested with `Infomask2`. */
export function tupleInfomask2(bytes: Uint8Array, start: number): number {
  return uint16(bytes, start + 18);
}

/** HeapTupleHeaderGetNatts: how many attributes the tuple holds; later ones are missing. */
export function tupleAttributeCount(bytes: Uint8Array, start: number): number {
  return uint16(bytes, start + 18) & Infomask2.attributeCountMask;
}

/** t_hoff: bytes from the tuple's start to its first attribute. */
export function tupleDataOffset(bytes: Uint8Array, start: number): number {
  return bytes[start + 22];
}

/** Block number in t_ctid. */
export function tupleCtidBlock(bytes: Uint8Array, start: number): number {
  return ((uint16(bytes, start + 12) << 16) | uint16(bytes, start + 14)) >>> 0;
}

/** Offset number in t_ctid. */
export function tupleCtidOffset(bytes: Uint8Array, start: number): number {
  return uint16(bytes, start + 16);
}

/** The hidden oid (until 11), 0 when the tuple has none: the four bytes before its data. */
export function tupleOid(bytes: Uint8Array, start: number): number {
  if ((tupleInfomask(bytes, start) & Infomask.hasOid) === 0) return 0;
  return uint32(bytes, start + tupleDataOffset(bytes, start) - 4);
}

/** HeapTupleHeaderXminFrozen: xmin committed before every snapshot there can be, whatever its number. */
export function isXminFrozen(infomask: number): boolean {
  return (infomask & Infomask.xminFrozen) === Infomask.xminFrozen;
}

/** HEAP_XMAX_IS_LOCKED_ONLY: xmax, or every member of it, only locks the tuple. */
export function isXmaxLockOnly(infomask: number): boolean {
  if ((infomask & Infomask.xmaxLockOnly) !== 0) return true;
  const lockBits = Infomask.xmaxExclusiveLock | Infomask.xmaxKeyShareLock;
  return (infomask & (Infomask.xmaxIsMulti | lockBits)) === Infomask.xmaxExclusiveLock;
}

/** HEAP_XMAX_IS_MULTI: t_xmax names a multixact. */
export function isXmaxMulti(infomask: number): boolean {
  return (infomask & Infomask.xmaxIsMulti) !== 0;
}

/** Does the header fit into `length` bytes, and does t_hoff leave room for what must come before the data? */
export function isUsableTuple(bytes: Uint8Array, start: number, length: number): boolean {
  if (length < TUPLE_HEADER_SIZE || start + length > bytes.length) return false;
  return isUsableHeader(
    tupleInfomask2(bytes, start),
    tupleInfomask(bytes, start),
    tupleDataOffset(bytes, start),
    length,
  );
}

/** The same by the header's fields, for a tuple of `length` bytes, header included. */
export function isUsableHeader(
  infomask2: number,
  infomask: number,
  dataOffset: number,
  length: number,
): boolean {
  const attributeCount = infomask2 & Infomask2.attributeCountMask;
  if (attributeCount > MAX_ATTRIBUTES) return false;
  const bitmap = infomask & Infomask.hasNull ? (attributeCount + 7) >> 3 : 0;
  const oid = infomask & Infomask.hasOid ? 4 : 0;
  return dataOffset >= TUPLE_HEADER_SIZE + bitmap + oid && dataOffset <= length;
}

/** TransactionIdAdvance: the next xid on the 32-bit circle. */
export function xidAfter(xid: number): number {
  return Math.max(FIRST_NORMAL_XID, (xid + 1) >>> 0);
}

/** TransactionIdPrecedes: is `a` older than `b` on the 32-bit circle? Special xids are older than every normal one. */
export function xidPrecedes(a: number, b: number): boolean {
  if (a < FIRST_NORMAL_XID || b < FIRST_NORMAL_XID) return a < b;
  return ((a - b) | 0) < 0;
}
