/** Renames of one run in an order in which no name is taken: blue-green swaps need a third name on the way. */

/** One object that gets another name or schema. */
export interface Rename {
  /** What names collide within: relations of all kinds share theirs, types theirs. */
  readonly space: string;
  readonly id: number;
  /** Schema (or table, for its columns) and name. */
  readonly from: readonly [container: string, name: string];
  readonly to: readonly [container: string, name: string];
}

/** One step: from a name to a name. */
export interface RenameStep<R extends Rename> {
  readonly rename: R;
  readonly from: readonly [string, string];
  readonly to: readonly [string, string];
}

function key(space: string, [container, name]: readonly [string, string]): string {
  return `${space}\0${container}\0${name}`;
}

/** The steps. Where names go round in a circle, one of them is parked under a name of its own. */
export function orderRenames<R extends Rename>(renames: readonly R[]): RenameStep<R>[] {
  const pending = renames.map((rename) => ({ rename, now: rename.from }));
  const steps: RenameStep<R>[] = [];
  while (pending.length > 0) {
    const taken = new Map<string, number>();
    for (const { rename, now } of pending) taken.set(key(rename.space, now), rename.id);
    const next = pending.findIndex(({ rename }) => {
      const holder = taken.get(key(rename.space, rename.to));
      return holder === undefined || holder === rename.id;
    });
    if (next >= 0) {
      const [{ rename, now }] = pending.splice(next, 1);
      steps.push({ rename, from: now, to: rename.to });
      continue;
    }
    const first = pending[0];
    const parked: readonly [string, string] = [first.now[0], `forkpoint_parked_${first.rename.id}`];
    steps.push({ rename: first.rename, from: first.now, to: parked });
    pending[0] = { rename: first.rename, now: parked };
  }
  return steps;
}
