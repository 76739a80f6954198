/**
 * A heap page: its header and the line pointers that say where its tuples are (storage/bufpage.h, storage/itemid.h).
 *
 * Pages come from disks that crashed and from WAL, so nothing in them is believed: every offset is checked against
 * the page before it is used, and a page that makes no sense simply has no tuples.
 */
import type { Lsn } from '../bytes/lsn.js';

/** SizeOfPageHeaderData: where the line pointers begin. */
export const PAGE_HEADER_SIZE = 24;

/** sizeof(ItemIdData). */
const LINE_POINTER_SIZE = 4;

/** PG_PAGE_LAYOUT_VERSION, the same since 8.3. */
const PAGE_LAYOUT_VERSION = 4;

const TWO_TO_32 = 0x1_0000_0000;

/** lp_flags of a line pointer (storage/itemid.h). */
export const LinePointerState = {
  /** LP_UNUSED */
  unused: 0,
  /** LP_NORMAL */
  normal: 1,
  /** LP_REDIRECT: lp_off is another line pointer's number. */
  redirect: 2,
  /** LP_DEAD */
  dead: 3,
} as const;

/** The fields of PageHeaderData that a reader needs. Offsets are bytes from the page's start. */
export interface PageHeader {
  /** pd_lsn: first byte after the record that last changed the page. */
  readonly lsn: Lsn;
  /** pd_checksum; 0 when checksums are off. */
  readonly checksum: number;
  /** pd_lower: end of the line pointers. */
  readonly lower: number;
  /** pd_upper: begin of the tuples. */
  readonly upper: number;
  /** pd_special: end of the tuples; for heap pages the page's end. */
  readonly special: number;
  /** Bytes in the page, from pd_pagesize_version. */
  readonly pageSize: number;
  /** Layout version, from pd_pagesize_version. */
  readonly layoutVersion: number;
}

/** Where a tuple lies: bytes from the page's start. */
export interface TuplePlace {
  readonly start: number;
  readonly length: number;
}

function uint16(bytes: Uint8Array, offset: number): number {
  return bytes[offset] | (bytes[offset + 1] << 8);
}

function uint32(bytes: Uint8Array, offset: number): number {
  return (
    (bytes[offset] | (bytes[offset + 1] << 8) | (bytes[offset + 2] << 16) | (bytes[offset + 3] << 24)) >>> 0
  );
}

/** Reads a page's header, unchecked. A page shorter than a header gives a header that `isUsablePage` refuses. */
export function readPageHeader(page: Uint8Array): PageHeader {
  const sizeAndVersion = uint16(page, 18);
  return {
    lsn: pageLsn(page),
    checksum: uint16(page, 8),
    lower: uint16(page, 12),
    upper: uint16(page, 14),
    special: uint16(page, 16),
    pageSize: sizeAndVersion & 0xff00,
    layoutVersion: sizeAndVersion & 0x00ff,
  };
}

/** pd_lsn alone: high half first (PageXLogRecPtr). */
export function pageLsn(page: Uint8Array): Lsn {
  return uint32(page, 0) * TWO_TO_32 + uint32(page, 4);
}

/**
 * Does the header make sense (PageIsVerifiedExtended's sanity checks)? `page` must be exactly one page long:
 * the size its header claims is compared with that.
 */
export function isUsablePage(page: Uint8Array): boolean {
  if (page.length < PAGE_HEADER_SIZE) return false;
  const header = readPageHeader(page);
  return (
    header.layoutVersion === PAGE_LAYOUT_VERSION &&
    header.pageSize === page.length &&
    header.lower >= PAGE_HEADER_SIZE &&
    header.lower <= header.upper &&
    header.upper <= header.special &&
    header.special <= header.pageSize &&
    header.special % 8 === 0
  );
}

/** PageGetMaxOffsetNumber: how many line pointers there are; they are numbered from 1. 0 for a page without sense. */
export function linePointerCount(page: Uint8Array): number {
  const lower = Math.min(uint16(page, 12), page.length);
  return lower <= PAGE_HEADER_SIZE ? 0 : Math.floor((lower - PAGE_HEADER_SIZE) / LINE_POINTER_SIZE);
}

/** lp_flags of a line pointer, one of `LinePointerState`; `unused` for a number the page does not have. */
export function linePointerState(page: Uint8Array, offsetNumber: number): number {
  if (offsetNumber < 1 || offsetNumber > linePointerCount(page)) return LinePointerState.unused;
  return (uint32(page, PAGE_HEADER_SIZE + (offsetNumber - 1) * LINE_POINTER_SIZE) >>> 15) & 3;
}

/** The line pointer number that a redirected one stands for (ItemIdGetRedirect), or undefined when it is no redirect. */
export function redirectTarget(page: Uint8Array, offsetNumber: number): number | undefined {
  if (linePointerState(page, offsetNumber) !== LinePointerState.redirect) return undefined;
  const target = uint32(page, PAGE_HEADER_SIZE + (offsetNumber - 1) * LINE_POINTER_SIZE) & 0x7fff;
  return target >= 1 && target <= linePointerCount(page) ? target : undefined;
}

/**
 * The tuple behind a line pointer: undefined unless the pointer is LP_NORMAL and the tuple lies wholly between the
 * line pointers and the page's end.
 */
export function tupleAt(page: Uint8Array, offsetNumber: number): TuplePlace | undefined {
  const pointer = tuplePointer(page, offsetNumber);
  return pointer === 0
    ? undefined
    : { start: pointer & TUPLE_START_MASK, length: pointer >>> TUPLE_LENGTH_SHIFT };
}

/** Of what tuplePointer() gives: where the tuple starts, and how far its length is shifted. */
export const TUPLE_START_MASK = 0x7fff;
export const TUPLE_LENGTH_SHIFT = 15;

/** As tupleAt(), in one number that costs no object: start and length in bytes; 0 when there is no tuple. */
export function tuplePointer(page: Uint8Array, offsetNumber: number): number {
  if (linePointerState(page, offsetNumber) !== LinePointerState.normal) return 0;
  const pointer = uint32(page, PAGE_HEADER_SIZE + (offsetNumber - 1) * LINE_POINTER_SIZE);
  const start = pointer & TUPLE_START_MASK;
  const length = pointer >>> 17;
  if (length === 0 || start < uint16(page, 12) || start + length > page.length) return 0;
  return (length << TUPLE_LENGTH_SHIFT) | start;
}
