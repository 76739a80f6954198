/**
 * What initdb makes is the same each time but for the system identifier. The kinds of cluster that most tests begin with are
 * therefore made once and kept beside the servers' binaries; a test gets a copy with an identifier of its own.
 */
import { execFile } from 'node:child_process';
import { randomInt } from 'node:crypto';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { isInstalled, nativeDirectory, SERVER_MODULES, serverEnvironment } from './binaries.js';
import { changeControlFile } from './control-file.js';
import { OWNER } from './owner.js';

const run = promisify(execFile);

/** What initdb is told. */
export interface ClusterKind {
  /** 16 by default; other sizes since 11. */
  readonly walSegmentSizeMb?: number;
  /** Data checksums; on by default. */
  readonly checksums?: boolean;
  /** UTF8 by default. */
  readonly encoding?: string;
  /** C by default. */
  readonly locale?: string;
}

/** Goes, like the binaries, when others are installed. */
const KEPT = join(SERVER_MODULES, '.clusters');

/** Sizes of segments, in MB, that more than a test or two begin with. */
const COMMON_SEGMENT_SIZES: readonly number[] = [1, 16];

/** xlp_sysid in the long header that a segment begins with (XLogLongPageHeaderData, xlog_internal.h). */
const SEGMENT_SYSTEM_IDENTIFIER_AT = 24;

/** Copies a directory with owners and times. Stretches of zeros, such as new WAL ends with, become holes. */
export async function copyDirectory(from: string, to: string): Promise<void> {
  await run('cp', ['-a', '--sparse=always', from, to]);
}

/** Where a kind of cluster is kept, once it is; undefined for one that few tests ask for. */
function keptDirectory(major: number, kind: ClusterKind): string | undefined {
  const { walSegmentSizeMb = 16, checksums = true, encoding, locale } = kind;
  const common = checksums && !encoding && !locale && COMMON_SEGMENT_SIZES.includes(walSegmentSizeMb);
  return common && isInstalled(major) ? join(KEPT, `${major}-${walSegmentSizeMb}`) : undefined;
}

async function runInitdb(major: number, kind: ClusterKind, dataDirectory: string): Promise<void> {
  const args = ['-D', dataDirectory, '-U', 'postgres', '--auth=trust', '--no-sync'];
  args.push('-E', kind.encoding ?? 'UTF8', `--locale=${kind.locale ?? 'C'}`);
  if (kind.checksums ?? true) args.push('--data-checksums');
  // 18 turned checksums on by default.
  else if (major >= 18) args.push('--no-data-checksums');
  if (kind.walSegmentSizeMb !== undefined) args.push(`--wal-segsize=${kind.walSegmentSizeMb}`);
  await run(join(nativeDirectory(major), 'bin', 'initdb'), args, {
    env: serverEnvironment(major),
    cwd: dirname(dataDirectory),
    ...OWNER,
  });
}

/** Keeps a copy under its name once it is whole. Test files run side by side: whoever comes second drops his. */
async function keep(dataDirectory: string, kept: string): Promise<void> {
  mkdirSync(KEPT, { recursive: true });
  const making = mkdtempSync(join(KEPT, 'making-'));
  try {
    await copyDirectory(dataDirectory, join(making, 'data'));
    renameSync(join(making, 'data'), kept);
  } catch (error) {
    if (!existsSync(kept)) throw error;
  } finally {
    rmSync(making, { recursive: true });
  }
}

/** Makes of a copied cluster one that no other server knows: as initdb does, of the time and of something by chance. */
function giveIdentifier(dataDirectory: string): void {
  const identifier = Buffer.alloc(8);
  identifier.writeUInt32LE(randomInt(2 ** 32), 0);
  identifier.writeUInt32LE(Math.floor(Date.now() / 1000), 4);
  changeControlFile(dataDirectory, (bytes) => identifier.copy(bytes, 0));
  const wal = join(dataDirectory, 'pg_wal');
  for (const name of readdirSync(wal).filter((each) => /^[0-9A-F]{24}$/.test(each))) {
    const segment = openSync(join(wal, name), 'r+');
    const before = Buffer.alloc(identifier.length);
    readSync(segment, before, 0, before.length, SEGMENT_SYSTEM_IDENTIFIER_AT);
    // A segment made in advance has no header yet.
    if (before.some((byte) => byte !== 0))
      writeSync(segment, identifier, 0, identifier.length, SEGMENT_SYSTEM_IDENTIFIER_AT);
    closeSync(segment);
  }
}

/** Makes a new cluster in `dataDirectory`, whose parent exists: by initdb, or by copying what initdb made before. */
export async function makeCluster(major: number, kind: ClusterKind, dataDirectory: string): Promise<void> {
  const kept = keptDirectory(major, kind);
  if (kept && existsSync(kept)) {
    await copyDirectory(kept, dataDirectory);
    giveIdentifier(dataDirectory);
    return;
  }
  await runInitdb(major, kind, dataDirectory);
  if (kept) await keep(dataDirectory, kept);
}
