/** Nobody waits any more for what was asked: another incident was opened meanwhile, or all of it was closed. No defect. */
export class Superseded extends Error {}
