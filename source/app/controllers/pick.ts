/** Choosing the two sides: what is proposed, what is browsed, what is typed; then both next to each other. */
import { dirname } from 'node:path';
import type { Lsn } from '../../bytes/lsn.js';
import { printable } from '../../bytes/printable.js';
import type { IncidentRequest } from '../../incident/model.js';
import type { SavedSession } from '../../incident/session.js';
import type { DataDirectoryProbe } from '../../timeline/side-probe.js';
import type { Context } from '../bindings/binding.js';
import type { KeyPress } from '../keys.js';
import type { Probing } from '../probing.js';
import { isServerUrl } from '../server-url.js';
import { ForkField, forkCandidates } from './fork-field.js';
import type { Host } from './host.js';
import { PathField } from './path-field.js';
import { entryPath, PickList } from './pick-list.js';
import { PickedSides, type PickStage } from './picked-sides.js';
import { RememberedProbes } from './remembered-probes.js';

/** What the picker asks of the application. */
export interface PickExits {
  /** `resume`: a session begun before was chosen. */
  open(request: IncidentRequest, resume: boolean): void;
  leave(): void;
}

/** State and actions of the picker. */
export class PickController {
  readonly sides: PickedSides;
  /** What can be chosen. */
  readonly list: PickList;
  /** The box for a path, while it is open. */
  typing: PathField | undefined;
  /** Why the last opening failed, until the sides change. */
  openProblem: string | undefined;
  reviewTop = 0;
  /** The box for the fork, while it is open. */
  naming: ForkField | undefined;
  #probing: Probing;
  #sessions: readonly SavedSession[];
  #request: Partial<IncidentRequest>;
  #host: Host;
  #exits: PickExits;
  #probes: RememberedProbes;
  #resuming = false;
  /** What is proposed; undefined before anybody has had to choose. */
  #proposed: readonly string[] | undefined;

  constructor(
    probing: Probing,
    sessions: readonly SavedSession[],
    request: Partial<IncidentRequest>,
    workingDirectory: string,
    host: Host,
    exits: PickExits,
  ) {
    this.#probing = probing;
    this.#probes = new RememberedProbes(probing);
    this.sides = new PickedSides(probing, this.#probes);
    this.list = new PickList(probing, workingDirectory);
    this.#sessions = sessions;
    this.#request = request;
    this.#host = host;
    this.#exits = exits;
    this.#begin();
  }

  get stage(): PickStage {
    return this.sides.stage;
  }

  get context(): Context {
    if (this.typing) return 'pick-path';
    if (this.naming) return 'pick-fork';
    return this.stage === 'review' ? 'pick-review' : 'pick';
  }

  /** What stands at the path under the cursor. */
  get probed(): DataDirectoryProbe | undefined {
    const path = entryPath(this.list.entry);
    return path === undefined ? undefined : this.#probes.at(path);
  }

  /** Why the two sides cannot be opened. */
  get refusal(): string | undefined {
    return this.sides.comparison.refusals[0];
  }

  /** The fork named by hand. */
  get fork(): Lsn | undefined {
    return this.#request.fork;
  }

  /** Both sides are directories. */
  get swappable(): boolean {
    return this.sides.swappable;
  }

  /** Shows both sides again after opening them failed. */
  failed(request: IncidentRequest, problem: string): void {
    this.#request = request;
    this.#pickBoth(request.old, request.new);
    this.openProblem = problem;
    this.#host.redraw();
  }

  /** Shows both sides with the box for the fork open. */
  nameFork(request: IncidentRequest): void {
    this.#request = request;
    this.#pickBoth(request.old, request.new);
    this.#openNaming();
    this.#host.redraw();
  }

  edit(press: KeyPress): boolean {
    if (this.naming) {
      this.#host.redraw();
      return this.naming.edit(press);
    }
    if (!this.typing?.edit(press)) return false;
    this.#host.redraw();
    return true;
  }

  run(action: string): void {
    if (this.typing) this.#runTyping(this.typing, action);
    else if (this.naming) this.#runNaming(this.naming, action);
    else if (this.stage === 'review') this.#runReview(action);
    else this.#runBrowsing(action);
    this.#host.redraw();
  }

  #begin(): void {
    const { old, new: fresh } = this.#request;
    const problem =
      (old === undefined ? undefined : this.#choose(this.#probing.resolve(old))) ??
      (fresh === undefined || this.stage !== 'new'
        ? undefined
        : this.#choose(isServerUrl(fresh) ? fresh : this.#probing.resolve(fresh)));
    this.#lookAround();
    if (problem) this.#host.say(problem, 'error');
  }

  /** Looks what there is to choose from, unless that was done or nothing is to be chosen. */
  #lookAround(): void {
    if (this.#proposed || this.stage === 'review') return;
    this.#proposed = this.#probing.propose();
    this.list.browse(this.list.directory);
    this.#offer();
    this.list.toFirst();
  }

  /** Chooses one after the other; returns why not. */
  #pickBoth(old: string, fresh: string): string | undefined {
    this.sides.stage = 'old';
    this.#offer();
    const problem = this.#choose(old) ?? this.#choose(fresh);
    this.#lookAround();
    return problem;
  }

  #runBrowsing(action: string): void {
    const { list } = this;
    const actions: Record<string, () => void> = {
      choose: () => this.#chooseEntry(),
      into: () => list.into(),
      parent: () => list.toParent(),
      path: () => {
        this.typing = new PathField(list.directory);
      },
      again: () => this.#lookAgain(),
      back: () => this.#back(),
    };
    if (!list.scroll(action)) actions[action]?.();
  }

