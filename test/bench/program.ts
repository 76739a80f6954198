/** The program that is measured: the bundle, which is what users run. */
import { fileURLToPath } from 'node:url';

export const PROGRAM = fileURLToPath(new URL('../../bundle/cli.js', import.meta.url));

/** The same before it was bundled: a profile of it tells the rooms and functions by their names. */
export const PROGRAM_IN_ROOMS = fileURLToPath(new URL('../../source/cli.js', import.meta.url));
