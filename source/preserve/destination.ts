/** The directory that a copy goes to: that it is ours to write to, what it says about itself, and the sums that make it complete. */
import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { mkdir, open } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { ForkpointError } from '../bytes/errors.js';
import { refuseReadOnlyPlace } from '../bytes/read-only-place.js';
import { hashOf, writeText } from './copy-file.js';

/** Says what the directory is; the first file in it. */
export const MARKER = 'forkpoint-preserve.json';

/** `sha256sum -c` reads it; the last file in it, and the sign that nothing is missing. */
export const SUMS = 'SHA256SUMS';

/** Of which incident it is a copy. */
export interface Identity {
  readonly systemIdentifier: string;
  /** As text, `0/A016F40`. */
  readonly fork: string;
  /** Where it was copied from. */
  readonly from: string;
}

/** The real path of something that need not be there yet. */
function realPath(path: string): string {
  const full = resolve(path);
  if (existsSync(full)) return realpathSync(full);
  const parent = dirname(full);
  return parent === full ? full : join(realPath(parent), basename(full));
}

function isWithin(path: string, directory: string): boolean {
  const way = relative(directory, path);
  return way === '' || (!way.startsWith('..') && !way.startsWith('/'));
}

export class Destination {
  readonly directory: string;
  readonly #identity: Identity;
  readonly #sums = new Map<string, string>();

  private constructor(directory: string, identity: Identity) {
    this.directory = directory;
    this.#identity = identity;
  }

  /**
   * Makes the directory, or takes up the one that an earlier run left. Throws ForkpointError when something else is there, or when it
   * lies in one of `sources` (or around it): nothing is ever written there.
   */
  static async open(given: string, identity: Identity, sources: readonly string[]): Promise<Destination> {
    const directory = realPath(given);
    for (const source of sources) {
      const real = realPath(source);
      if (isWithin(directory, real) || isWithin(real, directory)) {
        throw new ForkpointError({
          what: `${directory} and ${real} lie in one another: forkpoint writes nothing into what it reads`,
          next: 'name a directory elsewhere, best on another disk',
        });
      }
    }
    refuseReadOnlyPlace(dirname(directory));
    if (existsSync(directory)) refuseForeign(directory, identity);
    const destination = new Destination(directory, identity);
    try {
      await mkdir(directory, { recursive: true, mode: 0o700 });
    } catch (error) {
      throw new ForkpointError(
        { what: `the directory cannot be made: ${(error as Error).message}`, where: directory },
        { cause: error },
      );
    }
    await destination.#mark();
    return destination;
  }

  /** Has an earlier run come to its end? */
  get isComplete(): boolean {
    return existsSync(join(this.directory, SUMS));
  }

  /** Where a file goes. `name` is relative, with slashes. */
  path(name: string): string {
    return join(this.directory, name);
  }

  /** Notes a file that is there now. */
  add(name: string, sha256: string): void {
    this.#sums.set(name, sha256);
  }

  /** Has this file been noted? */
  has(name: string): boolean {
    return this.#sums.has(name);
  }

  /** Writes the sums: from now on it is complete. */
  async finish(): Promise<void> {
    const names = [...this.#sums.keys()].sort();
    const lines = names.map((name) => sumLine(this.#sums.get(name)!, name));
    await writeText(this.path(SUMS), `${lines.join('\n')}\n`);
    const directory = await open(this.directory, 'r');
    await directory.sync().catch(() => undefined);
    await directory.close();
  }

  /** Holds every file against its sum. Throws ForkpointError that names the first that is not as it was. */
  async verify(told: (files: number) => void): Promise<number> {
    const lines = readFileSync(this.path(SUMS), 'utf8').trim().split('\n');
    let files = 0;
    for (const line of lines) {
      const found = /^\\?([0-9a-f]{64}) {2}(.+)$/.exec(line);
      const name = found && (line.startsWith('\\') ? unescapeName(found[2]) : found[2]);
      if (!found || !name || (await hashOf(this.path(name))) !== found[1]) {
        throw new ForkpointError({
          what: 'a preserved file is not as it was copied',
          where: name ? this.path(name) : this.path(SUMS),
          next: 'remove the directory and preserve again, as long as the source is there',
        });
      }
      told(++files);
    }
    return files;
  }

  async #mark(): Promise<void> {
    const path = this.path(MARKER);
    if (!existsSync(path)) await writeText(path, `${JSON.stringify(this.#identity, undefined, 2)}\n`);
    this.add(MARKER, await hashOf(path));
  }
}

function refuseForeign(directory: string, identity: Identity): void {
  const refuse = (what: string): never => {
    throw new ForkpointError({ what, where: directory, next: 'name a directory that does not exist yet' });
  };
  if (!statSync(directory).isDirectory())
    return refuse('there is a file of that name: nothing is overwritten');
  if (readdirSync(directory).length === 0) return;
  const path = join(directory, MARKER);
  if (!existsSync(path)) return refuse('the directory is not empty: nothing is overwritten');
  let found: Partial<Identity>;
  try {
    found = JSON.parse(readFileSync(path, 'utf8')) as Partial<Identity>;
  } catch {
    return refuse(`what ${MARKER} says there makes no sense: nothing is overwritten`);
  }
  if (found.systemIdentifier !== identity.systemIdentifier || found.fork !== identity.fork) {
    refuse(
      `the directory holds another incident (system identifier ${found.systemIdentifier}, fork ${found.fork}): nothing is overwritten`,
    );
  }
}

/** A line as sha256sum writes it: a name with a newline or backslash is escaped, and the line then begins with a backslash. */
function sumLine(sha256: string, name: string): string {
  const escaped = name.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
  return `${escaped === name ? '' : '\\'}${sha256}  ${escaped}`;
}

function unescapeName(name: string): string {
  return name.replace(/\\(\\|n)/g, (_, letter: string) => (letter === 'n' ? '\n' : '\\'));
}