  #runReview(action: string): void {
    const scroll: Record<string, number> = {
      down: 1,
      up: -1,
      'half-down': 8,
      'half-up': -8,
      'page-down': 16,
      'page-up': -16,
    };
    if (scroll[action] !== undefined) this.reviewTop = Math.max(0, this.reviewTop + scroll[action]);
    else if (action === 'home') this.reviewTop = 0;
    else if (action === 'swap') this.#swap();
    else if (action === 'fork') this.#openNaming();
    else if (action === 'back') this.#back();
    else if (action === 'open') this.#open();
  }

  #open(): void {
    const { old, fresh } = this.sides;
    if (old && fresh) this.#exits.open({ ...this.#request, old: old.path, new: fresh.path }, this.#resuming);
  }

  #openNaming(): void {
    const sides = [
      { name: 'old', probe: this.sides.old?.probed },
      { name: 'new', probe: this.sides.fresh?.probed },
    ];
    this.reviewTop = 0;
    this.naming = new ForkField(this.#request.fork, forkCandidates(sides));
  }

  #runNaming(naming: ForkField, action: string): void {
    if (action === 'complete') naming.complete();
    else if (action === 'back') this.naming = undefined;
    else if (action === 'accept') {
      const named = naming.accept();
      if (!named) return;
      this.naming = undefined;
      this.openProblem = undefined;
      this.#request = { ...this.#request, fork: named.lsn };
    }
  }

  #runTyping(typing: PathField, action: string): void {
    if (action === 'complete') typing.complete(this.#probing);
    else if (action === 'accept') this.#acceptTyped(typing);
    else if (action === 'back') this.typing = undefined;
  }

  #lookAgain(): void {
    const { cursor, directory } = this.list;
    this.#probes.forget();
    this.#proposed = this.#probing.propose();
    this.#offer();
    this.list.browse(directory);
    this.list.toLine(cursor);
  }

  #acceptTyped(typing: PathField): void {
    const typed = typing.text;
    if (typed === '') return;
    const path = isServerUrl(typed) ? typed : this.#probing.resolve(typed);
    const problem = this.#choose(path);
    if (problem === undefined) {
      this.typing = undefined;
      // The other side is often beside it.
      if (this.stage === 'new') this.list.browse(dirname(path));
      return;
    }
    const probed = isServerUrl(path) ? undefined : this.#probes.at(path);
    if (probed && !probed.ok && probed.browsable) {
      this.typing = undefined;
      this.list.browse(path);
      this.#host.say(`${printable(path)}: ${problem}`, 'warning');
    } else typing.problem = problem;
  }

  #chooseEntry(): void {
    const { entry } = this.list;
    if (!entry || entry.kind === 'heading') return;
    if (entry.kind === 'session') {
      const { session } = entry;
      this.#request = {
        oldWal: session.oldWal,
        newWal: session.newWal,
        ...this.#request,
      };
      const problem = this.#pickBoth(session.old, session.new);
      if (problem) this.#host.say(problem, 'error');
      this.#resuming = problem === undefined;
      this.#host.redraw();
      return;
    }
    if (entry.kind === 'parent') {
      this.list.toParent();
      return;
    }
    const problem = this.#choose(entry.path);
    if (problem === undefined) return;
    const probed = this.#probes.at(entry.path);
    if (entry.kind === 'directory' && !probed.ok && probed.browsable) this.list.browse(entry.path);
    else this.#host.say(problem, 'error');
  }

  /** Takes a path for the side being chosen; returns why not. */
  #choose(path: string): string | undefined {
    const problem = this.sides.choose(path);
    if (problem !== undefined) return problem;
    this.#resuming = false;
    this.openProblem = undefined;
    this.reviewTop = 0;
    if (this.stage === 'new') {
      this.#offer();
      this.list.toFirst();
    }
    this.#host.redraw();
    return undefined;
  }

  #swap(): void {
    if (this.sides.swap()) this.openProblem = undefined;
    else this.#host.say('only two directories can be exchanged', 'warning');
  }

  #back(): void {
    this.openProblem = undefined;
    const isReview = this.stage === 'review';
    if (!this.sides.back()) {
      this.#exits.leave();
      return;
    }
    if (isReview) {
      // It was named for these two.
      this.#request = { ...this.#request, fork: undefined };
      this.#lookAround();
    }
    this.#offer();
    this.list.toFirst();
  }

  /** Offers what fits the side being chosen. */
  #offer(): void {
    if (!this.#proposed) return;
    this.list.offer(this.stage === 'old' ? this.#sessions : [], this.sides.inOrder(this.#proposed));
  }
}
