/**
 * Looks for records by their bytes alone, where no chain of records leads: is there WAL behind a record that cannot be read?
 * A segment may be recycled, full of whole records of the past; those of the present link back to what was just read.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import { updateCrc32c } from '../bytes/crc32c.js';
import type { Lsn } from '../bytes/lsn.js';
import { RECORD_HEADER_SIZE } from './block-references.js';
import { checkPageHeader } from './page-check.js';
import { LONG_PAGE_HEADER_SIZE, SHORT_PAGE_HEADER_SIZE } from './page-header.js';
import { readablePath, type WalSegments } from './segments.js';

/** Bytes looked through: damage is local, and a lost transaction behind a longer gap shows in the page headers. */
const FAR_ENOUGH = 32 * 1024 * 1024;
/** MAXALIGN: records begin at multiples of it. */
const ALIGNMENT = 8;

/** Between pages looked at beyond that, in bytes: WAL that goes on does so for more than a megabyte or is found near. */
const FAR_STRIDE = 1024 * 1024;

/**
 * The first page from `from` up to `until` whose header is one of this node's there: every page for a stretch, then one in each megabyte,
 * since a segment may have a gigabyte and only its headers would be read. Undefined when there is none before a missing segment.
 */
export function findPageBehind(segments: WalSegments, from: Lsn, until: Lsn): Lsn | undefined {
  const { pageSize, segmentSize } = segments;
  const header = Buffer.alloc(LONG_PAGE_HEADER_SIZE);
  const view = new DataView(header.buffer, header.byteOffset, header.length);
  for (let page = from; page < until; ) {
    const segment = segments.at(page);
    if ('missing' in segment) return undefined;
    const start = page - (page % segmentSize);
    const next = start + segmentSize;
    const end = Math.min(until, start + segment.length);
    const file = openSync(readablePath(segment), 'r');
    try {
      for (; page < end; page += page - from < FAR_ENOUGH ? pageSize : FAR_STRIDE) {
        if (readSync(file, header, 0, header.length, page - start) < header.length) break;
        if (checkPageHeader(view, 0, page, segments, segment, 0) === undefined) return page;
      }
    } finally {
      closeSync(file);
    }
    page = next;
  }
  return undefined;
}

/**
 * The first whole record (right checksum, within one page) behind `lsn` whose back link points to `lsn` or behind it; `lsn` itself when the
 * record there is whole but for its length or its back link, which should be `expectedPrevious` (negative: not known). Undefined when
 * there is none in this segment and the next.
 */
export function findRecordBehind(segments: WalSegments, lsn: Lsn, expectedPrevious: Lsn): Lsn | undefined {
  const { pageSize, segmentSize } = segments;
  const page = Buffer.allocUnsafe(pageSize);
  const view = new DataView(page.buffer, page.byteOffset, page.length);
  const segmentStart = lsn - (lsn % segmentSize);
  const last = Math.min(segmentStart + 2 * segmentSize, lsn + FAR_ENOUGH);
  for (let start = segmentStart; start < last; start += segmentSize) {
    const segment = segments.at(start === segmentStart ? lsn : start);
    if ('missing' in segment) continue;
    const file = openSync(readablePath(segment), 'r');
    try {
      const end = Math.min(start + segment.length, last);
      for (let at = Math.max(start, lsn - (lsn % pageSize)); at + pageSize <= end; at += pageSize) {
        if (readSync(file, page, 0, pageSize, at - start) < pageSize) break;
        if (at <= lsn && expectedPrevious >= 0 && isWholeBody(page, view, lsn - at, expectedPrevious))
          return lsn;
        const from = at <= lsn ? lsn - at + ALIGNMENT : SHORT_PAGE_HEADER_SIZE;
        const offset = recordOnPage(page, view, at, from, lsn);
        if (offset !== undefined) return at + offset;
      }
    } finally {
      closeSync(file);
    }
  }
  return undefined;
}

/** Has the record at `at` its right checksum with this back link and any length that fits the page? */
function isWholeBody(page: Buffer, view: DataView, at: number, previous: Lsn): boolean {
  if (at + RECORD_HEADER_SIZE > page.length) return false;
  const checksum = view.getUint32(at + 20, true);
  const header = Buffer.from(page.subarray(at, at + 20));
  header.writeUInt32LE(previous % 0x1_0000_0000, 8);
  header.writeUInt32LE(Math.floor(previous / 0x1_0000_0000), 12);
  let body = 0xffffffff;
  for (let length = RECORD_HEADER_SIZE; at + length <= page.length; length++) {
    header.writeUInt32LE(length, 0);
    if (~updateCrc32c(body, header, 0, 20) >>> 0 === checksum) return true;
    body = updateCrc32c(body, page, at + length, at + length + 1);
  }
  return false;
}

/** Offset of the first such record on the page that begins at `pageLsn`, from the offset `from` (rounded up) on. */
function recordOnPage(
  page: Buffer,
  view: DataView,
  pageLsn: Lsn,
  from: number,
  linkedTo: Lsn,
): number | undefined {
  const last = page.length - RECORD_HEADER_SIZE;
  for (let at = from + ((ALIGNMENT - (from % ALIGNMENT)) % ALIGNMENT); at <= last; at += ALIGNMENT) {
    const length = view.getUint32(at, true);
    if (length < RECORD_HEADER_SIZE || length > page.length - at) continue;
    const previous = view.getUint32(at + 12, true) * 0x1_0000_0000 + view.getUint32(at + 8, true);
    if (previous < linkedTo || previous >= pageLsn + at) continue;
    let crc = updateCrc32c(0xffffffff, page, at + RECORD_HEADER_SIZE, at + length);
    crc = ~updateCrc32c(crc, page, at, at + 20) >>> 0;
    if (crc === view.getUint32(at + 20, true)) return at;
  }
  return undefined;
}
