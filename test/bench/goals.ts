/** What forkpoint wants to reach, and whether it does: one table for everything that was measured. */
import { type Measured, median } from './measure.js';
import { type Line, ratioToPeer } from './table.js';

/** One goal, held against what was measured. */
export interface Outcome {
  /** What was measured, and on which incident or list. */
  readonly what: string;
  /** The goal, in words. */
  readonly goal: string;
  /** The figure, with its unit. */
  readonly reached: string;
  readonly met: boolean;
}

/** Peak memory that may be used whatever the size of the WAL, and for each lost transaction besides; in bytes. */
const MEMORY = 200e6;
const MEMORY_A_TRANSACTION = 64;
/** Seconds a gigabyte at the largest size may be so many times those at the smallest one: no straight line is without noise. */
const STRAIGHT = 1.25;
/** In seconds. */
const FIRST_FRAME = 0.25;
const FIRST_TRANSACTION = 0.3;

/** Times as fast as a peer, for every line that has such a goal. */
export function speedOutcomes(incident: string, lines: readonly Line[]): Outcome[] {
  return lines.flatMap((line) => {
    const ratio = ratioToPeer(line, lines);
    if (ratio === undefined || !line.goal) return [];
    return {
      what: `${incident}: ${line.name}`,
      goal: `${line.goal.timesAsFast} × ${line.goal.peer}`,
      reached: `${ratio.toFixed(2)} ×`,
      met: ratio >= line.goal.timesAsFast,
    };
  });
}

/** Peak memory of our own processes, `transactions` of which were lost. */
export function memoryOutcomes(
  incident: string,
  measured: readonly Measured[],
  transactions: number,
): Outcome[] {
  const allowed = (MEMORY + MEMORY_A_TRANSACTION * transactions) / 1e6;
  return measured.flatMap(({ name, memory }) =>
    memory === undefined
      ? []
      : {
          what: `${incident}: peak memory of ${name}`,
          goal: `under ${allowed.toFixed(0)} MB`,
          reached: `${memory.toFixed(0)} MB`,
          met: memory < allowed,
        },
  );
}

/** One command on one size of WAL. */
export interface SizeFigure {
  readonly what: string;
  readonly walBytes: number;
  readonly secondsPerGigabyte: number;
}

/** Is cost against size a straight line? `figures` are of one shape. */
export function straightOutcomes(shape: string, figures: readonly SizeFigure[]): Outcome[] {
  return [...new Set(figures.map(({ what }) => what))].map((what) => {
    const bySize = figures.filter((each) => each.what === what).sort((a, b) => a.walBytes - b.walBytes);
    const [small, large] = [bySize[0], bySize[bySize.length - 1]];
    const growth = large.secondsPerGigabyte / small.secondsPerGigabyte;
    const gigabytes = ({ walBytes }: SizeFigure): string => (walBytes / 1e9).toFixed(1);
    return {
      what: `${shape}: seconds a GB of ${what}, ${gigabytes(large)} against ${gigabytes(small)} GB`,
      goal: `at most ${STRAIGHT} times`,
      reached: `${growth.toFixed(2)} times`,
      met: growth <= STRAIGHT,
    };
  });
}

/** How soon the screen is there. `start` as measureStart() brings it. */
export function startOutcomes(incident: string, start: readonly Measured[]): Outcome[] {
  const wanted = ({ name }: Measured): number | undefined => {
    if (name.includes('subtracted')) return FIRST_FRAME;
    return name.includes('first transaction') ? FIRST_TRANSACTION : undefined;
  };
  return start.flatMap((line) => {
    const limit = wanted(line);
    if (limit === undefined) return [];
    const seconds = median(line.seconds);
    return {
      what: `${incident}: ${line.name}`,
      goal: `under ${limit * 1000} ms`,
      reached: `${(seconds * 1000).toFixed(0)} ms`,
      met: seconds < limit,
    };
  });
}

/** Prints all of them, those missed last, where they are seen. */
export function printOutcomes(outcomes: readonly Outcome[]): void {
  process.stdout.write('\nGoals\n');
  const inOrder = [...outcomes.filter(({ met }) => met), ...outcomes.filter(({ met }) => !met)];
  console.table(inOrder.map(({ met, ...rest }) => ({ ...rest, '': met ? 'met' : 'MISSED' })));
}
