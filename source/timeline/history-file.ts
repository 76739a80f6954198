/**
 * Timeline history: which timelines a node's WAL ran through, and where it left each (timeline.c, pg_wal/0000000N.history).
 * A file is believed only when it obeys the server's own rules; a broken one is named with its line.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ForkpointError } from '../bytes/errors.js';
import { formatLsn, type Lsn, parseLsn } from '../bytes/lsn.js';
import { packingOf, unpackHead } from '../wal/compressed-file.js';
import { walDirectoriesOf } from '../wal/place-listing.js';
import { historyFileName } from '../wal/segment-name.js';
import type { TimelineSpan } from '../wal/timeline-span.js';

/** One timeline of a node's path through WAL, with the reason it was left. */
export interface TimelineEntry extends TimelineSpan {
  /** Why it was left, in the words of the history file (`no recovery target specified`); '' for the last one. */
  readonly reason: string;
}

/** A node's whole path, oldest timeline first; the last entry is the timeline the node is on. Never empty. */
export type TimelineHistory = readonly TimelineEntry[];

/** The history of a node on a timeline that has no parents: timeline 1, or one whose history file is unknown. */
export function historyWithoutParents(timeline: number): TimelineHistory {
  return [{ timeline, begin: 0, end: Number.POSITIVE_INFINITY, reason: '' }];
}

function syntaxError(path: string, line: number, text: string, rule: string): never {
  const shown = text.length > 60 ? `${text.slice(0, 60)}…` : text;
  throw new ForkpointError({
    what: `invalid timeline history: ${rule}, found ${JSON.stringify(shown)}`,
    where: `${path}, line ${line}`,
    next: 'name a directory that has a sound one with --old-wal or --new-wal (the archive, another node), or name the fork by hand with --fork LSN',
  });
}

/**
 * Reads the text of `timeline`'s history file. `path` only names it in messages. Throws ForkpointError with the line and
 * the rule it breaks: a line is a timeline ID, white space, a switch point, and optionally a reason; IDs increase; the
 * file's own timeline is higher than all of them; no timeline ends before it began; there is at least one, since only
 * timeline 1 has no parent and no file. Comments (`#`) and empty lines are allowed.
 */
export function parseHistoryFile(text: string, timeline: number, path: string): TimelineHistory {
  const entries: TimelineEntry[] = [];
  let begin = 0;
  let lastTimeline = 0;
  let lineNumber = 0;
  for (const line of text.split('\n')) {
    lineNumber++;
    const content = line.trim();
    if (content === '' || content.startsWith('#')) continue;
    const match = /^(\d+)(?:\s+(\S+)(?:\s+(.*))?)?$/.exec(content);
    if (!match) syntaxError(path, lineNumber, content, 'expected a numeric timeline ID');
    const id = Number(match[1]);
    if (id === 0 || id > 0xffff_ffff) {
      syntaxError(path, lineNumber, content, 'expected a timeline ID from 1 to 4294967295');
    }
    const end = parseLsn(match[2] ?? '');
    if (end === undefined) {
      syntaxError(path, lineNumber, content, 'expected a write-ahead log switchpoint location');
    }
    if (id <= lastTimeline) {
      syntaxError(
        path,
        lineNumber,
        content,
        `timeline IDs must be in increasing sequence (after ${lastTimeline})`,
      );
    }
    if (id >= timeline) {
      syntaxError(
        path,
        lineNumber,
        content,
        `timeline IDs must be less than the child timeline's ID, ${timeline}`,
      );
    }
    if (end < begin) {
      const rule = `timeline ${id} began at ${formatLsn(begin)} and cannot end before that`;
      syntaxError(path, lineNumber, content, rule);
    }
    entries.push({ timeline: id, begin, end, reason: match[3] ?? '' });
    lastTimeline = id;
    begin = end;
  }
  if (entries.length === 0) {
    syntaxError(path, lineNumber, text, `timeline ${timeline} must have a parent, and no line names one`);
  }
  entries.push({ timeline, begin, end: Number.POSITIVE_INFINITY, reason: '' });
  return entries;
}

