/**
 * Copies what was lost, and what is needed to read it, into a directory that forkpoint opens as the old side later: before anyone starts
 * that server, or its WAL is cleaned away.
 *
 * First the WAL, which goes first; then what is small; then the incident is read, which tells whose catalogs and which single pages of
 * tables it takes. Nothing has its name before it is whole and was read back; the list of sums comes last.
 */
import { existsSync, statfsSync, statSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { ForkpointError } from '../bytes/errors.js';
import { formatLsn, type Lsn } from '../bytes/lsn.js';
import { catalogFiles } from '../catalog/catalog-files.js';
import type { FileUse } from '../catalog/file-use.js';
import { breathe } from '../incident/breathe.js';
import type { IncidentRequest } from '../incident/model.js';
import { openIncident } from '../incident/open.js';
import { type OpenedSides, openSides } from '../incident/sides.js';
import { findStartingPoint } from '../transactions/starting-point.js';
import { copyFile, copyPages } from './copy-file.js';
import { dataFiles } from './data-files.js';
import { Destination } from './destination.js';
import { walToCopy } from './wal-to-copy.js';

/** Milliseconds of reading between two breaths. */
const SLICE = 20;

/** Free bytes that a full disk should be left with. */
const RESERVE = 16 * 1024 * 1024;

/** What is being done, and how far it is. `total` may grow. */
export interface PreserveProgress {
  readonly doing: 'copying WAL' | 'copying files' | 'reading' | 'copying pages' | 'verifying';
  readonly done: number;
  readonly total: number;
  readonly unit: 'bytes' | 'files';
  /** Files that are whole in the copy so far. */
  readonly files: number;
}

/** Someone who wants to know, and may end it: until the next breath, with a ForkpointError. */
export interface PreserveOptions {
  readonly onProgress?: (progress: PreserveProgress) => void;
  readonly stop?: AbortSignal;
}

/** What was done. */
export interface Preserved {
  /** Undefined when the two never parted: there is nothing to preserve. */
  readonly directory: string | undefined;
  /** It was there already, and was found as it should be. */
  readonly already: boolean;
  readonly files: number;
  readonly bytes: number;
  readonly transactions: number;
  readonly warnings: readonly string[];
}

/** Pages of one relation that are needed, by the number of their file. */
interface NeededPages {
  readonly segmentBlocks: number;
  readonly blocks: Set<number>;
}

/** What reading needed of the old side's files. */
class Needed implements FileUse {
  readonly databases = new Map<number, string>();
  readonly relations = new Map<string, NeededPages>();
  readonly database = (oid: number, directory: string): void => {
    this.databases.set(oid, directory);
  };
  readonly page = (path: string, block: number, segmentBlocks: number): void => {
    let needed = this.relations.get(path);
    if (!needed) {
      needed = { segmentBlocks, blocks: new Set() };
      this.relations.set(path, needed);
    }
    needed.blocks.add(block);
  };
}

/**
 * Preserves the old side of `request` in `output`. Runs in slices, so that signals and keys get through. Throws ForkpointError; what was
 * copied until then stays, and the same call goes on from there.
 */
export async function preserve(
  request: IncidentRequest,
  output: string,
  options: PreserveOptions = {},
): Promise<Preserved> {
  const sides = await openSides(request, options);
  try {
    if (!sides.overview.fork.diverged) {
      return { directory: undefined, already: false, files: 0, bytes: 0, transactions: 0, warnings: [] };
    }
    return await new Preservation(request, sides, options).run(output);
  } finally {
    sides.gathering.close();
    sides.spool.close();
    await sides.server?.close();
    await sides.against?.close();
  }
}

class Preservation {
  readonly #request: IncidentRequest;
  readonly #sides: OpenedSides;
  readonly #options: PreserveOptions;
  readonly #warnings: string[] = [];
  readonly #needed = new Needed();
  #destination!: Destination;
  #files = 0;
  #bytes = 0;

  constructor(request: IncidentRequest, sides: OpenedSides, options: PreserveOptions) {
    this.#request = request;
    this.#sides = sides;
    this.#options = options;
  }

  async run(output: string): Promise<Preserved> {
    const { oldProbe, overview, newProbe } = this.#sides;
    const { path, systemIdentifier, running } = overview.old;
    const tablespaces = oldProbe.tablespaces.map((each) => each.path);
    const sources = [
      path,
      oldProbe.walDirectory,
      ...tablespaces,
      ...(this.#request.oldWal ?? []),
      ...(this.#request.newWal ?? []),
    ];
    if (newProbe) sources.push(newProbe.path, newProbe.walDirectory);
    const identity = { systemIdentifier, fork: formatLsn(overview.fork.lsn), from: path };
    this.#destination = await Destination.open(output, identity, sources);
    if (this.#destination.isComplete) return this.#alreadyThere();
    if (running) {
      this.#warnings.push(
        'A server is running on the old data directory: its files change while they are copied, and it may recycle its WAL. Stop it and preserve again into another directory.',
      );
    }
    await this.#copyWal();
    if (oldProbe.kind === 'data-directory') await this.#copyAll('copying files', this.#dataFiles());
    const transactions = await this.#read();
    if (oldProbe.kind === 'data-directory') {
      await this.#copyAll('copying files', this.#catalogFiles());
      await this.#copyPages();
    }
    await this.#destination.finish();
    return {
      directory: this.#destination.directory,
      already: false,
      files: this.#files,
      bytes: this.#bytes,
      transactions,
      warnings: this.#warnings,
    };
  }

  async #alreadyThere(): Promise<Preserved> {
    const files = await this.#destination.verify((done) =>
      this.#tell({ doing: 'verifying', done, total: done, unit: 'files' }),
    );
    const { directory } = this.#destination;
    return { directory, already: true, files, bytes: 0, transactions: 0, warnings: [] };
  }

  async #copyWal(): Promise<void> {
    const { oldSegments, oldProbe, overview } = this.#sides;
    const directories = [oldProbe.walDirectory, ...(this.#request.oldWal ?? [])];
    const into = oldProbe.kind === 'data-directory' ? 'pg_wal' : '';
    const files = walToCopy(oldSegments, this.#readingBegins(), directories);
    if (files.length === 0) {
      throw new ForkpointError({
        what: `there is no WAL of the old primary from ${formatLsn(overview.fork.lsn)} on to preserve`,
        where: oldProbe.walDirectory,
        next: 'name the directories that have it with --old-wal',
      });
    }
    const total = files.length * oldSegments.segmentSize;
    this.#requireRoom(total);
    let done = 0;
    for (const { name, source } of files) {
      await this.#copy(source(), join(into, name), (bytes) => {
        done += bytes;
        this.#tell({ doing: 'copying WAL', done, total: Math.max(total, done), unit: 'bytes' });
      });
    }
  }

  /** Where forkpoint begins to read this incident: as incident/ does, which finds the same in the copy. */
  #readingBegins(): Lsn {
    const { oldSegments, oldControl, newControl, overview } = this.#sides;
    const fork = overview.fork.lsn;
    const blockSize = (oldControl ?? newControl)?.pageSize ?? 8192;
    const wanted = oldControl || !newControl ? fork : Math.min(fork, newControl.checkpoint.redoLsn + 1);
    return findStartingPoint(oldSegments, wanted, blockSize)?.startLsn ?? wanted;
  }

  /** Refuses to begin what the disk has no room for. */
  #requireRoom(bytes: number): void {
    const { bavail, bsize } = statfsSync(this.#destination.directory);
    const free = bavail * bsize;
    if (free >= bytes + RESERVE) return;
    throw new ForkpointError({
      what: `not enough room: ${Math.ceil(bytes / 2 ** 20)} MB are needed, ${Math.floor(free / 2 ** 20)} MB are free`,
      where: this.#destination.directory,
      next: 'make room, or name a directory on another disk',
    });
  }

  #dataFiles(): { source: string; name: string }[] {
    const { path } = this.#sides.overview.old;
    return dataFiles(path).map((name) => ({ source: join(path, name), name }));
  }

  /** The catalogs of every database that reading needed, and of the first where it is there. */
  #catalogFiles(): { source: string; name: string }[] {
    const { path } = this.#sides.overview.old;
    const { majorVersion, pageSize } = this.#sides.oldControl!;
    const files: { source: string; name: string }[] = [];
    // template1's catalogs tell the columns of the catalogs themselves; any other database's do, too.
    const layouts = [join(path, 'base', '1')].filter((directory) => existsSync(directory));
    for (const directory of new Set([...layouts, ...this.#needed.databases.values()])) {
      for (const name of [
        'PG_VERSION',
        'pg_filenode.map',
        ...catalogFiles(directory, majorVersion, pageSize),
      ]) {
        files.push({ source: join(directory, name), name: join(relative(path, directory), name) });
      }
    }
    return files;
  }

  /** Reads the whole incident as an export would, to see what it takes. Returns how many transactions were lost. */
  async #read(): Promise<number> {
    const incident = await openIncident(this.#request, { use: this.#needed, stop: this.#options.stop });
    try {
      while (incident.step(SLICE)) {
        const { bytesRead, bytesTotal } = incident.progress();
        this.#tell({ doing: 'reading', done: bytesRead, total: bytesTotal, unit: 'bytes' });
        await incident.fetch();
        await breathe();
      }
      const all = Array.from({ length: incident.length }, (_, index) => index);
      let breathed = performance.now();
      for (const { changes } of incident.transactionsWithChanges(all)) {
        for (const _ of changes) {
          if (performance.now() - breathed < SLICE) continue;
          await breathe();
          this.#goOn();
          breathed = performance.now();
        }
      }
      this.#warnings.push(...incident.overview().warnings);
      return incident.length;
    } finally {
      incident.close();
    }
  }

  async #copyPages(): Promise<void> {
    const { path } = this.#sides.overview.old;
    const { pageSize } = this.#sides.oldControl!;
    const relations = [...this.#needed.relations];
    for (const [index, [relation, { segmentBlocks, blocks }]] of relations.entries()) {
      const bySegment = new Map<number, number[]>();
      for (const block of [...blocks].sort((a, b) => a - b)) {
        const segment = Math.floor(block / segmentBlocks);
        const pages = bySegment.get(segment) ?? [];
        pages.push(block - segment * segmentBlocks);
        bySegment.set(segment, pages);
      }
      const last = Math.max(...bySegment.keys());
      for (let segment = 0; segment <= last; segment++) {
        const file = segment === 0 ? relation : `${relation}.${segment}`;
        const name = join(relative(path, dirname(relation)), basename(file));
        // A catalog has been copied whole.
        if (this.#destination.has(name)) continue;
        const pages = bySegment.get(segment) ?? [];
        const copied = await copyPages(file, this.#destination.path(name), pages, pageSize);
        this.#note(name, copied.sha256, copied.bytes, copied.changing);
      }
      this.#tell({ doing: 'copying pages', done: index + 1, total: relations.length, unit: 'files' });
    }
  }

  async #copyAll(
    doing: PreserveProgress['doing'],
    files: readonly { source: string; name: string }[],
  ): Promise<void> {
    let done = 0;
    const total = files.reduce(
      (sum, { source }) => sum + (statSync(source, { throwIfNoEntry: false })?.size ?? 0),
      0,
    );
    this.#requireRoom(total);
    for (const { source, name } of files) {
      await this.#copy(source, name, (bytes) => {
        done += bytes;
        this.#tell({ doing, done, total: Math.max(total, done), unit: 'bytes' });
      });
    }
  }

  async #copy(source: string, name: string, told: (bytes: number) => void): Promise<void> {
    const { sha256, bytes, changing } = await copyFile(source, this.#destination.path(name), told);
    this.#note(name, sha256, bytes, changing);
  }

  #tell(progress: Omit<PreserveProgress, 'files'>): void {
    this.#goOn();
    this.#options.onProgress?.({ ...progress, files: this.#files });
  }

  /** Throws when it is to be stopped: a file that is being copied is then taken back, those that are whole stay. */
  #goOn(): void {
    if (!this.#options.stop?.aborted) return;
    throw new ForkpointError({
      what: 'preserving was stopped: what is whole stays, and preserving there again goes on from it',
      where: this.#destination.directory,
    });
  }

  #note(name: string, sha256: string, bytes: number, changing: boolean): void {
    if (changing)
      this.#warnings.push(`${name} was written to while it was copied: the copy may be of no one moment.`);
    // A file of nothing but emptiness has nothing to be held against a sum.
    if (sha256 !== '') this.#destination.add(name, sha256);
    this.#files++;
    this.#bytes += bytes;
  }
}
