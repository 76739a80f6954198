/** The overview of an incident with what reading has added so far: where each side ends, which WAL is missing, and what to be warned of. */
import { formatLsn } from '../bytes/lsn.js';
import { type LostBesides, NOTHING_BESIDES, withoutWalNotes } from '../transactions/lost-besides.js';
import { LONG_PAGE_HEADER_SIZE } from '../wal/page-header.js';
import { type IncidentParts, type OpenedSide, oldReader } from './incident-parts.js';
import type { Judging } from './judging.js';
import type { LossCounter } from './loss-counter.js';
import type { IncidentOverview, SegmentDisagreement, WalGap } from './model.js';
import { untoldOfNew } from './rows-since-fork.js';
import { disagreementText, type WalFindings } from './side-overview.js';
import { walGaps } from './wal-gaps.js';

/** Tells what is known of an incident by now. */
export class OverviewAsRead {
  readonly #parts: IncidentParts;
  readonly #loss: () => LossCounter;
  readonly #judging: Judging;
  #besides: LostBesides | undefined;

  /** `loss` gives the counter of what was found of the old side, `judging` may have run out of memory. */
  constructor(parts: IncidentParts, loss: () => LossCounter, judging: Judging) {
    this.#parts = parts;
    this.#loss = loss;
    this.#judging = judging;
  }

  /** Both sides and the fork, as of now. */
  tell(): IncidentOverview {
    const { overview, old, fresh } = this.#parts;
    const findings = this.#parts.findings();
    const asRead = (
      side: IncidentOverview['old'],
      opened: OpenedSide | undefined,
      found: WalFindings | undefined,
    ) => {
      const end = opened?.reader.scan.reader.end;
      const damaged = found?.disagreements.filter(({ kind }) => kind === 'damaged') ?? [];
      const warnings = [...side.warnings, ...damaged.map(disagreementText)];
      const ended = end ? { endLsn: end.lsn, endReason: end.reason } : {};
      return { ...side, ...ended, ...found, warnings };
    };
    const time = old?.reader.scan.lastCommitTimeBefore || undefined;
    return {
      ...overview,
      old: asRead(overview.old, old, findings.old),
      new: asRead(overview.new, fresh, findings.new),
      fork: { ...this.#fork(), time: overview.fork.time ?? time },
      gaps: this.#gaps(),
      warnings: [...overview.warnings, ...this.#warnings()],
    };
  }

  /** What is lost beside the rows of transactions: nothing until the old side is read to its end. */
  besides(): LostBesides {
    const { old } = this.#parts;
    if (!old?.reader.scan.finished) return NOTHING_BESIDES;
    this.#besides ??= old.reader.besides(new Set(this.#loss().figures().databases));
    return this.#besides;
  }

  /** What came after damage or a gap is not in the list, a lost transaction began before the WAL that is there, or its WAL is gone. */
  get incomplete(): boolean {
    const end = this.#parts.old?.reader.scan.reader.end;
    return (
      this.#parts.overview.fork.untold !== undefined ||
      this.#parts.overview.old.running ||
      (this.#parts.old?.damagedPages?.list.length ?? 0) > 0 ||
      this.#parts.old?.reader.scan.file.failure !== undefined ||
      (end !== undefined && end.kind !== 'end') ||
      this.#loss().begunBefore > 0 ||
      this.#judging.firstForgotten !== undefined ||
      this.#conflicts().length > 0 ||
      this.#endsTooEarly() !== undefined
    );
  }

  /** Which WAL is missing, and what it would give back. */
  #gaps(): WalGap[] {
    const { old, oldSegments, fresh, overview } = this.#parts;
    const { fork } = overview;
    if (!fork.diverged) return [];
    const forkLsn = fork.lsn;
    const oldGaps = walGaps({
      side: 'old',
      segments: oldSegments,
      startLsn: old?.start.startLsn,
      shortfall: old?.start.shortfall !== undefined,
      forgetful: old?.reader.scan.file.failure !== undefined,
      end: old?.reader.scan.finished ? old.reader.scan.reader.end : undefined,
      written: Math.max(overview.old.checkpointLsn, forkLsn),
      forkLsn,
      loss: this.#loss().figures(),
      begunBefore: this.#loss().begunBefore,
      unfinished: old?.reader.scan.unfinished(),
    });
    if (!fresh) return oldGaps;
    const newGaps = walGaps({
      side: 'new',
      segments: fresh.segments,
      startLsn: fresh.start.startLsn,
      shortfall: false,
      end: fresh.reader.scan.finished ? fresh.reader.scan.reader.end : undefined,
      written: Math.max(overview.new.checkpointLsn, forkLsn),
      forkLsn,
    });
    return [...oldGaps, ...newGaps];
  }

  /** The fork, with the checkpoint before it that opening the old side's WAL came by. */
  #fork(): IncidentOverview['fork'] {
    const { fork } = this.#parts.overview;
    const checkpoint = this.#parts.old?.start.lastCheckpoint;
    if (!checkpoint) return fork;
    const { lsn, timeline } = checkpoint;
    const sentence = `The last checkpoint both share is at ${formatLsn(lsn)} on timeline ${timeline}: pg_rewind would begin there.`;
    return {
      ...fork,
      lastCommonCheckpoint: { lsn, timeline },
      evidence: [...fork.evidence, sentence],
    };
  }

  /** What reading found out that the operator must know: damage, gaps, transactions that may be cut short. */
  #warnings(): string[] {
    const { old, fresh } = this.#parts;
    const warnings = this.#conflicts().map(disagreementText);
    if (old?.start.shortfall) warnings.push(`old primary: ${old.start.shortfall}`);
    const end = old?.reader.scan.reader.end;
    if (end && end.kind !== 'end')
      warnings.push(
        `old primary: reading stopped at ${formatLsn(end.lsn)}: ${end.reason}${end.path ? ` (${end.path})` : ''}`,
      );
    for (const [side, name] of [
      [old, 'old primary'],
      [fresh, 'new primary'],
    ] as const) {
      const failure = side?.reader.scan.file.failure;
      if (failure !== undefined)
        warnings.push(
          `${name}: ${failure}: which record wrote which old row could not be remembered any more, and rows that need it are not known; free some space, name another place with --temp-dir, or raise --temp-limit`,
        );
    }
    const damagedPages = old?.damagedPages?.list ?? [];
    if (damagedPages.length > 0) {
      const more = damagedPages.length > 1 ? ` and ${damagedPages.length - 1} more` : '';
      warnings.push(
        `old primary: wrong checksum on a page of its own files (${damagedPages[0]}${more}): nothing on it is believed, and rows that need it cannot be told`,
      );
    }
    const forgotten = this.#judging.firstForgotten;
    if (forgotten !== undefined)
      warnings.push(
        `verdicts: more rows were lost than may be remembered; from xid ${oldReader(this.#parts).summary(forgotten).xid} on some are unknown for that alone: allow more with --max-memory or --temp-limit`,
      );
    const tooEarly = this.#endsTooEarly();
    if (tooEarly) warnings.push(tooEarly);
    warnings.push(...withoutWalNotes(this.besides().withoutWal).map((note) => `old primary: ${note}`));
    const incomplete = untoldOfNew(fresh);
    if (fresh && incomplete) warnings.push(`new primary: ${incomplete}`);
    if (old && !fresh && !this.#parts.live) {
      warnings.push(
        `new primary: its WAL from the fork at ${formatLsn(this.#parts.overview.fork.lsn)} on is not there, so verdicts are unknown: add it with --new-wal, or ask the running server (forkpoint check)`,
      );
    }
    return warnings;
  }

