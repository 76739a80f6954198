/** Why a tuple could not be had from WAL. Caught where rows are made; its sentence becomes the row's problem. */
export class TupleUnavailableError extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'TupleUnavailableError';
  }
}
