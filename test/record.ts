/**
 * `npm run record`: makes `test/recorded/pg<major>.pack` anew, each from two live runs of the matrix's workload, one at either wal_level.
 * FORKPOINT_MAJORS chooses the majors. Takes about a minute each: it compresses as small as it can.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { stopAllServers } from './servers/server.js';
import { EVERY_MAJOR, majors } from './support/matrix.js';
import { type PackedFile, pack } from './support/pack.js';
import { packPath } from './support/recorded.js';
import { interleave, recordIncident } from './support/recording.js';
import { buildWorkload } from './support/workload.js';

const MAJORS = majors(...EVERY_MAJOR);

for (const major of MAJORS) {
  const incidents: Record<string, PackedFile[]> = {};
  for (const walLevel of ['logical', 'replica'] as const) {
    incidents[walLevel] = await recordIncident(await buildWorkload(major, walLevel));
  }
  const files = interleave(incidents);
  const packed = pack(files);
  const path = packPath(`pg${major}`);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, packed);
  const unpacked = files.reduce((sum, { bytes }) => sum + bytes.length, 0);
  console.log(`${path}: ${packed.length} bytes, ${unpacked} unpacked`);
}
await stopAllServers();
