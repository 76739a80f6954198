/** Cases of the fuzzer: which incident is damaged, how, and what came of it. Each is wholly told by its seed. */
import { join } from 'node:path';
import { recordedIncident } from '../support/recorded.js';
import { seeded } from '../support/seeded.js';
import { type Blindness, type Chance, DAMAGES, type Damage } from './damages.js';
import { compare, examine, type Outcome, type Reading, read } from './examine.js';
import { tryExport } from './try-export.js';
import { Victim } from './victim.js';

export interface Case {
  /** Pack and incident: `pg17/logical`. */
  readonly incident: string;
  readonly seed: number;
}

export interface CaseResult {
  /** Kinds of the damages done, and what exactly was done. */
  readonly kinds: readonly string[];
  readonly what: string;
  readonly outcome: Outcome;
}

interface Ready {
  readonly sides: { readonly old: Victim; readonly new: Victim };
  readonly truth: Reading;
  /** The same read of the old side's WAL alone, without its data directory. */
  readonly truthOfWal: Reading;
}

/** Incidents that were unpacked, with what they say undamaged. */
const ready = new Map<string, Ready>();

async function prepare(name: string): Promise<Ready> {
  const known = ready.get(name);
  if (known) return known;
  const [pack, incident] = name.split('/');
  const { oldDataDirectory, newDataDirectory } = recordedIncident(pack, incident);
  const truth = await read(oldDataDirectory, newDataDirectory);
  const truthOfWal = await read(join(oldDataDirectory, 'pg_wal'), newDataDirectory);
  if (truth.doubted || truth.warnings.length > 0 || compare(truthOfWal, truth, 'none').kind !== 'whole')
    throw new Error(`${name} is not whole undamaged: ${truth.warnings.join('; ')}`);
  const sides = { old: new Victim(oldDataDirectory), new: new Victim(newDataDirectory) };
  const made = { sides, truth, truthOfWal };
  ready.set(name, made);
  return made;
}

/** A damage, mostly one; now and then several at once, as a failing disk does. */
function chooseDamages(chance: Chance): Damage[] {
  const count = chance(5) === 0 ? 2 + chance(2) : 1;
  return Array.from({ length: count }, () => DAMAGES[chance(DAMAGES.length)]);
}

function worst(all: readonly Blindness[]): Blindness {
  return (['misled', 'silenced'] as const).find((each) => all.includes(each)) ?? 'none';
}

/** Damages, reads, compares, and puts everything back. */
export async function runCase({ incident, seed }: Case): Promise<CaseResult> {
  const { sides, truth, truthOfWal } = await prepare(incident);
  const random = seeded(seed);
  const chance: Chance = (below) => random(Math.max(1, below)) - 1;
  const done: string[] = [];
  const blindnesses: Blindness[] = [];
  const damages = chooseDamages(chance);
  const walOnly = chance(6) === 0;
  const exported = chance(6) === 0;
  if (walOnly) done.push('of the old side only WAL');
  try {
    for (const damage of damages) {
      const elsewhere = walOnly && !damage.kind.startsWith('WAL');
      const side = chance(4) === 0 || elsewhere ? 'new' : 'old';
      const [victim, other] = side === 'old' ? [sides.old, sides.new] : [sides.new, sides.old];
      const candidates = victim.present.filter((path) => damage.to.test(path) && victim.size(path) > 0);
      if (candidates.length === 0) continue;
      const path = candidates[chance(candidates.length)];
      const applied = damage.apply(victim, path, chance, other);
      const { what, blindness } =
        typeof applied === 'string' ? { what: applied, blindness: damage.blindness } : applied;
      blindnesses.push(blindness);
      done.push(`${damage.kind}: ${side}/${path}: ${what}`);
    }
    // Nothing but a control file says how far WAL went.
    const cut = walOnly && damages.some(({ kind }) => kind.startsWith('WAL: segment'));
    const blindness = worst(cut ? [...blindnesses, 'silenced'] : blindnesses);
    const old = walOnly ? join(sides.old.directory, 'pg_wal') : sides.old.directory;
    let outcome = await examine(old, sides.new.directory, walOnly ? truthOfWal : truth, blindness);
    if (exported && outcome.kind !== 'refused' && !('why' in outcome))
      outcome = (await tryExport(old, sides.new.directory, chance)) ?? outcome;
    return { kinds: damages.map(({ kind }) => kind), what: done.join('; '), outcome };
  } finally {
    sides.old.restore();
    sides.new.restore();
  }
}
