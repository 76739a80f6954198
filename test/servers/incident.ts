/**
 * Builds a real incident: a primary and its streaming standby, the standby cut off, the primary working on alone and
 * crashing, the standby promoted and working on. The truth about it is asked of a copy of the crashed primary, which
 * recovers and decodes its own WAL: it holds for the very last transaction too, and the directories stay as they fell.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Lsn, parseLsn } from '../../source/bytes/lsn.js';
import { type InitdbOptions, initdb, type Server, type Settings } from './server.js';
import {
  createTruthSlot,
  type DecodedTransaction,
  peekTruth,
  type TableHashes,
  tableHashes,
} from './truth.js';

export interface IncidentOptions extends Omit<InitdbOptions, 'dataDirectory'> {
  readonly major: number;
  /** `logical` by default. */
  readonly walLevel?: 'logical' | 'replica';
  /** Have the server decode what was lost (needs wal_level=logical; its slot keeps WAL and dead catalog rows): on by default. */
  readonly decode?: boolean;
  /** Databases to tell the truth about, existing after `before`: `postgres` by default. */
  readonly databases?: readonly string[];
  /** Before the old primary's first start. */
  readonly prepare?: (old: Server) => Promise<void>;
  /** Before the standby is copied: both sides have this on disk. */
  readonly before?: (old: Server) => Promise<void>;
  /** While the standby follows. Clients opened here, and what they have begun, live on across the cut. */
  readonly shared?: (old: Server) => Promise<void>;
  /** After the cut: what commits from here on is lost. What still runs when it returns is met by the crash. */
  readonly lost: (old: Server) => Promise<void>;
  /** On the new primary after its promotion. */
  readonly after?: (promoted: Server) => Promise<void>;
  /** How the old primary ends: `kill` (SIGKILL) by default. */
  readonly crash?: 'immediate' | 'kill' | 'fast';
}

/** What PostgreSQL itself says was lost. Hashes are by database. */
export interface Truth {
  /** Committed after the fork, in commit order, with all their changes; undefined when not decoded. */
  readonly transactions?: readonly DecodedTransaction[];
  /** Prepared and never resolved on the old primary. */
  readonly prepared: readonly { readonly xid: number; readonly gid: string; readonly database: string }[];
  /** The old primary's tables at its end. */
  readonly oldHashes: Readonly<Record<string, TableHashes>>;
  /** The tables at the fork, as the promotion left them: before `after`. */
  readonly forkHashes: Readonly<Record<string, TableHashes>>;
  /** The new primary's tables at its end. */
  readonly newHashes: Readonly<Record<string, TableHashes>>;
}

export interface BuiltIncident {
  readonly major: number;
  readonly oldDataDirectory: string;
  readonly newDataDirectory: string;
  /** Where the timelines part: what the new primary's history file says. */
  readonly fork: Lsn;
  readonly truth: Truth;
  /** Starts a copy of the crashed old primary on its own: to undo there. */
  startOld(): Promise<Server>;
  /** Starts a copy of the new primary as it ended: to redo there. */
  startNew(): Promise<Server>;
  /** Starts a copy of the new primary as the promotion left it: to redo where nothing collides. */
  startAtFork(): Promise<Server>;
}

/** Table hashes of several databases of one running server. */
export async function serverHashes(
  server: Server,
  databases: readonly string[] = ['postgres'],
): Promise<Record<string, TableHashes>> {
  const hashes: Record<string, TableHashes> = {};
  for (const database of databases) {
    const client = await server.connect(database);
    hashes[database] = await tableHashes(client);
    await client.end();
  }
  return hashes;
}

/** The switch point in the newest history file (timeline.c: timeline, LSN and reason by tabs); of its last line. */
function readFork(dataDirectory: string): Lsn {
  const wal = join(dataDirectory, 'pg_wal');
  const newest = readdirSync(wal)
    .filter((name) => /^[0-9A-F]{8}\.history$/.test(name))
    .sort()
    .at(-1);
  if (!newest) throw new Error(`no history file in ${wal}`);
  const line = readFileSync(join(wal, newest), 'utf8').trim().split('\n').at(-1)!;
  return parseLsn(line.split('\t')[1])!;
}

function slotName(database: string): string {
  return `truth_${Buffer.from(database).toString('hex')}`;
}

async function askOld(
  old: Server,
  fork: Lsn,
  databases: readonly string[],
  decode: boolean,
): Promise<Pick<Truth, 'transactions' | 'prepared' | 'oldHashes'>> {
  const copy = await startCopy(old);
  const prepared = await copy.query<{ xid: string; gid: string; database: string }>(
    'SELECT transaction::text AS xid, gid, database FROM pg_prepared_xacts ORDER BY prepared, gid',
  );
  const transactions: DecodedTransaction[] = [];
  for (const database of decode ? databases : []) {
    const client = await copy.connect(database);
    transactions.push(...(await peekTruth(client, slotName(database), database)));
  }
  const oldHashes = await serverHashes(copy, databases);
  await copy.stop('immediate');
  copy.remove();
  return {
    transactions: decode
      ? transactions.filter((t) => t.commitEndLsn > fork).sort((a, b) => a.commitEndLsn - b.commitEndLsn)
      : undefined,
    prepared: prepared.map(({ xid, gid, database }) => ({ xid: Number(xid), gid, database })),
    oldHashes,
  };
}

async function startCopy(server: Server): Promise<Server> {
  return (await server.copy()).start();
}

/** Builds one; takes some seconds. Its servers are stopped when it returns. */
export async function buildIncident(options: IncidentOptions): Promise<BuiltIncident> {
  const { major, walLevel = 'logical', databases = ['postgres'], crash = 'kill' } = options;
  const decode = options.decode ?? walLevel === 'logical';
  const settings: Settings = { wal_level: walLevel, max_prepared_transactions: 10, ...options.settings };

  const old = await initdb(major, { ...options, settings });
  await options.prepare?.(old);
  await old.start();
  await options.before?.(old);
  await old.stop();
  const promoted = await old.copyAsStandby();
  await old.start();
  await promoted.start();
  for (const database of decode ? databases : []) {
    const client = await old.connect(database);
    await createTruthSlot(client, slotName(database));
    await client.end();
  }
  await options.shared?.(old);
  await promoted.caughtUpWith(old);
  await promoted.stop();

  await options.lost(old);
  await old.stop(crash);

  await promoted.start();
  await promoted.promote();
  const forkHashes = await serverHashes(promoted, databases);
  let newHashes = forkHashes;
  let atFork = promoted;
  if (options.after) {
    await promoted.stop();
    atFork = await promoted.copy();
    await promoted.start();
    await options.after(promoted);
    newHashes = await serverHashes(promoted, databases);
  }
  await promoted.stop();

  const fork = readFork(promoted.dataDirectory);
  return {
    major,
    oldDataDirectory: old.dataDirectory,
    newDataDirectory: promoted.dataDirectory,
    fork,
    truth: { ...(await askOld(old, fork, databases, decode)), forkHashes, newHashes },
    startOld: () => startCopy(old),
    startNew: () => startCopy(promoted),
    startAtFork: () => startCopy(atFork),
  };
}
