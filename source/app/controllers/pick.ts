/** Choosing the two sides: what is proposed, what is browsed, what is typed; then both next to each other. */
import type { Lsn } from '../../bytes/lsn.js';
import { printable } from '../../bytes/printable.js';
import type { IncidentRequest } from '../../incident/model.js';
import type { SavedSession } from '../../incident/session.js';
import type { SidesComparison } from '../../timeline/compare-sides.js';
import type { DataDirectoryProbe } from '../../timeline/probe.js';
import type { Context } from '../bindings/binding.js';
import { completeField, restarted } from '../completion.js';
import type { KeyPress } from '../keys.js';
import type { Probing } from '../probing.js';
import { isServerUrl, maskPassword } from '../server-url.js';
import { editField, fieldText, type TextField, textField } from '../text-field.js';
import { ForkField, forkCandidates } from './fork-field.js';
import type { Host } from './host.js';
import { entryPath, PickList } from './pick-list.js';
import { RememberedProbes } from './remembered-probes.js';

/** One chosen side: a probed directory, or a server's URL. */
export type PickedSide = { readonly path: string; readonly probed?: DataDirectoryProbe };

/** What is being chosen. */
export type PickStage = 'old' | 'new' | 'review';

/** Nothing to be said about a side that is a server: opening it will tell. */
const NO_COMPARISON: SidesComparison = { refusals: [] };

/** What the picker asks of the application. */
export interface PickExits {
  /** `resume`: a session begun before was chosen. */
  open(request: IncidentRequest, resume: boolean): void;
  leave(): void;
}

