/**
 * Makes `test/recorded/blocks-<BLCKSZ>-<XLOG_BLCKSZ>.pack` anew, both in kB: the matrix's workload on servers with other block sizes, which
 * only a build of one's own has. Such a build of PostgreSQL 15 takes some two minutes:
 *
 *     ./configure --prefix=DIR --with-blocksize=4 --with-wal-blocksize=64 --without-readline --without-zlib
 *     make -C src install && make -C contrib/test_decoding install
 *     node dist/test/record-blocks.js DIR …
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runBinariesIn } from './servers/binaries.js';
import { stopAllServers } from './servers/server.js';
import { type PackedFile, pack } from './support/pack.js';
import { packPath } from './support/recorded.js';
import { interleave, recordIncident } from './support/recording.js';
import { buildWorkload } from './support/workload.js';

/** What `configure` was told, as the build itself remembers it. */
function configured(directory: string, option: string): string {
  const options = execFileSync(join(directory, 'bin', 'pg_config'), ['--configure']).toString();
  const value = new RegExp(`--with-${option}=(\\d+)`).exec(options)?.[1];
  if (value === undefined) throw new Error(`${directory} was built without --with-${option}`);
  return value;
}

for (const directory of process.argv.slice(2)) {
  const major = Number(
    /PostgreSQL (\d+)/.exec(execFileSync(join(directory, 'bin', 'pg_config'), ['--version']).toString())![1],
  );
  runBinariesIn(major, directory);
  const incidents: Record<string, PackedFile[]> = {};
  for (const walLevel of ['logical', 'replica'] as const) {
    incidents[walLevel] = await recordIncident(await buildWorkload(major, walLevel));
  }
  const packed = pack(interleave(incidents));
  const path = packPath(
    `blocks-${configured(directory, 'blocksize')}-${configured(directory, 'wal-blocksize')}`,
  );
  writeFileSync(path, packed);
  console.log(`${path}: ${packed.length} bytes`);
}
await stopAllServers();
