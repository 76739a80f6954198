/** The program that is measured: the bundle, which is what users run. */
import { fileURLToPath } from 'node:url';

export const PROGRAM = fileURLToPath(new URL('../../bundle/cli.js', import.meta.url));
