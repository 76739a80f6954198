/** Makes a recorded incident of a real one: both data directories, trimmed, and what the servers themselves say of them. */
import { openSides } from '../../source/incident/sides.js';
import { findStartingPoint } from '../../source/transactions/starting-point.js';
import type { BuiltIncident } from '../servers/incident.js';
import type { Server } from '../servers/server.js';
import { type TableRows, tableContents } from '../servers/truth.js';
import { readIncident } from './against-the-server.js';
import { type PackedFile, readFiles } from './pack.js';
import type { DatabaseRows, RecordedTruth } from './recorded.js';
import { existingFiles, relationPaths, walPaths } from './trim.js';

/** What a server adds to postgresql.conf that would name this machine. */
const PRIVATE = /^(fsync|primary_conninfo) = .*\n/gm;

interface Asked {
  readonly contents: DatabaseRows;
  /** Files of the databases' relations, relative to the data directory. */
  readonly paths: ReadonlySet<string>;
}

/** Asks a copy of a side that was just started, and stops it. */
async function ask(server: Server, databases: readonly string[]): Promise<Asked> {
  const contents: Record<string, Record<string, TableRows>> = {};
  const paths = new Set<string>();
  for (const database of databases) {
    const client = await server.connect(database);
    contents[database] = await tableContents(client);
    await client.end();
    for (const path of await relationPaths(server, database)) paths.add(path);
  }
  await server.stop('immediate');
  server.remove();
  return { contents, paths };
}

function withoutPrivate({ path, bytes }: PackedFile): PackedFile {
  if (path !== 'postgresql.conf') return { path, bytes };
  return { path, bytes: Buffer.from(Buffer.from(bytes).toString('utf8').replace(PRIVATE, '')) };
}

/** From where on WAL is needed, and where it ends on both sides. */
async function walRange(built: BuiltIncident): Promise<{ from: number; oldEnd: number; newEnd: number }> {
  const sides = await openSides({ old: built.oldDataDirectory, new: built.newDataDirectory });
  const start = findStartingPoint(sides.oldSegments, built.fork, sides.oldProbe.pageSize);
  if (!start || start.shortfall)
    throw new Error(`the WAL of this incident is not whole: ${start?.shortfall}`);
  const incident = await readIncident(built);
  await incident.judge();
  const { old, new: fresh } = incident.overview();
  incident.close();
  return { from: start.startLsn, oldEnd: old.endLsn, newEnd: fresh.endLsn };
}

/**
 * The files of a recorded incident: `old/…`, `new/…` and `truth.json`, for `pack`. Starts copies of both sides to ask them. What lies
 * in the directories is only what reading needs; `databases` are those that are kept.
 */
export async function recordIncident(
  built: BuiltIncident,
  databases: readonly string[] = ['postgres'],
): Promise<PackedFile[]> {
  const atFork = await ask(await built.startAtFork(), databases);
  const old = await ask(await built.startOld(), databases);
  const fresh = await ask(await built.startNew(), databases);
  const { from, oldEnd, newEnd } = await walRange(built);
  const files: PackedFile[] = [];
  for (const [side, directory, paths, end] of [
    ['old', built.oldDataDirectory, old.paths, oldEnd],
    ['new', built.newDataDirectory, fresh.paths, newEnd],
  ] as const) {
    const kept = existingFiles(directory, [...paths, ...walPaths(directory, from, end)]);
    for (const file of readFiles(directory, kept)) {
      const { path, bytes } = withoutPrivate(file);
      files.push({ path: `${side}/${path}`, bytes });
    }
  }
  const truth: RecordedTruth = {
    major: built.major,
    fork: built.fork,
    transactions: built.truth.transactions,
    prepared: built.truth.prepared,
    contents: { fork: atFork.contents, old: old.contents, new: fresh.contents },
  };
  files.push({ path: 'truth.json', bytes: Buffer.from(JSON.stringify(truth)) });
  return files;
}

/** Puts the files of several incidents into the order in which they compress best: the same path of all of them together. */
export function interleave(incidents: Readonly<Record<string, readonly PackedFile[]>>): PackedFile[] {
  const all = Object.entries(incidents).flatMap(([name, files]) =>
    files.map(({ path, bytes }) => ({
      path: `${name}/${path}`,
      bytes,
      shared: path.replace(/^(old|new)\//, ''),
    })),
  );
  all.sort((a, b) => (a.shared < b.shared ? -1 : a.shared > b.shared ? 1 : 0));
  return all.map(({ path, bytes }) => ({ path, bytes }));
}
