/** The program as tests start it in a process of its own. */
import { fileURLToPath } from 'node:url';

const COMPILED = fileURLToPath(new URL('../../source/cli.js', import.meta.url));
const BUNDLED = fileURLToPath(new URL('../../bundle/cli.js', import.meta.url));

/**
 * The compiled modules, which every `tsc --build` renews. With FORKPOINT_PROGRAM=bundle, which `npm test` sets as it has just built it,
 * the bundle: what users run, and quicker to start.
 */
export const CLI = process.env['FORKPOINT_PROGRAM'] === 'bundle' ? BUNDLED : COMPILED;
