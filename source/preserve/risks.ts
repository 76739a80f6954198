/**
 * What may soon take the lost WAL away: reasons to preserve it before anything else. Told from the old side's own files and the disk under
 * it; nothing is written or run.
 */
import { existsSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { readConfiguration } from '../gather/configuration.js';
import { formatBytes } from '../incident/figures.js';
import type { SideOverview } from '../incident/model.js';
import { readPostmaster } from '../timeline/postmaster.js';
import { MARKER } from './destination.js';

/** Bytes a disk has, and how many of them a user who is not root may still use. */
export interface DiskRoom {
  readonly free: number;
  readonly size: number;
}

/** Less than this is little on any disk. */
const LITTLE = 2 ** 30;

/** A tenth of a disk is little, too, unless that is more than this: no server fills so much in the time that reading takes. */
const PLENTY = 20 * 2 ** 30;

/** A command that removes files: pg_archivecleanup, rm, unlink, find -delete, or moving a segment away instead of copying it. */
const REMOVES =
  /\bpg_archivecleanup\b|(?:^|[\s;&|({/])(?:rm|unlink|shred)\s|\s-delete\b|--remove-source-files\b|(?:^|[\s;&|({/])mv\s+(?:-\S+\s+)*["']?%p/;

/** The disk that holds a path; undefined when it does not tell. */
export function diskRoom(path: string): DiskRoom | undefined {
  try {
    const { bavail, blocks, bsize } = statfsSync(path);
    return { free: bavail * bsize, size: blocks * bsize };
  } catch {
    return undefined;
  }
}

/**
 * The risks to the old side's WAL, one sentence each; none for a directory that `preserve` made. Never throws: what cannot be read is no
 * risk that is known.
 */
export function preservationRisks(
  old: SideOverview,
  room: (path: string) => DiskRoom | undefined = diskRoom,
): string[] {
  if (existsSync(join(old.path, MARKER))) return [];
  const risks: string[] = [];
  if (old.kind === 'data-directory') {
    risks.push(...serverRisks(old), ...configurationRisks(old), ...standbyRisks(old));
  }
  const disk = room(old.path);
  if (disk && isFilling(disk)) risks.push(fillingText(disk));
  return risks;
}

/** Under 1 GB free, or under a tenth of the disk while that is less than 20 GB. */
export function isFilling({ free, size }: DiskRoom): boolean {
  return free < LITTLE || (free < size / 10 && free < PLENTY);
}

function fillingText({ free, size }: DiskRoom): string {
  const share = size > 0 ? Math.floor((100 * free) / size) : 0;
  return `The disk that holds the old side is filling: ${formatBytes(free)} (${share} %) are free, and whoever makes room there may remove WAL.`;
}

function serverRisks({ path, running }: SideOverview): string[] {
  const postmaster = readPostmaster(path);
  if (!postmaster && !running) return [];
  const which = postmaster ? ` (process ${postmaster.pid})` : '';
  return [
    `A server is running on the old data directory${which}: each of its checkpoints may recycle WAL that holds what was lost.`,
  ];
}

/** Settings are judged by what they say: what a script does that they call is not looked into. */
function configurationRisks({ path, majorVersion }: SideOverview): string[] {
  const settings = readConfiguration(path, majorVersion);
  const risks: string[] = [];
  const cleanup = settings.get('archive_cleanup_command');
  if (cleanup && cleanup.value.trim() !== '') {
    risks.push(
      `archive_cleanup_command is set (${cleanup.where}): started as a standby, the old server has archived WAL removed.`,
    );
  }
  for (const name of ['archive_command', 'recovery_end_command']) {
    const setting = settings.get(name);
    if (!setting || !REMOVES.test(setting.value)) continue;
    if (name === 'archive_command' && !isArchiving(settings.get('archive_mode')?.value)) continue;
    risks.push(
      `${name} removes files (${setting.where}): started, the old server may have WAL cleaned away.`,
    );
  }
  return risks;
}

/** archive_mode is an enum with the spellings of a boolean (guc_tables.c, archive_mode_options). */
function isArchiving(mode: string | undefined): boolean {
  return mode !== undefined && /^(?:on|always|true|yes|1)$/i.test(mode);
}

function standbyRisks({ path }: SideOverview): string[] {
  const signal = ['standby.signal', 'recovery.signal', 'recovery.conf'].find((name) =>
    existsSync(join(path, name)),
  );
  return signal
    ? [
        `${signal} is in the old data directory: started, the server goes into recovery and recycles or replaces its own WAL.`,
      ]
    : [];
}
