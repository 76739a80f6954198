/** What an operator is told when something is wrong: one sentence each for what, where and what next. */
export interface Complaint {
  /** What is wrong, in PostgreSQL's own vocabulary, with the value found and the value expected. */
  readonly what: string;
  /** The file, LSN or option concerned. */
  readonly where?: string;
  /** What the operator can do about it. */
  readonly next?: string;
}

/** What is wrong and where, as the beginning of a sentence. */
export function whatAndWhere({ what, where }: Complaint): string {
  return where ? `${what} (${where})` : what;
}

/** An error meant for the operator, not a defect of forkpoint. Faces print it without a stack. */
export class ForkpointError extends Error {
  readonly complaint: Complaint;
  constructor(complaint: Complaint, options?: ErrorOptions) {
    super(
      complaint.next ? `${whatAndWhere(complaint)} — ${complaint.next}` : whatAndWhere(complaint),
      options,
    );
    this.name = 'ForkpointError';
    this.complaint = complaint;
  }
}
