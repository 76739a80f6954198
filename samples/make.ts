/**
 * Makes `samples/shop` from live servers: a real failover, its two data directories trimmed to what reading them needs.
 * `npm run sample`. What PostgreSQL itself says of it goes to `test/recorded/shop.json`.
 */
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Lsn } from '../source/bytes/lsn.js';
import { buildIncident } from '../test/servers/incident.js';
import { stopAllServers } from '../test/servers/server.js';
import { currentLsn, existingFiles, redoLsn, relationPaths, walPaths } from '../test/support/trim.js';
import { type Clerk, openShop } from './shop.js';
import { afterTheCut, afterThePromotion, beforeTheCut } from './trade.js';

/** Compiled, this file lies in dist/samples. */
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** More than what a server writes to WAL while it shuts down: running transactions, a checkpoint. */
const SHUTDOWN_BYTES = 4096;

/** The catalogs that name and describe tables, columns and types. The rest of a catalog is large. */
const CATALOGS = `
  pg_class pg_attribute pg_attrdef pg_type pg_namespace pg_index pg_constraint pg_enum pg_range pg_inherits pg_sequence
  pg_database pg_authid pg_tablespace`
  .trim()
  .split(/\s+/);

function copyPaths(from: string, to: string, paths: readonly string[]): void {
  for (const path of existingFiles(from, paths)) {
    mkdirSync(dirname(join(to, path)), { recursive: true });
    cpSync(join(from, path), join(to, path));
  }
}

interface Kept {
  readonly paths: string[];
  readonly end: Lsn;
}

let sale: Clerk;
let oldKept: Kept | undefined;
let newKept: Kept | undefined;
let redo: Lsn = 0;

const incident = await buildIncident({
  major: 17,
  walSegmentSizeMb: 1,
  databases: ['shop'],
  settings: {
    wal_compression: 'on',
    autovacuum: 'off',
    checkpoint_timeout: '1h',
    min_wal_size: '2MB',
    wal_keep_size: '16MB',
  },
  before: async (old) => {
    await old.query('CREATE DATABASE shop');
    await openShop(await old.connect('shop'));
  },
  shared: async (old) => {
    sale = await beforeTheCut(old);
  },
  lost: async (old) => {
    await afterTheCut(old, sale);
    redo = await redoLsn(old);
    oldKept = { paths: await relationPaths(old, 'shop', CATALOGS), end: await currentLsn(old) };
  },
  after: async (promoted) => {
    await afterThePromotion(promoted);
    newKept = {
      paths: await relationPaths(promoted, 'shop', CATALOGS),
      end: (await currentLsn(promoted)) + SHUTDOWN_BYTES,
    };
  },
});

const shop = join(ROOT, 'samples', 'shop');
rmSync(shop, { recursive: true, force: true });
const firstLsn = Math.min(redo, incident.fork);
for (const [name, directory, kept] of [
  ['old', incident.oldDataDirectory, oldKept!],
  ['new', incident.newDataDirectory, newKept!],
] as const) {
  copyPaths(directory, join(shop, name), [...kept.paths, ...walPaths(directory, firstLsn, kept.end)]);
  const configuration = join(shop, name, 'postgresql.conf');
  const text = readFileSync(configuration, 'utf8')
    .replace(/^fsync = .*\n/m, '')
    .replace(
      /^primary_conninfo = .*$/m,
      `primary_conninfo = 'host=old.example.com port=5432 user=replicator'`,
    );
  writeFileSync(configuration, text);
}
mkdirSync(join(ROOT, 'test', 'recorded'), { recursive: true });
writeFileSync(
  join(ROOT, 'test', 'recorded', 'shop.json'),
  `${JSON.stringify({ fork: incident.fork, truth: incident.truth })}\n`,
);
await stopAllServers();
console.log(
  `${incident.truth.transactions!.length} lost transactions, ${incident.truth.prepared.length} in doubt`,
);
