/** What probing found at a path, asked once: a directory that the cursor passes again is not opened again. */
import type { DataDirectoryProbe } from '../../timeline/side-probe.js';
import type { Probing } from '../probing.js';

/** Probes by path, until they are forgotten. */
export class RememberedProbes {
  readonly #probing: Probing;
  readonly #known = new Map<string, DataDirectoryProbe>();

  constructor(probing: Probing) {
    this.#probing = probing;
  }

  /** What stands at a path. */
  at(path: string): DataDirectoryProbe {
    const known = this.#known.get(path);
    if (known) return known;
    const probed = this.#probing.probe(path);
    this.#known.set(path, probed);
    return probed;
  }

  /** Looks at everything anew from here on. */
  forget(): void {
    this.#known.clear();
  }
}
