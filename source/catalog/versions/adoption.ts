/**
 * Takes over what another node's versions of the same catalog tell of the time before the two parted: neither versions that the other
 * node wrote since, nor what it removed since.
 */
import { type BranchPoint, isFromBefore } from '../branch-point.js';
import type { ToldChanges } from './told-changes.js';
import { NO_FILE, NO_XID, NOT_TOLD, NOWHERE } from './version-numbers.js';
import { NO_FILE_NODE } from './version-places.js';
import type { VersionSet } from './version-set.js';

/** Another node's versions (which are read when asked for), and where to leave that node. */
export interface Adoption {
  readonly from: () => VersionSet;
  readonly point: BranchPoint;
  /** The number here of each of its files. */
  readonly numbers: readonly number[];
}

/**
 * Adopts all that is from before the point. A file that both nodes had (`isShared`) is taken over as it is, what of it is on disk stays
 * there; any other is a rewrite of the other node's own: its rows are those of the shared file, but nothing tells where they stood in it.
 */
export function adoptVersions(into: VersionSet, told: ToldChanges, adoption: Adoption): void {
  const { point, numbers } = adoption;
  const from = adoption.from();
  const count = from.numbers.count;
  const { file: fileOf } = from.numbers;
  const { files } = into.places;
  numbers.forEach((number, theirs) => {
    const file = files[number];
    if (!file.isShared) return;
    const { disk, diskStart, diskEnd } = from.places.files[theirs];
    file.disk = disk;
    file.diskStart = into.numbers.count;
    for (let version = diskStart; version < diskEnd; version++) {
      if (fileOf[version] === theirs) adoptVersion(into, told, from, version, point, number, true);
    }
    file.diskEnd = into.numbers.count;
    for (let version = 0; version < count; version++) {
      const isFed = version < diskStart || version >= diskEnd;
      if (isFed && fileOf[version] === theirs) adoptVersion(into, told, from, version, point, number, false);
    }
  });
  for (let version = 0; version < count; version++) {
    const theirs = fileOf[version];
    if (theirs !== NO_FILE && !files[numbers[theirs]].isShared)
      adoptVersion(into, told, from, version, point, numbers[theirs], false);
  }
}

function adoptVersion(
  into: VersionSet,
  told: ToldChanges,
  from: VersionSet,
  version: number,
  point: BranchPoint,
  fileNumber: number,
  staysOnDisk: boolean,
): void {
  const writer = from.numbers.writer[version];
  if (writer !== NO_XID && !isFromBefore(point, writer)) return;
  const fromWal = from.tuples.kept(version);
  const tuple = fromWal ?? from.tuples.copy(version);
  const { reader } = into.options;
  if (!tuple || !reader.look(tuple, 0, tuple.length)) return;
  const xmin = from.numbers.xmin[version];
  const isHomeless = into.places.files[fileNumber].fileNode === NO_FILE_NODE;
  if (isHomeless && into.findSameRow(tuple, xmin) >= 0) return;
  const block = isHomeless ? NOWHERE : from.numbers.block[version];
  const offset = isHomeless ? 0 : from.numbers.offset[version];
  const added = into.add(fileNumber, block, offset, xmin, writer, NOT_TOLD, undefined);
  if (!staysOnDisk || fromWal) into.tuples.keep(added, tuple);
  if (isHomeless) into.homeless++;
  else if (!staysOnDisk) into.places.place(added);
  // When it was done, the WAL that both share will tell again.
  for (const { xid } of from.lifetimes.removals(version)) {
    if (isFromBefore(point, xid)) told.removed(added, xid, NOT_TOLD);
  }
}
