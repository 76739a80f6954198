/** Why there is no usable file for a segment, in one sentence: what was wrong with the files of its name, and what every place said. */
import type { SegmentCheck } from './segment-file.js';
import type { MissingSegment } from './segments.js';
import type { UnusableSegment } from './wal-places.js';

/** A file that could not be read at the wanted place. */
export interface Refusal {
  readonly path: string;
  readonly check: SegmentCheck & { usable: false };
}

/** Which segment it is. */
export type WantedPosition = Pick<MissingSegment, 'fileName' | 'timeline' | 'startLsn'>;

/**
 * Says why a segment cannot be read. `directories`: those looked through; `said`: what places said that were asked.
 */
export function unusableSegment(
  wanted: WantedPosition,
  refusals: readonly Refusal[],
  directories: readonly string[],
  said: readonly string[],
): UnusableSegment {
  const missing = { ...wanted, missing: true as const };
  if (refusals.length > 0) {
    const state = refusals.some(({ check }) => check.kind === 'foreign')
      ? 'foreign'
      : refusals.some(({ check }) => check.kind === 'recycled')
        ? 'recycled'
        : 'missing';
    const reasons = refusals.map(({ path, check }) => `${check.reason} (${path})`);
    const broken = refusals.some(({ check }) => check.kind !== 'recycled' && check.kind !== 'zeros');
    return { ...missing, reason: [...reasons, ...said].join('; '), state, broken };
  }
  const absent = directories.length > 0 ? [`not found in ${directories.join(', ')}`] : [];
  return {
    ...missing,
    reason: [...absent, ...said].join('; ') || 'there is no place to look for it',
    state: 'missing',
  };
}
