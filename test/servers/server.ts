/** A small handle on a real PostgreSQL server: initdb, start, stop, kill, promote, query, copy. */
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import {
  appendFileSync,
  chownSync,
  closeSync,
  existsSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';
import { nativeDirectory, serverEnvironment } from './binaries.js';
import { type ClusterKind, copyDirectory, makeCluster } from './clusters.js';
import { OWNER } from './owner.js';
import { temporaryDirectory } from './temporary.js';

const run = promisify(execFile);

/** postgresql.conf by name; written quoted. */
export type Settings = Readonly<Record<string, string | number | boolean>>;

export interface InitdbOptions extends ClusterKind {
  /** Where the cluster goes (the directory's parent must exist and belong to the servers' owner); a temporary one by default. */
  readonly dataDirectory?: string;
  readonly settings?: Settings;
}

export type StopMode = 'smart' | 'fast' | 'immediate' | 'kill';

/** pg_ctl's signals to the postmaster (postmaster.c). */
const STOP_SIGNALS = { smart: 'SIGTERM', fast: 'SIGINT', immediate: 'SIGQUIT', kill: 'SIGKILL' } as const;

/**
 * Without fsync a server still survives any death of its processes: only the machine's own would hurt. A standby whose primary is gone
 * sleeps between two tries to reach it, five seconds by default, and may not hear of its promotion meanwhile.
 */
const QUICK: Settings = {
  fsync: 'off',
  shared_buffers: '16MB',
  max_connections: 40,
  wal_retrieve_retry_interval: '100ms',
};

/** Longest wait for a server to start, stop, promote or catch up, in milliseconds. */
const PATIENCE = 60_000;

const running = new Set<Server>();

/** Stops whatever still runs: for a test file's `after`, since a running server keeps Node from ending. */
export async function stopAllServers(): Promise<void> {
  await Promise.all([...running].map((server) => server.stop('immediate')));
}

/** Whether a process still does something: an ended one that its parent, by now init, has not yet asked about is in state Z. */
function isAlive(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').at(-1)![0] !== 'Z';
  } catch {
    return false;
  }
}

function configuration(settings: Settings): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name} = '${String(value).replaceAll("'", "''")}'\n`)
    .join('');
}

/** Makes a cluster as initdb does and gives its handle, not yet started. */
export async function initdb(major: number, options: InitdbOptions = {}): Promise<Server> {
  const dataDirectory = options.dataDirectory ?? join(temporaryDirectory(`pg${major}`), 'data');
  await makeCluster(major, options, dataDirectory);
  const server = new Server(major, dataDirectory);
  server.configure({ ...QUICK, ...options.settings });
  return server;
}

/** One data directory and, while it runs, its postmaster. Listens on a Unix socket of its own, so that no port is ever taken. */
export class Server {
  readonly major: number;
  readonly dataDirectory: string;
  /** The directory of its Unix socket: `host` for a client. */
  readonly socketDirectory: string;
  readonly port = 5432;
  #postmaster: ChildProcess | undefined;
  readonly #clients = new Set<pg.Client>();
  #client: Promise<pg.Client> | undefined;

  /** A handle on an existing data directory. It must belong to the servers' owner to be started. */
  constructor(major: number, dataDirectory: string) {
    this.major = major;
    this.dataDirectory = dataDirectory;
    this.socketDirectory = temporaryDirectory('socket');
  }

  /** A connection string for `pg` and libpq alike. */
  get url(): string {
    return `postgres://postgres@/postgres?host=${encodeURIComponent(this.socketDirectory)}&port=${this.port}`;
  }

  get running(): boolean {
    return this.#postmaster !== undefined;
  }

