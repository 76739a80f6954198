/** What tests say in few words: an LSN as it is written, and the sentence that something is refused with. */
import assert from 'node:assert/strict';
import { ForkpointError } from '../../source/bytes/errors.js';
import { parseLsn } from '../../source/bytes/lsn.js';

/** An LSN from its text, `0/1A2B3C4`. */
export function lsn(text: string): number {
  const value = parseLsn(text);
  assert.notEqual(value, undefined, text);
  return value as number;
}

/** The message of the ForkpointError that `action` throws; fails when it throws none. */
export function complaint(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    assert.ok(error instanceof ForkpointError, String(error));
    return error.message;
  }
  return assert.fail('nothing was thrown');
}
