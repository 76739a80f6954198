/** The two sides as far as they are chosen, and what is to be said about the pair. */
import { printable } from '../../bytes/printable.js';
import type { SidesComparison } from '../../timeline/compare-sides.js';
import type { DataDirectoryProbe } from '../../timeline/side-probe.js';
import type { Probing } from '../probing.js';
import { isServerUrl, maskPassword } from '../server-url.js';
import type { RememberedProbes } from './remembered-probes.js';

/** One chosen side: a probed directory, or a server's URL. */
export type PickedSide = { readonly path: string; readonly probed?: DataDirectoryProbe };

/** What is being chosen. */
export type PickStage = 'old' | 'new' | 'review';

/** Nothing to be said about a side that is a server: opening it will tell. */
const NO_COMPARISON: SidesComparison = { refusals: [] };

/** A side's path as the screen shows it. */
export function sideLabel(side: PickedSide): string {
  return printable(maskPassword(side.path));
}

/** First the old side is chosen, then the new one, then both are looked at. */
export class PickedSides {
  stage: PickStage = 'old';
  old: PickedSide | undefined;
  fresh: PickedSide | undefined;
  comparison: SidesComparison = NO_COMPARISON;
  readonly #probing: Probing;
  readonly #probes: RememberedProbes;

  constructor(probing: Probing, probes: RememberedProbes) {
    this.#probing = probing;
    this.#probes = probes;
  }

  /** Both sides are directories. */
  get swappable(): boolean {
    return this.fresh !== undefined && !isServerUrl(this.fresh.path);
  }

  /** Takes a path for the side being chosen; returns why not. */
  choose(path: string): string | undefined {
    if (isServerUrl(path)) {
      if (this.stage !== 'new') return 'the old primary is read from its files: choose a directory';
      this.#take({ path });
      return undefined;
    }
    const probed = this.#probes.at(path);
    if (!probed.ok) return probed.reason;
    if (this.stage === 'new' && this.old?.probed) {
      const [refusal] = this.#probing.compare(this.old.probed, probed).refusals;
      if (refusal) return refusal;
    }
    this.#take({ path, probed });
    return undefined;
  }

  /** Exchanges them; false where one is no directory. */
  swap(): boolean {
    const { old, fresh } = this;
    if (!fresh?.probed || !old?.probed) return false;
    this.old = fresh;
    this.fresh = old;
    this.#compare();
    return true;
  }

  /** Takes back the last choice; false when there is none. */
  back(): boolean {
    if (this.stage === 'old') return false;
    if (this.stage === 'review') {
      this.stage = 'new';
      this.fresh = undefined;
      this.comparison = NO_COMPARISON;
    } else {
      this.stage = 'old';
      this.old = undefined;
    }
    return true;
  }

  /** Those of the paths that fit the side being chosen best come first. */
  inOrder(paths: readonly string[]): readonly string[] {
    const old = this.stage === 'new' ? this.old?.probed : undefined;
    if (!old) return paths;
    const others = paths.filter((path) => path !== old.path);
    const fits = (path: string): boolean =>
      this.#probing.compare(old, this.#probes.at(path)).refusals.length === 0;
    return [...others.filter(fits), ...others.filter((path) => !fits(path))];
  }

  #take(side: PickedSide): void {
    if (this.stage === 'old') {
      this.old = side;
      this.stage = 'new';
    } else {
      this.fresh = side;
      this.stage = 'review';
      this.#compare();
    }
  }

  #compare(): void {
    const { old, fresh } = this;
    this.comparison =
      old?.probed && fresh?.probed ? this.#probing.compare(old.probed, fresh.probed) : NO_COMPARISON;
  }
}