/** Where a history came from: a file, or nothing but the absence of one. */
export interface FoundHistory {
  readonly history: TimelineHistory;
  /** The file read; undefined for timeline 1, which has none, or when it was found in no place. */
  readonly path?: string;
  /** The file that should exist and was found in no place. */
  readonly missing?: string;
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

/** Bytes of a history file that are read where it is packed: a line for each timeline there ever was. */
const MOST_HISTORY = 64 * 1024;

/** Where a place may have a history file: in each of its directories, perhaps packed. */
function historyPaths(place: string, name: string): string[] {
  let directories = [place];
  try {
    directories = walDirectoriesOf(place).map(({ path }) => path);
  } catch {
    // Whoever reads the place's segments says why it cannot be listed.
  }
  return directories.flatMap((directory) =>
    ['', '.gz', '.zst', '.lz4'].map((suffix) => join(directory, name + suffix)),
  );
}

/** The history in one file; undefined when there is no such file. Throws ForkpointError when it cannot be read or is broken. */
function readHistory(timeline: number, path: string): FoundHistory | undefined {
  let text: string;
  try {
    const bytes = readFileSync(path);
    const packing = packingOf(bytes);
    const { compression } = packing.packed ? packing : { compression: undefined };
    text = (compression ? unpackHead(bytes, compression, MOST_HISTORY) : bytes).toString('utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT') || hasCode(error, 'ENOTDIR')) return undefined;
    throw new ForkpointError(
      {
        what: `cannot read the timeline history: ${error instanceof Error ? error.message : String(error)}`,
        where: path,
        next: 'run forkpoint as a user who may read it (postgres or root)',
      },
      { cause: error },
    );
  }
  return { history: parseHistoryFile(text, timeline, path), path };
}

/**
 * Finds `timeline`'s history in the first of `places` (directories) that has a sound file of it. Timeline 1 needs none. When
 * a later timeline's file is nowhere, the history is that of a timeline without parents and `missing` names the file.
 * Throws ForkpointError when there is nothing but a file that cannot be read or breaks the rules.
 */
export function findHistory(timeline: number, places: readonly string[]): FoundHistory {
  const name = historyFileName(timeline);
  let broken: unknown;
  for (const place of places) {
    for (const path of historyPaths(place, name)) {
      try {
        const found = readHistory(timeline, path);
        if (found) return found;
      } catch (error) {
        broken ??= error;
      }
    }
  }
  if (broken !== undefined) throw broken;
  return timeline === 1
    ? { history: historyWithoutParents(1) }
    : { history: historyWithoutParents(timeline), missing: name };
}

/**
 * Index, in both, of the last entry that two histories share: the same timeline, begun at the same place, and so all the
 * way down. -1 when they share none.
 */
export function lastSharedEntry(left: TimelineHistory, right: TimelineHistory): number {
  let last = -1;
  while (
    last + 1 < left.length &&
    last + 1 < right.length &&
    left[last + 1].timeline === right[last + 1].timeline &&
    left[last + 1].begin === right[last + 1].begin
  ) {
    last++;
  }
  return last;
}

/**
 * The history of a node on `timeline` of which nothing is known but that it left the path of `other` at `fork`: that path up to there,
 * then its own timeline.
 */
export function historyFromFork(timeline: number, other: TimelineHistory, fork: Lsn): TimelineHistory {
  const shared = other.filter((entry) => entry.begin < fork && entry.timeline < timeline);
  const last = shared.at(-1);
  if (!last) return historyWithoutParents(timeline);
  return [
    ...shared.slice(0, -1),
    { ...last, end: fork, reason: '' },
    { timeline, begin: fork, end: Number.POSITIVE_INFINITY, reason: '' },
  ];
}
