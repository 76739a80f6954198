/** On which servers a test file runs: on a few as a rule; those of the matrix on every one in scope when it is asked for. */

export type WalLevel = 'logical' | 'replica';

/** One of the servers. */
export interface ServerKind {
  readonly major: number;
  readonly walLevel: WalLevel;
}

export const EVERY_MAJOR: readonly number[] = [10, 11, 12, 13, 14, 15, 16, 17, 18];
const EVERY_WAL_LEVEL: readonly WalLevel[] = ['logical', 'replica'];

/** Whether the whole matrix is asked for: FORKPOINT_MATRIX=all, as `npm run test:matrix` has it. */
export const WHOLE_MATRIX = process.env['FORKPOINT_MATRIX'] === 'all';

/** The majors in FORKPOINT_MAJORS (`17,18`), else the usual ones. */
export function majors(...usual: number[]): readonly number[] {
  return process.env['FORKPOINT_MAJORS']?.split(',').map(Number) ?? usual;
}

/** The wal_levels in FORKPOINT_WAL_LEVELS (`logical,replica`), else the usual ones. */
export function walLevels(...usual: WalLevel[]): readonly WalLevel[] {
  return (process.env['FORKPOINT_WAL_LEVELS']?.split(',') as WalLevel[] | undefined) ?? usual;
}

/** Every pairing of the majors and wal_levels asked for, else of the usual ones. */
export function serverKinds(usualMajors: readonly number[], usualLevels: readonly WalLevel[]): ServerKind[] {
  const levels = walLevels(...usualLevels);
  return majors(...usualMajors).flatMap((major) => levels.map((walLevel) => ({ major, walLevel })));
}

/** The servers of a file of the matrix: every one in scope, or the usual ones. */
export function matrix(usualMajors: readonly number[], usualLevels: readonly WalLevel[]): ServerKind[] {
  return WHOLE_MATRIX ? serverKinds(EVERY_MAJOR, EVERY_WAL_LEVEL) : serverKinds(usualMajors, usualLevels);
}
