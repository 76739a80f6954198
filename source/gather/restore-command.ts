/**
 * restore_command: somebody's shell command that brings a segment from an archive (documentation, "Continuous Archiving": it gets the
 * file's name for %f, where to put it for %p, and must give a non-zero exit status when the archive does not have it).
 *
 * It runs in a private temporary directory, in a process group of its own, with a time limit. What it prints is kept short and never
 * reaches the terminal as it is.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { holdMade } from '../bytes/leftovers.js';
import { printable } from '../bytes/printable.js';
import type { RemoteAnswer, WantedSegment } from '../wal/remote-place.js';
import type { WalSpool } from '../wal/spool.js';
import type { ConfiguredSetting } from './configuration.js';
import type { SegmentSource } from './fetching-place.js';

/** Seconds a command may take for one segment when nothing else was said: tapes and cold storage are slow. */
export const DEFAULT_TIMEOUT = 300;

/** What %p stands for, below the directory that the command runs in: as the server says it (xlogarchive.c). */
const DESTINATION = 'pg_wal/RECOVERYXLOG';
/** What %r stands for: no restart point is known, so nothing in the archive may be thought to be done with. */
const NO_RESTART_POINT = '0'.repeat(24);
/** Characters kept of what a command says. */
const MOST_SAID = 2000;
/** Milliseconds between asking a command that hangs to end and ending it. */
const GRACE = 2000;

/** The command for one file: %f, %p, %r and %% replaced (BuildRestoreCommand); anything else behind a % stays. */
export function expandRestoreCommand(template: string, fileName: string, destination = DESTINATION): string {
  const values: Readonly<Record<string, string>> = {
    f: fileName,
    p: destination,
    r: NO_RESTART_POINT,
    '%': '%',
  };
  return template.replace(/%([fpr%])/g, (_, letter: string) => values[letter]);
}

/**
 * The directory that a plain copying archive_command or restore_command names (`cp %p /archive/%f`): one that could be given as a place
 * itself. Undefined when it is anything else, or is not there.
 */
export function archiveDirectoryOf(command: string): string | undefined {
  const match = /(?:^|[\s"'<>=])(\/[^\s"'%;|&<>]*?)\/+"?'?%f/.exec(command);
  if (!match) return undefined;
  try {
    return statSync(match[1]).isDirectory() ? match[1] : undefined;
  } catch {
    return undefined;
  }
}

function killGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // It has ended.
  }
}

/** How a command ended. */
interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly timedOut: boolean;
  readonly said: string;
  /** It could not be started. */
  readonly error?: string;
}

function runShell(command: string, directory: string, seconds: number, signal: AbortSignal): Promise<Ended> {
  return new Promise((resolve) => {
    const { made: child, letGo } = holdMade(
      () =>
        spawn('/bin/sh', ['-c', command], {
          cwd: directory,
          detached: true,
          stdio: ['ignore', 'pipe', 'pipe'],
        }),
      ({ pid }) => (pid === undefined ? undefined : { processGroup: pid }),
    );
    let said = '';
    const hear = (chunk: Buffer): void => {
      if (said.length < MOST_SAID) said += chunk.toString('utf8').slice(0, MOST_SAID - said.length);
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    let timedOut = false;
    let killing: NodeJS.Timeout | undefined;
    const timer = setTimeout(() => {
      timedOut = true;
      killGroup(child, 'SIGTERM');
      killing = setTimeout(() => killGroup(child, 'SIGKILL'), GRACE);
    }, seconds * 1000);
    const abort = (): void => killGroup(child, 'SIGKILL');
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
    const end = (ended: Omit<Ended, 'timedOut' | 'said'>): void => {
      clearTimeout(timer);
      clearTimeout(killing);
      signal.removeEventListener('abort', abort);
      // Whatever it left running in the background is not waited for, and ends with it.
      killGroup(child, 'SIGKILL');
      letGo();
      child.stdout.destroy();
      child.stderr.destroy();
      resolve({ ...ended, timedOut, said });
    };
    child.once('error', (error) => end({ code: null, signal: null, error: error.message }));
    child.once('exit', (code, by) => setImmediate(() => end({ code, signal: by })));
  });
}

/** What a command that did not bring the file is to be told as. */
function failure(ended: Ended, seconds: number): string {
  const [firstLine] = ended.said.trim().split('\n');
  const said = firstLine ? `: ${printable(firstLine).slice(0, 200)}` : '';
  if (ended.error) return `restore_command could not be started: ${ended.error}`;
  if (ended.timedOut) return `restore_command took longer than ${seconds} s and was stopped${said}`;
  if (ended.signal) {
    return `restore_command was ended by ${ended.signal} (${constants.signals[ended.signal]})${said}`;
  }
  return `restore_command ended with exit code ${ended.code}${said}`;
}

/** A restore_command as a source of segments. */
export class RestoreCommandSource implements SegmentSource {
  readonly label = 'restore_command';
  readonly #command: string;
  readonly #seconds: number;
  readonly #spool: WalSpool;
  readonly #stop = new AbortController();
  /** Set when the command itself is not to be found: asking again cannot help. */
  #broken: string | undefined;

  constructor(command: string, spool: WalSpool, seconds = DEFAULT_TIMEOUT) {
    this.#command = command;
    this.#spool = spool;
    this.#seconds = seconds;
  }

  names(): readonly string[] {
    return [];
  }

  async fetch({ fileName }: WantedSegment): Promise<RemoteAnswer> {
    if (this.#stop.signal.aborted) return { reason: 'restore_command was stopped' };
    if (this.#broken !== undefined) return { reason: this.#broken };
    const directory = this.#spool.newPath('restore');
    mkdirSync(join(directory, 'pg_wal'), { recursive: true, mode: 0o700 });
    const command = expandRestoreCommand(this.#command, fileName);
    const ended = await runShell(command, directory, this.#seconds, this.#stop.signal);
    const path = join(directory, DESTINATION);
    if (ended.code === 0) {
      if (existsSync(path)) return { path };
      return { reason: 'restore_command ended well but left no file' };
    }
    const reason = failure(ended, this.#seconds);
    // What a shell says of a command that it cannot find or start.
    if (ended.code === 126 || ended.code === 127 || ended.error) this.#broken = reason;
    return { reason };
  }

  async close(): Promise<void> {
    this.#stop.abort();
  }
}

/** The restore_command and archive_command of a data directory, as its files give them. */
export interface ConfiguredArchive {
  readonly restoreCommand?: ConfiguredSetting;
  /** A directory that can be named as a place, and the setting that tells of it. */
  readonly directory?: { readonly path: string; readonly setting: string };
}

/** Looks for an archive in a data directory's settings. */
export function configuredArchive(settings: ReadonlyMap<string, ConfiguredSetting>): ConfiguredArchive {
  const restoreCommand = settings.get('restore_command');
  for (const name of ['restore_command', 'archive_command']) {
    const path = archiveDirectoryOf(settings.get(name)?.value ?? '');
    if (path) return { restoreCommand: usable(restoreCommand), directory: { path, setting: name } };
  }
  return { restoreCommand: usable(restoreCommand) };
}

function usable(setting: ConfiguredSetting | undefined): ConfiguredSetting | undefined {
  return setting && setting.value.trim() !== '' ? setting : undefined;
}
