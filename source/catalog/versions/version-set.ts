/**
 * Every version of every row of one catalog: its numbers, its place, its tuple, its keys and its lifetime, put together. And which of
 * them are the same row: a rewrite copies rows as they are into another file, and of some only the contents are known.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Lsn } from '../../bytes/lsn.js';
import { KeyChains } from './key-chains.js';
import type { VersionStoreOptions } from './options.js';
import { VersionLifetimes } from './version-lifetimes.js';
import { NO_FILE, NO_VERSION, NO_XID, NOT_TOLD, NOWHERE, VersionNumbers } from './version-numbers.js';
import { VersionPlaces } from './version-places.js';
import { VersionTuples } from './version-tuples.js';

/** The versions of one catalog, however they became known. */
export class VersionSet {
  readonly options: VersionStoreOptions;
  readonly numbers = new VersionNumbers();
  readonly places = new VersionPlaces(this.numbers);
  readonly tuples: VersionTuples;
  readonly lifetimes: VersionLifetimes;
  readonly keys: KeyChains;
  /** How many versions stand NOWHERE. */
  homeless = 0;

  constructor(options: VersionStoreOptions) {
    this.options = options;
    this.tuples = new VersionTuples(this.numbers, this.places, options.reader);
    this.lifetimes = new VersionLifetimes(this.numbers, options.fates);
    this.keys = new KeyChains(options.keyColumns.length);
  }

  /**
   * Adds the version that the reader looks at. `writer` is NO_XID when settled, `lsn` may be NOT_TOLD; `tuple` is undefined for one that
   * stays on disk. Returns its number.
   */
  add(
    fileNumber: number,
    block: number,
    offset: number,
    xmin: number,
    writer: number,
    lsn: Lsn,
    tuple: Uint8Array | undefined,
  ): number {
    const { keyColumns, reader, changed } = this.options;
    const version = this.numbers.add(fileNumber, block, offset, xmin, writer, lsn);
    keyColumns.forEach((column, keyNumber) => {
      this.keys.add(version, keyNumber, reader.oid(column));
    });
    if (tuple) {
      this.tuples.keep(version, tuple);
      this.places.place(version);
    }
    if (writer !== NO_XID) changed(writer, lsn === NOT_TOLD ? undefined : lsn, version, false);
    return version;
  }

  /** The version that is at a place as WAL has been read so far: the one written last among those told of. */
  current(fileNumber: number, block: number, offset: number): number {
    const { numbers } = this;
    let current = NO_VERSION;
    let writtenLsn = -1;
    for (const version of this.places.at(fileNumber, block, offset)) {
      const writer = numbers.writer[version];
      const written = numbers.writtenLsn[version];
      const yetToCome = writer !== NO_XID && written === NOT_TOLD && !this.options.fates.beganBefore(writer);
      if (yetToCome || written <= writtenLsn) continue;
      current = version;
      writtenLsn = written;
    }
    return current;
  }

  /** The version that is this row of this writer, among those that `candidate` lets through; NO_VERSION when there is none. */
  findSameRow(tuple: Uint8Array, xmin: number, candidate: (version: number) => boolean = () => true): number {
    const { reader, keyColumns, row } = this.options;
    if (!reader.look(tuple, 0, tuple.length)) return NO_VERSION;
    const { file, xmin: xmins } = this.numbers;
    const wanted = row();
    let found = NO_VERSION;
    this.keys.each(0, reader.oid(keyColumns[0]), (version) => {
      if (found >= 0 || file[version] === NO_FILE || xmins[version] !== xmin || !candidate(version)) return;
      // Some columns are overwritten in place, but an OID and who wrote it name one row.
      if (keyColumns[0] === 'oid' || (this.tuples.look(version) && isDeepStrictEqual(row(), wanted)))
        found = version;
    });
    return found;
  }

  /**
   * A page shows where a version stands of which only the contents were known. Returns it, NO_VERSION when this tuple is none of those.
   */
  settleDown(fileNumber: number, block: number, offset: number, xmin: number, tuple: Uint8Array): number {
    if (this.homeless === 0 || !this.places.files[fileNumber].isShared) return NO_VERSION;
    const { numbers } = this;
    const version = this.findSameRow(tuple, xmin, (each) => numbers.block[each] === NOWHERE);
    if (version < 0) return NO_VERSION;
    this.homeless--;
    numbers.file[version] = fileNumber;
    numbers.block[version] = block;
    numbers.offset[version] = offset;
    this.places.place(version);
    return version;
  }

  /** The versions in other files that are the same row of the same writer: a rewrite copies rows as they are. */
  copies(version: number): number[] {
    const { reader, keyColumns, row } = this.options;
    if (this.places.files.length < 2 || !this.tuples.look(version)) return [];
    const { file, xmin } = this.numbers;
    const found: number[] = [];
    this.keys.each(0, reader.oid(keyColumns[0]), (each) => {
      if (file[each] !== file[version] && file[each] !== NO_FILE && xmin[each] === xmin[version])
        found.push(each);
    });
    if (found.length === 0) return found;
    const wanted = row();
    return found.filter((each) => this.tuples.look(each) && isDeepStrictEqual(row(), wanted));
  }
}
