/** The box in which the fork is named by hand, when the histories cannot tell it. */
import { formatLsn, type Lsn, parseLsn } from '../../bytes/lsn.js';
import type { DataDirectoryProbe } from '../../timeline/side-probe.js';
import { commonBeginning } from '../completion.js';
import type { KeyPress } from '../keys.js';
import { editField, fieldText, type TextField, textField } from '../text-field.js';

/** A place where the fork may be, and what is there. */
export interface ForkCandidate {
  readonly lsn: Lsn;
  readonly what: string;
}

/**
 * What one may have meant, newest first: ends of timelines that either side's history knows, or, where the histories are of no help, the
 * last checkpoints.
 */
export function forkCandidates(
  sides: readonly { readonly name: string; readonly probe: DataDirectoryProbe | undefined }[],
): ForkCandidate[] {
  const ends = new Map<Lsn, string>();
  const checkpoints = new Map<Lsn, string>();
  for (const { name, probe } of sides) {
    if (!probe?.ok) continue;
    for (const { timeline, end } of probe.history) {
      if (Number.isFinite(end)) ends.set(end, `where the ${name} side left timeline ${timeline}`);
    }
    if (probe.checkpointLsn > 0)
      checkpoints.set(probe.checkpointLsn, `the last checkpoint of the ${name} side`);
  }
  return [...(ends.size > 0 ? ends : checkpoints)]
    .map(([lsn, what]) => ({ lsn, what }))
    .sort((a, b) => b.lsn - a.lsn);
}

/** State of the box. */
export class ForkField {
  field: TextField;
  problem: string | undefined;
  readonly #candidates: readonly ForkCandidate[];

  constructor(named: Lsn | undefined, candidates: readonly ForkCandidate[]) {
    this.field = textField(named === undefined ? '' : formatLsn(named));
    this.#candidates = candidates;
  }

  /** Candidates that begin with what is typed. */
  get candidates(): readonly ForkCandidate[] {
    const typed = fieldText(this.field).trim().toUpperCase();
    return this.#candidates.filter(({ lsn }) => formatLsn(lsn).startsWith(typed));
  }

  edit(press: KeyPress): boolean {
    const field = editField(this.field, press);
    if (!field) return false;
    this.field = field;
    this.problem = undefined;
    return true;
  }

  complete(): void {
    const common = commonBeginning(this.candidates.map(({ lsn }) => formatLsn(lsn)));
    if (common === '') this.problem = 'no place that is known here begins like this';
    else this.field = textField(common);
  }

  /** What was named (an undefined LSN for nothing: the histories are to tell); undefined, with a problem, when it is no LSN. */
  accept(): { readonly lsn: Lsn | undefined } | undefined {
    const typed = fieldText(this.field).trim();
    if (typed === '') return { lsn: undefined };
    const lsn = parseLsn(typed);
    if (lsn === undefined || lsn === 0) {
      this.problem = `${typed} is no LSN: write it like 0/A016F40, or nothing, to have it found`;
      return undefined;
    }
    return { lsn };
  }
}
