/**
 * Header of every WAL page (access/xlog_internal.h: XLogPageHeaderData, 24 bytes) and of a segment's first page
 * (XLogLongPageHeaderData, 40 bytes). The same in every major from 10 to 18. Functions here read numbers in place:
 * a page is looked at a million times, so nothing is allocated.
 */
import type { Lsn } from '../bytes/lsn.js';

/** SizeOfXLogShortPHD, in bytes. */
export const SHORT_PAGE_HEADER_SIZE = 24;
/** SizeOfXLogLongPHD, in bytes. */
export const LONG_PAGE_HEADER_SIZE = 40;

/** XLP_FIRST_IS_CONTRECORD: the page begins with the rest of a record from the page before. */
export const FIRST_IS_CONTINUATION = 0x0001;
/** XLP_LONG_HEADER: the header is the long one (a segment's first page). */
export const LONG_HEADER = 0x0002;
/** XLP_BKP_REMOVABLE: no backup was running when the page was begun. */
export const REMOVABLE = 0x0004;
/**
 * XLP_FIRST_IS_OVERWRITE_CONTRECORD: the record that should go on here never ended; an OVERWRITE_CONTRECORD record
 * stands in its place. Minor releases of November 2021 brought it to every major from 10 on.
 */
export const FIRST_IS_OVERWRITTEN_CONTINUATION = 0x0008;
/** XLP_ALL_FLAGS: a page with any other bit is not a WAL page. */
export const ALL_PAGE_FLAGS = 0x000f;

/** xlp_magic: which major wrote the page (versions.ts). */
export function pageMagic(view: DataView, offset: number): number {
  return view.getUint16(offset, true);
}

/** xlp_info: the flags above. */
export function pageFlags(view: DataView, offset: number): number {
  return view.getUint16(offset + 2, true);
}

/** xlp_tli: timeline of the first record on the page. */
export function pageTimeline(view: DataView, offset: number): number {
  return view.getUint32(offset + 4, true);
}

/** xlp_pageaddr: the LSN where the page begins; NaN beyond 2^53. */
export function pageAddress(view: DataView, offset: number): Lsn {
  const address = view.getUint32(offset + 12, true) * 0x1_0000_0000 + view.getUint32(offset + 8, true);
  return Number.isSafeInteger(address) ? address : Number.NaN;
}

/** xlp_rem_len: bytes of the continued record that are still to come, this page's included. */
export function pageRemainingLength(view: DataView, offset: number): number {
  return view.getUint32(offset + 16, true);
}

/** xlp_sysid of a long header, as the decimal text that pg_controldata prints. */
export function longHeaderSystemIdentifier(view: DataView, offset: number): string {
  return view.getBigUint64(offset + 24, true).toString();
}

/** xlp_seg_size of a long header, in bytes. */
export function longHeaderSegmentSize(view: DataView, offset: number): number {
  return view.getUint32(offset + 32, true);
}

/** xlp_xlog_blcksz of a long header, in bytes. */
export function longHeaderPageSize(view: DataView, offset: number): number {
  return view.getUint32(offset + 36, true);
}

/** Bytes the header at `offset` takes, by its own flags (XLogPageHeaderSize). */
export function pageHeaderSize(view: DataView, offset: number): number {
  return pageFlags(view, offset) & LONG_HEADER ? LONG_PAGE_HEADER_SIZE : SHORT_PAGE_HEADER_SIZE;
}
