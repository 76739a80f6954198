/** Opening an incident for a command that runs to its end, and reading all of it. */

import { formatCount } from '../bytes/count.js';
import { printable } from '../bytes/printable.js';
import { breathe } from '../incident/breathe.js';
import { gapText, whereToLook } from '../incident/coverage-lines.js';
import { formatBytes, formatDuration, plural } from '../incident/figures.js';
import type { Filter } from '../incident/filter.js';
import type { Incident } from '../incident/incident.js';
import type { IncidentOverview, IncidentRequest } from '../incident/model.js';
import { openIncident } from '../incident/open.js';
import type { OpenedIncident } from '../incident/opened-incident.js';
import { eachSelected } from '../incident/select.js';
import type { Arguments } from './arguments.js';
import { endOnSignals } from './signals.js';

/** Milliseconds of work between two looks at signals and the progress line. */
const SLICE_MS = 20;
/** The progress line is drawn again at most this often. */
const DRAW_MS = 200;

/** One line on standard error, on a terminal only, that overwrites itself. */
export class ProgressLine {
  #drawn = 0;
  #shown = false;

  /** Draws `text` unless it was drawn a moment ago. */
  show(text: () => string): void {
    if (!process.stderr.isTTY || Date.now() - this.#drawn < DRAW_MS) return;
    this.#drawn = Date.now();
    this.#shown = true;
    process.stderr.write(`\r\x1b[K${text()}`);
  }

  /** Takes the line away. */
  clear(): void {
    if (this.#shown) process.stderr.write('\r\x1b[K');
    this.#shown = false;
  }
}

/** Hands every transaction that a filter lets through to `take`, by its position in commit order; signals get through meanwhile. */
export async function eachChosen(
  incident: Incident,
  filter: Filter,
  take: (index: number) => unknown,
): Promise<void> {
  await eachSelected(incident, filter, take, SLICE_MS, breathe);
}

/** An incident read to its end. */
export interface ReadIncident {
  readonly incident: OpenedIncident;
  /** Damage or a gap ended the reading, or rows could not be decoded: exit code 3. */
  readonly incomplete: boolean;
  /** One sentence for each reason; none when it is complete. */
  readonly missing: readonly string[];
}

/**
 * Opens the incident, reads the old side's WAL (with `judge` also compares it with the new primary), and hands it to `work`;
 * `opened` has it before it is read, and what it returns is called between steps of reading. However that ends, and on a signal too, the incident is closed: files go, and no connection keeps the process alive. Throws ForkpointError.
 */
export async function withIncident<Result>(
  options: Arguments,
  judge: boolean,
  work: (read: ReadIncident) => Result | Promise<Result>,
  opened?: (incident: OpenedIncident) => (() => void) | undefined,
): Promise<Result> {
  endOnSignals();
  const incident = await openIncident(options.request as IncidentRequest);
  const close = () => incident.close();
  process.once('exit', close);
  try {
    await readAll(incident, judge, opened?.(incident));
    const { old, warnings } = incident.overview();
    const missing = incident.incomplete ? [...warnings] : [];
    // It goes on while it is read, or recovers and recycles what was lost: its own warnings say so.
    if (old.running) missing.push(...old.warnings.map((warning) => `old primary: ${warning}`));
    const { undecodable } = incident.progress().loss;
    if (undecodable > 0) missing.push(`${plural(undecodable, 'change')} could not be decoded exactly`);
    return await work({ incident, incomplete: incident.incomplete || undecodable > 0, missing });
  } finally {
    process.removeListener('exit', close);
    close();
  }
}

/** Says on standard error why what was written is not everything, and what could help; says nothing when it is. */
export function sayWhatIsMissing({ missing, incident }: ReadIncident): void {
  for (const sentence of missing) process.stderr.write(`forkpoint: INCOMPLETE: ${printable(sentence)}\n`);
  if (missing.length === 0) return;
  const overview = incident.overview();
  for (const gap of overview.gaps)
    process.stderr.write(`forkpoint: WAL MISSING: ${printable(gapText(gap))}\n`);
  sayWhereToLook(overview);
}

/** Says on standard error where WAL that is missing may be, as far as a side's own configuration tells. */
export function sayWhereToLook(overview: IncidentOverview): void {
  const sentences = whereToLook(
    overview,
    '--run-restore-command runs it',
    (side, directory) => `--${side}-wal ${directory} adds it`,
  );
  for (const sentence of sentences) process.stderr.write(`forkpoint: ${printable(sentence)}\n`);
}

function progressText(incident: Incident): string {
  const { bytesRead, bytesTotal, rate, secondsLeft, fetching } = incident.progress();
  if (fetching !== undefined) return `fetching ${printable(fetching)}`;
  return `reading WAL: ${formatBytes(bytesRead)} of ${formatBytes(bytesTotal)}, ${formatBytes(rate)}/s, ${formatDuration(secondsLeft)} left`;
}

function comparedText(incident: Incident): string {
  const { phase, judged } = incident.progress();
  if (phase !== 'judging' || !judged) return progressText(incident);
  return `comparing with the new primary: ${formatCount(judged.done)} of ${plural(judged.total, 'row')}`;
}

async function readAll(incident: Incident, judge: boolean, between?: () => void): Promise<void> {
  const line = new ProgressLine();
  try {
    const drawing = setInterval(() => line.show(() => progressText(incident)), DRAW_MS);
    try {
      between?.();
      while (incident.step(SLICE_MS)) {
        between?.();
        line.show(() => progressText(incident));
        await incident.fetch();
        await breathe();
      }
    } finally {
      clearInterval(drawing);
    }
    if (judge) {
      await incident.judge(() => line.show(() => comparedText(incident)));
    }
  } finally {
    line.clear();
  }
}
