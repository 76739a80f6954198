/**
 * A quick pass over WAL for the files that catalogs are in, before the catalog is fed.
 *
 * A mapped catalog that is rewritten (VACUUM FULL) gets its new file filled first, and only the map that is written at the end says what
 * that file was. And the file that such a catalog was in before is told by nothing but what is in it, once the map has been replaced.
 */
import type { Lsn } from '../bytes/lsn.js';
import type { RelationLocator } from '../catalog/model.js';
import { hasPageImage, restorePageImage } from '../wal/full-page-image.js';
import { WalReader } from '../wal/reader.js';
import { type RecordVersion, recordVersion } from '../wal/record-versions.js';
import { RelationMapOperation, ResourceManager, StorageOperation } from '../wal/resource-managers.js';
import type { WalSegments } from '../wal/segments.js';

/** What is looked for, and who wants to know. */
export interface CatalogFilesWanted {
  /** pg_filenode.map of a database (0: global) is replaced. */
  readonly map: (databaseOid: number, bytes: Buffer) => void;
  /** A relation file is made: whatever it will hold, it was not there before. */
  readonly created: (locator: RelationLocator) => void;
  /** Would a page of this file tell something? Asked for every image of a heap page. */
  readonly wantsPage: (locator: RelationLocator) => boolean;
  readonly page: (locator: RelationLocator, page: Buffer) => void;
}

/** How many records are read between two looks at the clock. */
const RECORDS_BETWEEN_LOOKS = 4096;

const HEAP_MANAGERS: ReadonlySet<number> = new Set([
  ResourceManager.heap,
  ResourceManager.heap2,
  ResourceManager.xlog,
]);

export class CatalogFilesScan {
  readonly #reader: WalReader;
  readonly #version: RecordVersion;
  readonly #blockSize: number;
  readonly #wanted: CatalogFilesWanted;

  constructor(segments: WalSegments, blockSize: number, startLsn: Lsn, wanted: CatalogFilesWanted) {
    this.#reader = new WalReader(segments, { blockSize });
    this.#version = recordVersion(segments.majorVersion);
    this.#blockSize = blockSize;
    this.#wanted = wanted;
    this.#reader.seek(startLsn);
  }

  /** Reads for about `milliseconds`; false when there is nothing more to read. */
  step(milliseconds: number): boolean {
    const deadline = performance.now() + milliseconds;
    do {
      for (let i = 0; i < RECORDS_BETWEEN_LOOKS; i++) {
        if (!this.#reader.next()) {
          this.#reader.closeFile();
          return false;
        }
        this.#record();
      }
    } while (performance.now() < deadline);
    return true;
  }

  #record(): void {
    const reader = this.#reader;
    const { view, mainOffset, mainLength, rmid } = reader;
    if (rmid === ResourceManager.relationMap) {
      if ((reader.info & 0xf0) !== RelationMapOperation.update || mainLength < 12) return;
      // xl_relmap_update: dbid, tsid, nbytes, data.
      const map = reader.buffer.subarray(mainOffset + 12, mainOffset + mainLength);
      this.#wanted.map(view.getUint32(mainOffset, true), Buffer.from(map));
      return;
    }
    if (rmid === ResourceManager.storage) {
      if ((reader.info & 0xf0) !== StorageOperation.create || mainLength < 12) return;
      // xl_smgr_create: spcOid, dbOid, relNumber, forkNum.
      this.#wanted.created({
        tablespaceOid: view.getUint32(mainOffset, true),
        databaseOid: view.getUint32(mainOffset + 4, true),
        fileNode: view.getUint32(mainOffset + 8, true),
      });
      return;
    }
    if (!HEAP_MANAGERS.has(rmid)) return;
    for (let id = 0; id < reader.blockCount; id++) {
      if (reader.blockInUse[id] === 0 || reader.blockFork[id] !== 0) continue;
      if (!hasPageImage(reader, id, this.#version)) continue;
      const locator = {
        tablespaceOid: reader.blockTablespace[id],
        databaseOid: reader.blockDatabase[id],
        fileNode: reader.blockFileNode[id],
      };
      if (!this.#wanted.wantsPage(locator)) continue;
      this.#wanted.page(locator, restorePageImage(reader, id, this.#version, this.#blockSize));
    }
  }
}
