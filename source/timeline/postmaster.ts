/** Is a server running on a data directory? Told by postmaster.pid (miscadmin.h, LOCK_FILE_LINE_*). */
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

/** A process that postmaster.pid names and that lives. */
export interface Postmaster {
  readonly pid: number;
  /** The TCP port it listens on; undefined when the file does not tell. */
  readonly port?: number;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives and belongs to someone else.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** After a crash the number may be another program's by now; where /proc tells its name, only PostgreSQL's counts. */
function isPostgres(pid: number): boolean {
  try {
    const program = basename(readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')[0].trim());
    return program === '' || /postgres|postmaster/.test(program);
  } catch {
    return true;
  }
}

/** The live postmaster of a data directory; undefined when there is no postmaster.pid or its process is gone. */
export function readPostmaster(dataDirectory: string): Postmaster | undefined {
  let lines: string[];
  try {
    lines = readFileSync(join(dataDirectory, 'postmaster.pid'), 'utf8').split('\n');
  } catch {
    return undefined;
  }
  // A negative number is a single-user backend's.
  const pid = Math.abs(Number.parseInt(lines[0], 10));
  if (!Number.isSafeInteger(pid) || pid === 0 || !isAlive(pid) || !isPostgres(pid)) return undefined;
  const port = Number.parseInt(lines[3] ?? '', 10);
  return { pid, port: Number.isInteger(port) && port > 0 ? port : undefined };
}
