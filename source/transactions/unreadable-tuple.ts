/** What may be wrong with a tuple, and is told of its row instead of ending the reading. */
import { CorruptDatumError } from '../bytes/corrupt-datum.js';
import { MalformedTupleError } from '../heap/deform.js';
import { TupleUnavailableError } from './tuple-unavailable.js';

/** Is it the data's fault that a tuple could not be read? */
export function isOfTheData(error: unknown): error is Error {
  return (
    error instanceof TupleUnavailableError ||
    error instanceof MalformedTupleError ||
    error instanceof CorruptDatumError ||
    error instanceof RangeError
  );
}
