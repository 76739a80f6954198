/** What a command tells the shell. */
export const EXIT = {
  done: 0,
  failed: 1,
  usage: 2,
  /** Done, but WAL was missing or rows could not be decoded exactly. */
  incomplete: 3,
} as const;

/** One of the exit codes. */
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
