/** Which WAL a copy needs: from where reading begins to where it ends, and the histories that say whose it is. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Lsn } from '../bytes/lsn.js';
import { segmentStart } from '../wal/segment-name.js';
import { readablePath } from '../wal/segments.js';
import type { WalPlaces } from '../wal/wal-places.js';

/** A file to be copied into the copy's directory of WAL. */
export interface WalFile {
  readonly name: string;
  /** Where its bytes are: packed segments are unpacked when asked for. */
  readonly source: () => string;
}

/**
 * Segments from the one that holds `from` to the last that can be read, and one more: whether that was ever begun tells where WAL ends. A
 * file that cannot be read as WAL is copied too, so that the copy says of it what the source does. `directories` are listed, in order.
 */
export function walToCopy(segments: WalPlaces, from: Lsn, directories: readonly string[]): WalFile[] {
  const { segmentSize } = segments;
  const last = segments.lastUsable() ?? from;
  const files = new Map<string, WalFile>();
  for (let at = segmentStart(from, segmentSize); at <= last + segmentSize; at += segmentSize) {
    // The end of a segment tells which timeline its whole file is of; its beginning, which one the shared part came from.
    for (const lsn of [at, at + segmentSize - 1]) {
      const found = segments.look(lsn);
      if ('missing' in found) {
        for (const name of [found.fileName, `${found.fileName}.partial`]) {
          const path = directories.map((each) => join(each, name)).find((each) => existsSync(each));
          if (path && !files.has(name)) files.set(name, { name, source: () => path });
        }
      } else if (!files.has(found.fileName)) {
        files.set(found.fileName, {
          name: found.fileName,
          source: () => {
            const ready = segments.at(lsn);
            return 'missing' in ready ? found.path : readablePath(ready);
          },
        });
      }
    }
  }
  for (const directory of directories) {
    for (const name of existsSync(directory) ? readdirSync(directory) : []) {
      if (/^[0-9A-F]{8}\.history$/.test(name) && !files.has(name)) {
        files.set(name, { name, source: () => join(directory, name) });
      }
    }
  }
  return [...files.values()];
}
