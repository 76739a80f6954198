/**
 * Bytes of one value that break the rules of their own format: a compressed stream that points before its beginning,
 * a length that runs past the end. Not an operator's error by itself: whoever asked for the value decides what to show.
 */
export class CorruptDatumError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'CorruptDatumError';
  }
}