/** State and actions of the picker. */
export class PickController {
  stage: PickStage = 'old';
  /** What can be chosen. */
  readonly list: PickList;
  typing = false;
  field: TextField = textField();
  fieldProblem: string | undefined;
  candidates: readonly string[] = [];
  old: PickedSide | undefined;
  fresh: PickedSide | undefined;
  comparison: SidesComparison = NO_COMPARISON;
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
    this.list = new PickList(probing, workingDirectory);
    this.#sessions = sessions;
    this.#request = request;
    this.#host = host;
    this.#exits = exits;
    this.#begin();
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
    return this.comparison.refusals[0];
  }

  /** The fork named by hand. */
  get fork(): Lsn | undefined {
    return this.#request.fork;
  }

  /** Both sides are directories. */
  get swappable(): boolean {
    return this.fresh !== undefined && !isServerUrl(this.fresh.path);
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
    const field = editField(this.field, press);
    if (!field) return false;
    this.field = restarted(field);
    this.fieldProblem = undefined;
    this.candidates = [];
    this.#host.redraw();
    return true;
  }

  run(action: string): void {
    if (this.typing) this.#runTyping(action);
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
    this.stage = 'old';
    this.#offer();
    const problem = this.#choose(old) ?? this.#choose(fresh);
    this.#lookAround();
    return problem;
  }

  #runBrowsing(action: string): void {
    const { list } = this;
    const actions: Record<string, () => void> = {
      down: () => list.move(1),
      up: () => list.move(-1),
      'half-down': () => list.move(Math.ceil(list.height / 2)),
      'half-up': () => list.move(-Math.ceil(list.height / 2)),
      'page-down': () => list.move(list.height),
      'page-up': () => list.move(-list.height),
      home: () => list.toFirst(),
      end: () => list.move(list.entries.length),
      choose: () => this.#chooseEntry(),
      into: () => list.into(),
      parent: () => list.toParent(),
      path: () => this.#beginTyping(),
      again: () => this.#lookAgain(),
      back: () => this.#back(),
    };
    actions[action]?.();
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
    else if (action === 'open' && this.old && this.fresh) {
      this.#exits.open({ ...this.#request, old: this.old.path, new: this.fresh.path }, this.#resuming);
    }
  }

  #openNaming(): void {
    const sides = [
      { name: 'old', probe: this.old?.probed },
      { name: 'new', probe: this.fresh?.probed },
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

  #runTyping(action: string): void {
    if (action === 'complete') this.#complete();
    else if (action === 'accept') this.#acceptTyped();
    else if (action === 'back') this.typing = false;
  }

  #lookAgain(): void {
    const { cursor, directory } = this.list;
    this.#probes.forget();
    this.#proposed = this.#probing.propose();
    this.#offer();
    this.list.browse(directory);
    this.list.toLine(cursor);
  }

  #beginTyping(): void {
    const { directory } = this.list;
    this.typing = true;
    this.field = textField(directory.endsWith('/') ? directory : `${directory}/`);
    this.fieldProblem = undefined;
    this.candidates = [];
  }

  #complete(): void {
    if (isServerUrl(fieldText(this.field))) return;
    const { field, candidates, problem } = completeField(this.field, (text) => this.#probing.complete(text));
    this.field = field;
    this.candidates = candidates;
    this.fieldProblem = problem ?? this.fieldProblem;
    this.#host.redraw();
  }

  #acceptTyped(): void {
    const typed = fieldText(this.field).trim();
    if (typed === '') return;
    const path = isServerUrl(typed) ? typed : this.#probing.resolve(typed);
    const problem = this.#choose(path);
    if (problem === undefined) {
      this.typing = false;
      this.#host.redraw();
      return;
    }
    const probed = isServerUrl(path) ? undefined : this.#probes.at(path);
    if (probed && !probed.ok && probed.browsable) {
      this.typing = false;
      this.list.browse(path);
      this.#host.say(`${printable(path)}: ${problem}`, 'warning');
    } else this.fieldProblem = problem;
    this.#host.redraw();
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

  #take(side: PickedSide): void {
    this.#resuming = false;
    this.openProblem = undefined;
    if (this.stage === 'old') {
      this.old = side;
      this.stage = 'new';
      this.#offer();
      this.list.toFirst();
    } else {
      this.fresh = side;
      this.stage = 'review';
      this.reviewTop = 0;
      this.#compare();
    }
    this.#host.redraw();
  }

  #compare(): void {
    const { old, fresh } = this;
    this.comparison =
      old?.probed && fresh?.probed ? this.#probing.compare(old.probed, fresh.probed) : NO_COMPARISON;
  }

  #swap(): void {
    const { old, fresh } = this;
    if (!fresh?.probed || !old?.probed) {
      this.#host.say('only two directories can be exchanged', 'warning');
      return;
    }
    this.old = fresh;
    this.fresh = old;
    this.openProblem = undefined;
    this.#compare();
  }

  #back(): void {
    this.openProblem = undefined;
    if (this.stage === 'review') {
      this.stage = 'new';
      this.fresh = undefined;
      // It was named for these two.
      this.#request = { ...this.#request, fork: undefined };
      this.comparison = NO_COMPARISON;
      this.#lookAround();
      this.#offer();
      this.list.toFirst();
    } else if (this.stage === 'new') {
      this.stage = 'old';
      this.old = undefined;
      this.#offer();
      this.list.toFirst();
    } else this.#exits.leave();
  }

  /** Offers what fits the side being chosen. */
  #offer(): void {
    if (!this.#proposed) return;
    this.list.offer(this.stage === 'old' ? this.#sessions : [], this.#proposedNow(this.#proposed));
  }

  /** For the new side, what goes together with the old one comes first. */
  #proposedNow(proposed: readonly string[]): readonly string[] {
    const old = this.stage === 'new' ? this.old?.probed : undefined;
    if (!old) return proposed;
    const others = proposed.filter((path) => path !== old.path);
    const fits = (path: string): boolean =>
      this.#probing.compare(old, this.#probes.at(path)).refusals.length === 0;
    return [...others.filter(fits), ...others.filter((path) => !fits(path))];
  }
}

/** A side's path as the screen shows it. */
export function sideLabel(side: PickedSide): string {
  return printable(maskPassword(side.path));
}
