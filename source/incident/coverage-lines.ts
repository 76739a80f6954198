/** Which WAL is there, segment by segment and where from, which is missing, and what that would give back: in lines for people. */
import { printable } from '../bytes/printable.js';
import { textWidth, truncateMiddle, wrapWords } from '../bytes/text-width.js';
import type { IncidentOverview, SegmentCoverage, WalGap } from './model.js';
import { gapName } from './wal-gaps.js';

/** How a segment is drawn in the map. */
const GLYPHS: Readonly<Record<SegmentCoverage['state'], string>> = {
  present: '■',
  missing: '□',
  partial: '◧',
  recycled: '·',
  foreign: '?',
};

/** Consecutive segments in the same state, from the same place. */
export interface CoverageRun {
  readonly state: SegmentCoverage['state'];
  readonly place: string | undefined;
  readonly first: string;
  readonly last: string;
  readonly count: number;
}

/** Stretches drawn one by one; of more, those that are not simply there. */
const MOST_RUNS = 10;

/** The segments as stretches, in their order. */
export function coverageRuns(segments: readonly SegmentCoverage[]): CoverageRun[] {
  const runs: CoverageRun[] = [];
  for (const { fileName, state, place } of segments) {
    const previous = runs[runs.length - 1];
    if (previous?.state === state && previous.place === place)
      runs[runs.length - 1] = { ...previous, last: fileName, count: previous.count + 1 };
    else runs.push({ state, place, first: fileName, last: fileName, count: 1 });
  }
  return runs;
}

/** `12: 10 present, 1 missing, 1 partial`. */
function countsText(segments: readonly SegmentCoverage[]): string {
  const counts = new Map<string, number>();
  for (const segment of segments) counts.set(segment.state, (counts.get(segment.state) ?? 0) + 1);
  const parts = Array.from(counts, ([state, count]) => `${count} ${state}`);
  return segments.length === 0 ? 'none found' : `${segments.length}: ${parts.join(', ')}`;
}

function runText({ state, place, first, last, count }: CoverageRun, width: number): string {
  // What both names begin with is not said twice.
  const to = last.slice(0, 16) === first.slice(0, 16) ? `…${last.slice(16)}` : last;
  const names = count === 1 ? first : `${first} to ${to} (${count})`;
  const head = `${GLYPHS[state]} ${names}${state === 'present' ? '' : ` ${state}`}`;
  const room = width - textWidth(head) - 4;
  return place === undefined || room < 8 ? head : `${head} in ${truncateMiddle(printable(place), room)}`;
}

/** Counts, a map of a glyph for each segment, and the stretches with where they came from; lines of at most `width` columns. */
export function coverageLines(segments: readonly SegmentCoverage[], width: number): string[] {
  const lines = wrapWords(countsText(segments), width);
  const map = segments.map((segment) => GLYPHS[segment.state]).join('');
  if (map.length > 1 && map.length <= width * 2) {
    for (let from = 0; from < map.length; from += width) lines.push(map.slice(from, from + width));
  }
  const runs = coverageRuns(segments);
  const shown =
    runs.length <= MOST_RUNS ? runs : runs.filter(({ state }) => state !== 'present').slice(0, MOST_RUNS);
  for (const run of shown) lines.push(runText(run, width));
  if (shown.length < runs.length) lines.push(`and ${runs.length - shown.length} more stretches`);
  return lines;
}

/** A gap in two sentences: which files, and what they would give back. */
export function gapText(gap: WalGap): string {
  return `${gap.side} primary: ${gapName(gap)}. It would give back ${gap.givesBack.join('; ')}.`;
}

/**
 * Where the WAL that is missing may be, as far as a side's own configuration tells, a sentence each; none when nothing is missing. `toRun`
 * says how its restore_command is run, `toAdd` how a directory is added.
 */
export function whereToLook(
  overview: IncidentOverview,
  toRun: string,
  toAdd: (side: WalGap['side'], directory: string) => string,
): string[] {
  return (['old', 'new'] as const).flatMap((name) => {
    const { archive, segments } = overview[name];
    if (!overview.gaps.some((gap) => gap.side === name)) return [];
    const { restoreCommand, directory } = archive ?? {};
    const texts: string[] = [];
    if (restoreCommand && !restoreCommand.used)
      texts.push(`${restoreCommand.where} has a restore_command: ${restoreCommand.command} (${toRun})`);
    if (directory && !segments.some(({ place }) => place === directory.path))
      texts.push(
        `its ${directory.setting} names the directory ${directory.path} (${toAdd(name, directory.path)})`,
      );
    return texts;
  });
}
