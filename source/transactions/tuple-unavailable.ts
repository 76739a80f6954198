/** Why a tuple could not be had from WAL. Caught where rows are made; its sentence becomes the row's problem. */
export class TupleUnavailableError extends Error {
  constructor(reason: string) {
    const { stackTraceLimit } = Error;
    // There may be one for every row, and nobody is told where it came from.
    Error.stackTraceLimit = 0;
    super(reason);
    Error.stackTraceLimit = stackTraceLimit;
    this.name = 'TupleUnavailableError';
  }
}