  /** Places that hold valid WAL of different histories under one name. */
  #conflicts(): SegmentDisagreement[] {
    const { old, new: fresh } = this.#parts.findings();
    return [...old.disagreements, ...(fresh?.disagreements ?? [])].filter(({ kind }) => kind === 'conflict');
  }

  /** The old primary wrote further than what can be read of it: its own control file, or the fork, says so. */
  #endsTooEarly(): string | undefined {
    const { old, overview } = this.#parts;
    const { fork } = overview;
    if (!old) {
      if (!fork.diverged) return undefined;
      return `old primary: what it wrote from the fork at ${formatLsn(fork.lsn)} on cannot be read: ${this.#parts.unreadable ?? 'its WAL is not there'}`;
    }
    const end = old.reader.scan.reader.end;
    if (end?.kind !== 'end') return undefined;
    const { checkpointLsn } = overview.old;
    // A place at a page's beginning may be told with or without the page's header.
    const reached = end.lsn + LONG_PAGE_HEADER_SIZE;
    const [written, witness] =
      checkpointLsn > fork.lsn
        ? [checkpointLsn, 'its control file names a checkpoint']
        : [fork.lsn, 'it parted from the new primary'];
    if (reached >= written) return undefined;
    return `old primary: WAL is missing: what can be read ends at ${formatLsn(end.lsn)} (${end.reason}), but ${witness} at ${formatLsn(written)}${end.path ? ` (${end.path})` : ''}`;
  }
}
