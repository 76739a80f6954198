/**
 * One temporary directory for all servers of a test process, and a watchdog outside of it that stops what runs there
 * and removes it when the process ends, however it ends: the kernel closes the watchdog's pipe even after SIGKILL.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { chownSync, mkdtempSync, realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OWNER } from './owner.js';

/**
 * Waits for the end of its standard input. A postmaster.pid may be that of a server long killed, its number someone
 * else's by now: only a process whose command line names our directory is signalled.
 */
const WATCHDOG = `
while read -r _; do :; done
for file in "$1"/*/*/postmaster.pid; do
  [ -f "$file" ] || continue
  read -r pid < "$file"
  if grep -qsF "$1" "/proc/$pid/cmdline"; then kill -QUIT "$pid"; fi
done
for attempt in 1 2 3 4 5 6 7 8 9 10; do
  rm -rf "$1" 2>/dev/null && [ ! -e "$1" ] && exit 0
  sleep 0.5
done
`;

let root: string | undefined;
let watchdog: ChildProcess | undefined;

/** The directory under os.tmpdir(), owned by the servers' owner, readable by the tester; made at the first call. */
export function temporaryRoot(): string {
  if (root) return root;
  root = mkdtempSync(join(realpathSync(tmpdir()), 'forkpoint-'));
  chownSync(root, OWNER.uid, OWNER.gid);
  watchdog = spawn('/bin/sh', ['-c', WATCHDOG, 'sh', root], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  watchdog.unref();
  (watchdog.stdin as unknown as { unref(): void }).unref();
  return root;
}

/** A new directory in the temporary root, owned by the servers' owner. */
export function temporaryDirectory(name: string): string {
  const directory = mkdtempSync(join(temporaryRoot(), `${name}-`));
  chownSync(directory, OWNER.uid, OWNER.gid);
  return directory;
}
