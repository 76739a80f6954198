/** `forkpoint demo`: the sample incident that comes with the program. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ForkpointError } from '../bytes/errors.js';
import { PACKAGE } from '../version.js';
import type { Arguments } from './arguments.js';

const SAMPLE = new URL('samples/shop/', PACKAGE);

/** The same arguments, with the sample's two sides as OLD and NEW. Throws ForkpointError when the sample is not there. */
export function demoArguments(options: Arguments): Arguments {
  const [old, fresh] = ['old', 'new'].map((side) => fileURLToPath(new URL(side, SAMPLE)));
  for (const side of [old, fresh]) {
    if (!existsSync(side)) {
      throw new ForkpointError({
        what: 'the sample incident is not there',
        where: side,
        next: 'install forkpoint again',
      });
    }
  }
  return { ...options, request: { ...options.request, old, new: fresh } };
}
