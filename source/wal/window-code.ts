/** The module of WebAssembly that looks at records where they lie in memory; its functions call each other by their numbers. */
import { UPDATE } from '../bytes/crc32c-module.js';
import { wasmModule } from '../bytes/web-assembly.js';
import { JOIN } from './page-join.js';
import { pageWalk } from './page-walk.js';
import { recordChecksum } from './record-checksum.js';

/**
 * The module's bytes. In the bundle they are as they were when it was made (.ci/bundle.mjs): putting them together anew takes 20 ms of
 * every start.
 */
export function windowCode(): Uint8Array<ArrayBuffer> {
  // By their numbers: 0, 1, those of the walk from 2 on, and the last one.
  return wasmModule([UPDATE, recordChecksum(0), ...pageWalk(2, 1), JOIN]);
}
