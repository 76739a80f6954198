/**
 * Makes `samples/shop` from live servers: a real failover, its two data directories trimmed to what reading them needs.
 * `npm run sample`. What PostgreSQL itself says of it goes to `test/recorded/shop.json`.
 */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Lsn } from '../source/bytes/lsn.js';
import { buildIncident } from '../test/servers/incident.js';
import { type Server, stopAllServers } from '../test/servers/server.js';
import { type Clerk, openShop } from './shop.js';
import { afterTheCut, afterThePromotion, beforeTheCut } from './trade.js';

/** Compiled, this file lies in dist/samples. */
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const SEGMENT_SIZE = 1024 * 1024;
/** More than what a server writes to WAL while it shuts down: running transactions, a checkpoint. */
const SHUTDOWN_BYTES = 4096;

/** The catalogs that name and describe tables, columns and types. The rest of a catalog is large. */
const CATALOGS = `
  pg_class pg_attribute pg_attrdef pg_type pg_namespace pg_index pg_constraint pg_enum pg_range pg_inherits pg_sequence
  pg_database pg_authid pg_tablespace`
  .trim()
  .split(/\s+/);

/** Directories and files that are small and tell something, whole. */
const WHOLE = [
  'PG_VERSION',
  'postgresql.conf',
  'postgresql.auto.conf',
  'pg_xact',
  'pg_multixact',
  'pg_twophase',
];

/** What to keep of a running server's directory: paths relative to it. */
async function pathsToKeep(server: Server): Promise<string[]> {
  const client = await server.connect('shop');
  const { rows } = await client.query<{ path: string }>(
    `SELECT pg_relation_filepath(c.oid) AS path FROM pg_class c
     WHERE relkind IN ('r', 't', 'S') AND (c.oid >= 16384 OR relname = ANY ($1)
       OR c.oid IN (SELECT reltoastrelid FROM pg_class WHERE relname = ANY ($1)))`,
    [CATALOGS],
  );
  const database = dirname(rows.find(({ path }) => path.startsWith('base/'))!.path);
  await client.end();
  return [
    ...WHOLE,
    ...rows.map(({ path }) => path),
    ...[
      'global/pg_control',
      'global/pg_filenode.map',
      `${database}/PG_VERSION`,
      `${database}/pg_filenode.map`,
    ],
  ];
}

/** LSN of the start of a 1 MB segment, by its name (xlog_internal.h, XLogFromFileName). */
function segmentStart(fileName: string): Lsn {
  return (
    Number.parseInt(fileName.slice(8, 16), 16) * 0x1_0000_0000 +
    Number.parseInt(fileName.slice(16), 16) * SEGMENT_SIZE
  );
}

/**
 * History files, and the segments that hold WAL between the two LSNs: recycled and future ones stay behind. Of the
 * segment in which a timeline began its parent's file stays behind too: it holds nothing that the child's has not.
 */
function walToKeep(dataDirectory: string, from: Lsn, to: Lsn): string[] {
  const names = readdirSync(join(dataDirectory, 'pg_wal')).sort();
  return names
    .filter((name, index) => {
      if (/^[0-9A-F]{8}\.history$/.test(name)) return true;
      if (!/^[0-9A-F]{24}$/.test(name)) return false;
      if (names.slice(index + 1).some((later) => later.endsWith(name.slice(8)))) return false;
      return segmentStart(name) + SEGMENT_SIZE > from && segmentStart(name) <= to;
    })
    .map((name) => join('pg_wal', name));
}

function copyPaths(from: string, to: string, paths: readonly string[]): void {
  for (const path of paths) {
    if (!existsSync(join(from, path))) continue;
    mkdirSync(dirname(join(to, path)), { recursive: true });
    cpSync(join(from, path), join(to, path), { recursive: true });
  }
}

async function currentLsn(server: Server): Promise<Lsn> {
  const [{ lsn }] = await server.query(`SELECT (pg_current_wal_insert_lsn() - '0/0')::text AS lsn`);
  return Number(lsn);
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
    const [checkpoint] = await old.query(
      `SELECT (redo_lsn - '0/0')::text AS redo FROM pg_control_checkpoint()`,
    );
    redo = Number(checkpoint.redo);
    oldKept = { paths: await pathsToKeep(old), end: await currentLsn(old) };
  },
  after: async (promoted) => {
    await afterThePromotion(promoted);
    newKept = { paths: await pathsToKeep(promoted), end: (await currentLsn(promoted)) + SHUTDOWN_BYTES };
  },
});

const shop = join(ROOT, 'samples', 'shop');
rmSync(shop, { recursive: true, force: true });
const firstLsn = Math.min(redo, incident.fork);
for (const [name, directory, kept] of [
  ['old', incident.oldDataDirectory, oldKept!],
  ['new', incident.newDataDirectory, newKept!],
] as const) {
  copyPaths(directory, join(shop, name), [...kept.paths, ...walToKeep(directory, firstLsn, kept.end)]);
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
