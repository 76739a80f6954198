/** Figures as people read them. */
import { type Measured, median } from './measure.js';

/** What a figure is held against: the peer, and how many times as fast the goal is. */
export interface Goal {
  /** The beginning of the peer's name. */
  readonly peer: string;
  readonly timesAsFast: number;
}

/** One line of a report. */
export interface Line extends Measured {
  readonly goal?: Goal;
}

function seconds(value: number): string {
  return `${value.toFixed(value < 10 ? 2 : 1)} s`;
}

/** How many times as fast as its peer a line was, by medians; undefined where there is no peer. */
export function ratioToPeer(line: Line, lines: readonly Line[]): number | undefined {
  const { goal } = line;
  const peer = goal && lines.find(({ name }) => name.startsWith(goal.peer));
  return peer && median(peer.seconds) / median(line.seconds);
}

/** Prints one shape's figures, each beside its peer's. */
export function printTable(title: string, lines: readonly Line[]): void {
  process.stdout.write(`\n${title}\n`);
  console.table(
    lines.map((line) => {
      const ratio = ratioToPeer(line, lines);
      return {
        what: line.name,
        median: seconds(median(line.seconds)),
        spread: `${line.seconds[0].toFixed(2)}–${line.seconds[line.seconds.length - 1].toFixed(2)}`,
        processor: line.processor ? seconds(median(line.processor)) : '',
        memory: line.memory ? `${line.memory.toFixed(0)} MB` : '',
        'times as fast as its peer': ratio === undefined ? '' : ratio.toFixed(2),
        goal: line.goal ? String(line.goal.timesAsFast) : '',
      };
    }),
  );
}
