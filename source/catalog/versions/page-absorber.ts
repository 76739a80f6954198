/**
 * Takes in pages whole: from disk, where they are as old or as new as the crash left them, and the full-page images that WAL has of them,
 * which are right where the two disagree.
 */
import type { Lsn } from '../../bytes/lsn.js';
import { linePointerCount, pageLsn, tupleAt } from '../../heap/page.js';
import { Infomask, isUsableTuple, TUPLE_HEADER_SIZE, tupleInfomask, tupleXmin } from '../../heap/tuple.js';
import type { ToldChanges } from './told-changes.js';
import { isWriterSettled, removerOf, settledWriterCommitted } from './tuple-header.js';
import { NO_FILE, NO_VERSION, NO_XID, NOT_TOLD } from './version-numbers.js';
import type { VersionSet } from './version-set.js';

/** Puts what pages show into a set of versions. */
export class PageAbsorber {
  readonly #set: VersionSet;
  readonly #told: ToldChanges;

  constructor(set: VersionSet, told: ToldChanges) {
    this.#set = set;
    this.#told = told;
  }

  /** Takes in every tuple of a page as it is on disk. */
  diskPage(fileNumber: number, page: Uint8Array, block: number): void {
    this.#absorb(fileNumber, page, block, undefined);
  }

  /** Takes in a full-page image: the first of a block after a checkpoint is whole, and mends what is torn on disk. */
  image(fileNumber: number, page: Uint8Array, block: number, lsn: Lsn): void {
    this.#absorb(fileNumber, page, block, lsn);
    const { imagedBlocks, disk } = this.#set.places.files[fileNumber];
    if (imagedBlocks.has(block)) return;
    disk?.replaced(block);
    imagedBlocks.add(block);
    this.#dropTorn(fileNumber, block, page);
  }

  /** `lsn` is undefined for a page from disk. */
  #absorb(fileNumber: number, page: Uint8Array, block: number, lsn: Lsn | undefined): void {
    // An image is of its record, whatever the page says: a page that is logged whole (log_newpage) has no LSN yet.
    const changedAt = lsn ?? pageLsn(page);
    const count = linePointerCount(page);
    for (let offset = 1; offset <= count; offset++) {
      const place = tupleAt(page, offset);
      if (place && isUsableTuple(page, place.start, place.length))
        this.#absorbTuple(fileNumber, block, offset, page, place.start, place.length, changedAt, lsn);
    }
  }

  #absorbTuple(
    fileNumber: number,
    block: number,
    offset: number,
    page: Uint8Array,
    start: number,
    length: number,
    pageChangedAt: Lsn,
    lsn: Lsn | undefined,
  ): void {
    const { options, places } = this.#set;
    const { fates, reader, wanted } = options;
    const xmin = tupleXmin(page, start);
    const infomask = tupleInfomask(page, start);
    const settled = isWriterSettled(options, xmin, infomask, pageChangedAt);
    if (settled && !settledWriterCommitted(options, xmin, infomask)) return;

    const remover = removerOf(options, page, start);
    const removerSettled = remover !== NO_XID && fates.isSettled(remover);
    if (removerSettled && fates.settledCommitted(remover, (infomask & Infomask.xmaxCommitted) !== 0)) return;

    let version = lsn === undefined ? NO_VERSION : places.find(fileNumber, block, offset, xmin);
    if (version < 0 && lsn !== undefined)
      version = this.#set.settleDown(fileNumber, block, offset, xmin, page.subarray(start, start + length));
    if (version >= 0) {
      this.#told.imageShowsWritten(version, xmin, lsn!);
      if (!places.files[fileNumber].imagedBlocks.has(block)) this.#mend(version, page, start, length);
    } else {
      if (!reader.look(page, start, length) || (wanted && !wanted(reader))) return;
      const tuple = lsn === undefined ? undefined : Uint8Array.from(page.subarray(start, start + length));
      version = this.#set.add(fileNumber, block, offset, xmin, settled ? NO_XID : xmin, NOT_TOLD, tuple);
      if (settled && lsn !== undefined) options.corrected();
      if (lsn !== undefined) this.#told.imageShowsWritten(version, xmin, lsn);
    }
    if (remover === NO_XID || removerSettled) return;
    if (lsn === undefined) this.#told.removed(version, remover, NOT_TOLD);
    else this.#told.imageShowsRemoval(version, remover, lsn);
  }

  /** A page on disk may be torn between two ages. Where it and the image disagree on a version's data, the image is right. */
  #mend(version: number, page: Uint8Array, start: number, length: number): void {
    const { tuples, options } = this.#set;
    const own = tuples.copy(version);
    const image = page.subarray(start, start + length);
    const same =
      own !== undefined &&
      own.length === length &&
      Buffer.compare(own.subarray(TUPLE_HEADER_SIZE), image.subarray(TUPLE_HEADER_SIZE)) === 0;
    if (same) return;
    tuples.keep(version, Uint8Array.from(image));
    options.overwritten(version);
  }

  /**
   * And what the image does not have although it was there from the beginning and nobody removed it never was a row: a line pointer of
   * one age that points into bytes of another.
   */
  #dropTorn(fileNumber: number, block: number, image: Uint8Array): void {
    const { numbers, places, options } = this.#set;
    const { diskEnd } = places.files[fileNumber];
    for (let version = places.firstOnDisk(fileNumber, block, 0); version < diskEnd; version++) {
      if (numbers.block[version] !== block) return;
      if (numbers.writer[version] !== NO_XID || numbers.remover[version] !== NO_XID) continue;
      const place = tupleAt(image, numbers.offset[version]);
      if (place && tupleXmin(image, place.start) === numbers.xmin[version]) continue;
      numbers.file[version] = NO_FILE;
      options.corrected();
    }
  }
}
