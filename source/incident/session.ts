/**
 * What must survive a lost SSH connection: the sides, the marks, the filter and the place in the list. One small
 * file an incident under XDG_STATE_HOME/forkpoint, readable by its owner only, replaced in one step.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, unlinkSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { refuseReadOnlyPlace } from '../bytes/read-only-place.js';
import type { MarkedRange } from './marks.js';
import type { IncidentOverview, ListOrder } from './model.js';

/** A marked transaction by more than its position, to notice when the positions have moved. */
export interface TransactionCheck {
  readonly index: number;
  readonly xid: number;
  readonly commitLsn: number;
}

/** Which incident a session belongs to. */
export interface SessionKey {
  readonly old: string;
  readonly new: string;
  readonly systemIdentifier: string;
  readonly forkLsn: number;
}

/** Everything kept of one incident. */
export interface SavedSession extends SessionKey {
  readonly format: 1;
  /** When it was written: milliseconds since the Unix epoch. */
  readonly savedAt: number;
  readonly oldWal?: readonly string[];
  readonly newWal?: readonly string[];
  readonly marks: readonly MarkedRange[];
  /** Some of the marked transactions, to recognise them by before the marks are believed again. */
  readonly checks: readonly TransactionCheck[];
  readonly markedTransactions: number;
  readonly markedRows: number;
  readonly filter: string;
  readonly order: ListOrder;
  /** Where the list stood. */
  readonly cursor?: TransactionCheck;
}

/** The sessions of this user. */
export interface SessionStore {
  /** All of them, latest first. Files that cannot be read are passed over. */
  list(): SavedSession[];
  /** The one of an incident, if any. */
  load(key: SessionKey): SavedSession | undefined;
  /** Writes it at once, atomically. Throws the file system's error. */
  save(session: SavedSession): void;
  /** Forgets it. */
  remove(key: SessionKey): void;
}

/** What an opened incident's session is called by. A password is never part of `SideOverview.path`. */
export function sessionKey(overview: IncidentOverview): SessionKey {
  return {
    old: overview.old.path,
    new: overview.new.path,
    systemIdentifier: overview.old.systemIdentifier,
    forkLsn: overview.fork.lsn,
  };
}

/** `$XDG_STATE_HOME/forkpoint`, or `~/.local/state/forkpoint` (XDG Base Directory Specification 0.8). */
export function stateDirectory(env: NodeJS.ProcessEnv): string {
  const base = env['XDG_STATE_HOME'];
  return join(base?.startsWith('/') ? base : join(homedir(), '.local', 'state'), 'forkpoint');
}

function fileName(key: SessionKey): string {
  const name = [key.old, key.new, key.systemIdentifier, String(key.forkLsn)].join('\u0000');
  return `${createHash('sha256').update(name).digest('hex').slice(0, 24)}.json`;
}

function isSavedSession(value: unknown): value is SavedSession {
  if (typeof value !== 'object' || value === null) return false;
  const session = value as Partial<SavedSession>;
  return (
    session.format === 1 &&
    typeof session.old === 'string' &&
    typeof session.new === 'string' &&
    typeof session.systemIdentifier === 'string' &&
    typeof session.forkLsn === 'number' &&
    typeof session.savedAt === 'number' &&
    typeof session.filter === 'string' &&
    typeof session.order === 'object' &&
    Array.isArray(session.marks) &&
    Array.isArray(session.checks)
  );
}

function read(path: string): SavedSession | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'));
    return isSavedSession(value) ? value : undefined;
  } catch {
    // Absent, of another version or damaged: nothing is lost but a place in a list.
    return undefined;
  }
}

/** The session files under `directory`, which is made (mode 0700) when first written to. */
export function openSessionStore(directory: string): SessionStore {
  return {
    list() {
      let names: string[];
      try {
        names = readdirSync(directory);
      } catch {
        return [];
      }
      return names
        .filter((name) => name.endsWith('.json'))
        .map((name) => read(join(directory, name)))
        .filter((session) => session !== undefined)
        .sort((a, b) => b.savedAt - a.savedAt);
    },
    load(key) {
      const session = read(join(directory, fileName(key)));
      // The name is a shortened hash; the contents have the last word.
      return session && fileName(session) === fileName(key) ? session : undefined;
    },
    save(session) {
      refuseReadOnlyPlace(directory);
      mkdirSync(directory, { recursive: true, mode: 0o700 });
      const path = join(directory, fileName(session));
      const temporary = `${path}.${process.pid}.tmp`;
      writeFileSync(temporary, `${JSON.stringify(session)}\n`, { mode: 0o600 });
      renameSync(temporary, path);
    },
    remove(key) {
      try {
        unlinkSync(join(directory, fileName(key)));
      } catch {
        // Never written: nothing to forget.
      }
    },
  };
}