  get #log(): string {
    return join(this.socketDirectory, 'server.log');
  }

  /** The server's log so far. */
  log(): string {
    return existsSync(this.#log) ? readFileSync(this.#log, 'utf8') : '';
  }

  /** Appends to postgresql.conf; the last one of a name wins. Takes effect at the next start. */
  configure(settings: Settings): void {
    appendFileSync(join(this.dataDirectory, 'postgresql.conf'), configuration(settings));
  }

  /** Starts it and waits until it answers: as a primary, or as a hot standby. Throws with the log's end when it does not. */
  async start(): Promise<this> {
    if (this.#postmaster) throw new Error(`already running: ${this.dataDirectory}`);
    const log = openSync(this.#log, 'a');
    const args = ['-D', this.dataDirectory, '-k', this.socketDirectory, '-h', '', '-p', String(this.port)];
    const postmaster = spawn(join(nativeDirectory(this.major), 'bin', 'postgres'), args, {
      env: serverEnvironment(this.major),
      cwd: this.socketDirectory,
      stdio: ['ignore', log, log],
      ...OWNER,
    });
    closeSync(log);
    this.#postmaster = postmaster;
    running.add(this);
    postmaster.once('exit', () => {
      this.#postmaster = undefined;
      running.delete(this);
    });
    await this.#wait('start', () => {
      if (this.#postmaster !== postmaster)
        throw new Error(`the server did not start:\n${this.log().slice(-2000)}`);
      return this.#status() === 'ready' || this.#status() === 'standby';
    });
    return this;
  }

  /** The eighth line of postmaster.pid (miscadmin.h, LOCK_FILE_LINE_PM_STATUS), once it is our postmaster's. */
  #status(): string {
    const file = join(this.dataDirectory, 'postmaster.pid');
    if (!existsSync(file)) return '';
    const lines = readFileSync(file, 'utf8').split('\n');
    return Number(lines[0]) === this.#postmaster?.pid ? (lines[7] ?? '').trim() : '';
  }

  /**
   * Stops it and waits for its end. `immediate` is what a failing pg_ctl does; `kill` sends SIGKILL to the postmaster
   * and to every one of its processes: the nearest thing to a machine that goes away.
   */
  async stop(mode: StopMode = 'fast'): Promise<void> {
    const postmaster = this.#postmaster;
    if (!postmaster) return;
    const gone = new Promise<void>((resolve) => postmaster.once('exit', () => resolve()));
    if (mode === 'kill') {
      const pid = postmaster.pid!;
      const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
        .split(' ')
        .filter(Boolean)
        .map(Number);
      for (const victim of [pid, ...children]) {
        try {
          process.kill(victim, 'SIGKILL');
        } catch {
          // It ended by itself a moment ago.
        }
      }
      await gone;
      await this.#wait('die', () => !children.some(isAlive));
      this.#removeSharedMemory();
    } else {
      if (mode === 'fast') await this.disconnect();
      postmaster.kill(STOP_SIGNALS[mode]);
      await gone;
    }
    await this.disconnect();
  }

  /** The System V segment that a killed postmaster leaves behind: its key and id are the seventh line of postmaster.pid. */
  #removeSharedMemory(): void {
    const lines = readFileSync(join(this.dataDirectory, 'postmaster.pid'), 'utf8').split('\n');
    const id = /\d+\s+(\d+)/.exec(lines[6] ?? '')?.[1];
    if (!id) return;
    try {
      execFileSync('ipcrm', ['-m', id], { stdio: 'ignore' });
    } catch {
      // Without ipcrm 56 bytes stay until the machine restarts.
    }
  }

  /** A new connection, as superuser. It survives the server's death quietly: its queries then fail. */
  async connect(database = 'postgres'): Promise<pg.Client> {
    const client = new pg.Client({ host: this.socketDirectory, port: this.port, user: 'postgres', database });
    client.on('error', () => this.#clients.delete(client));
    await client.connect();
    this.#clients.add(client);
    return client;
  }

  /** Runs one or several statements on a connection kept for this purpose to database `postgres`; gives the (last) rows. */
  async query<Row extends pg.QueryResultRow = Record<string, string>>(
    sql: string,
    values?: unknown[],
  ): Promise<Row[]> {
    this.#client ??= this.connect();
    const result: pg.QueryResult<Row> | pg.QueryResult<Row>[] = await (await this.#client).query<Row>(
      sql,
      values,
    );
    return Array.isArray(result) ? result[result.length - 1].rows : result.rows;
  }

  /** Closes every connection made through this handle. */
  async disconnect(): Promise<void> {
    this.#client = undefined;
    const clients = [...this.#clients];
    this.#clients.clear();
    await Promise.all(clients.map((client) => client.end().catch(() => undefined)));
  }

  /** Ends recovery as an operator would, and waits until it takes writes. */
  async promote(): Promise<void> {
    await run(
      join(nativeDirectory(this.major), 'bin', 'pg_ctl'),
      ['promote', '-W', '-D', this.dataDirectory],
      {
        env: serverEnvironment(this.major),
        cwd: this.socketDirectory,
        ...OWNER,
      },
    );
    await this.#wait('promote', async () => {
      const [{ recovering }] = await this.query<{ recovering: boolean }>(
        'SELECT pg_is_in_recovery() AS recovering',
      );
      return !recovering;
    });
  }

  /** Copies the data directory as it lies there, locks left out: of a stopped or killed server only. */
  async copy(dataDirectory = join(temporaryDirectory(`pg${this.major}`), 'data')): Promise<Server> {
    if (this.running) throw new Error(`still running: ${this.dataDirectory}`);
    await copyDirectory(this.dataDirectory, dataDirectory);
    rmSync(join(dataDirectory, 'postmaster.pid'), { force: true });
    return new Server(this.major, dataDirectory);
  }

  /** Deletes the stopped server's data directory. */
  remove(): void {
    if (this.running) throw new Error(`still running: ${this.dataDirectory}`);
    rmSync(this.dataDirectory, { recursive: true });
  }

  /** Copies the stopped cluster into a streaming standby of itself, not yet started. */
  async copyAsStandby(dataDirectory?: string): Promise<Server> {
    const standby = await this.copy(dataDirectory);
    const connection = `host=${this.socketDirectory} port=${this.port} user=postgres`;
    if (this.major >= 12) {
      standby.configure({ primary_conninfo: connection });
      writeFileSync(join(standby.dataDirectory, 'standby.signal'), '');
    } else {
      const recovery = {
        standby_mode: 'on',
        primary_conninfo: connection,
        recovery_target_timeline: 'latest',
      };
      const file = join(standby.dataDirectory, 'recovery.conf');
      writeFileSync(file, configuration(recovery));
      // The server opens it for writing when it renames it at promotion.
      chownSync(file, OWNER.uid, OWNER.gid);
    }
    standby.configure({ hot_standby: 'on' });
    return standby;
  }

  /** Waits until this standby has replayed everything the primary has written so far, by open transactions too. */
  async caughtUpWith(primary: Server): Promise<void> {
    // Its commit flushes what uncommitted transactions have only in WAL buffers.
    await primary.query(`SELECT pg_logical_emit_message(true, 'caught up', '')`);
    const [{ lsn }] = await primary.query('SELECT pg_current_wal_lsn()::text AS lsn');
    await this.#wait('catch up', async () => {
      const [{ done }] = await this.query<{ done: boolean }>(
        'SELECT coalesce(pg_last_wal_replay_lsn() >= $1::pg_lsn, false) AS done',
        [lsn],
      );
      return done;
    });
  }

  async #wait(what: string, done: () => boolean | Promise<boolean>): Promise<void> {
    for (const end = Date.now() + PATIENCE; !(await done()); ) {
      if (Date.now() > end)
        throw new Error(`the server did not ${what} in time:\n${this.log().slice(-2000)}`);
      await sleep(10);
    }
  }
}
