/** Choosing the two sides: what is proposed, what is browsed, what is typed; then both next to each other. */
import { dirname } from 'node:path';
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

/** One line of the picker's list. */
export type PickEntry =
  | { readonly kind: 'heading'; readonly text: string }
  | { readonly kind: 'session'; readonly session: SavedSession }
  | { readonly kind: 'proposed' | 'directory' | 'parent'; readonly path: string };

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
  entries: readonly PickEntry[] = [];
  cursor = 0;
  top = 0;
  height = 10;
  /** The directory being browsed. */
  directory: string;
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
  #probed = new Map<string, DataDirectoryProbe>();
  #resuming = false;
  #proposed: readonly string[] = [];
  #inside: readonly string[] = [];

  constructor(
    probing: Probing,
    sessions: readonly SavedSession[],
    request: Partial<IncidentRequest>,
    workingDirectory: string,
    host: Host,
    exits: PickExits,
  ) {
    this.#probing = probing;
    this.#sessions = sessions;
    this.#request = request;
    this.directory = workingDirectory;
    this.#host = host;
    this.#exits = exits;
    this.#begin();
  }

  get context(): Context {
    if (this.typing) return 'pick-path';
    if (this.naming) return 'pick-fork';
    return this.stage === 'review' ? 'pick-review' : 'pick';
  }

  get entry(): PickEntry | undefined {
    return this.entries[this.cursor];
  }

  /** What stands at the path under the cursor. */
  get probed(): DataDirectoryProbe | undefined {
    const path = this.#entryPath(this.entry);
    return path === undefined ? undefined : this.#probe(path);
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

  resize(height: number): void {
    this.height = Math.max(1, height);
    this.#keepInSight();
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
    this.#proposed = this.#probing.propose();
    this.#browse(this.directory);
    this.#cursorToFirst();
    if (problem) this.#host.say(problem, 'error');
  }

  /** Chooses one after the other; returns why not. */
  #pickBoth(old: string, fresh: string): string | undefined {
    this.stage = 'old';
    return this.#choose(old) ?? this.#choose(fresh);
  }

  #runBrowsing(action: string): void {
    const actions: Record<string, () => void> = {
      down: () => this.#move(1),
      up: () => this.#move(-1),
      'half-down': () => this.#move(Math.ceil(this.height / 2)),
      'half-up': () => this.#move(-Math.ceil(this.height / 2)),
      'page-down': () => this.#move(this.height),
      'page-up': () => this.#move(-this.height),
      home: () => this.#cursorToFirst(),
      end: () => this.#move(this.entries.length),
      choose: () => this.#chooseEntry(),
      into: () => this.#into(),
      parent: () => this.#browse(dirname(this.directory), this.directory),
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
    const { cursor } = this;
    this.#probed.clear();
    this.#proposed = this.#probing.propose();
    this.#browse(this.directory);
    this.cursor = Math.min(cursor, this.entries.length - 1);
    this.#move(0);
  }

  #beginTyping(): void {
    this.typing = true;
    this.field = textField(this.directory.endsWith('/') ? this.directory : `${this.directory}/`);
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
    const probed = isServerUrl(path) ? undefined : this.#probe(path);
    if (probed && !probed.ok && probed.browsable) {
      this.typing = false;
      this.#browse(path);
      this.#host.say(`${printable(path)}: ${problem}`, 'warning');
    } else this.fieldProblem = problem;
    this.#host.redraw();
  }

  #chooseEntry(): void {
    const { entry } = this;
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
      this.#browse(entry.path, this.directory);
      return;
    }
    const problem = this.#choose(entry.path);
    if (problem === undefined) return;
    const probed = this.#probe(entry.path);
    if (entry.kind === 'directory' && !probed.ok && probed.browsable) this.#browse(entry.path);
    else this.#host.say(problem, 'error');
  }

  #into(): void {
    const { entry } = this;
    if (entry?.kind === 'parent') this.#browse(entry.path, this.directory);
    else if (entry?.kind === 'directory' || entry?.kind === 'proposed') this.#browse(entry.path);
  }

  /** Takes a path for the side being chosen; returns why not. */
  #choose(path: string): string | undefined {
    if (isServerUrl(path)) {
      if (this.stage !== 'new') return 'the old primary is read from its files: choose a directory';
      this.#take({ path });
      return undefined;
    }
    const probed = this.#probe(path);
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
      this.#list();
      this.#cursorToFirst();
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
      this.#list();
      this.#cursorToFirst();
    } else if (this.stage === 'new') {
      this.stage = 'old';
      this.old = undefined;
      this.#list();
      this.#cursorToFirst();
    } else this.#exits.leave();
  }

  #browse(directory: string, cursorOn?: string): void {
    this.directory = directory;
    this.#inside = this.#probing.complete(directory.endsWith('/') ? directory : `${directory}/`);
    this.#list();
    const at = this.entries.findIndex((entry) => entry.kind === 'directory' && entry.path === cursorOn);
    const parent = this.entries.findIndex((entry) => entry.kind === 'parent');
    this.cursor = at >= 0 ? at : Math.max(0, parent);
    this.#keepInSight();
    this.#host.redraw();
  }

  #list(): void {
    const entries: PickEntry[] = [];
    if (this.stage === 'old' && this.#sessions.length > 0) {
      entries.push({ kind: 'heading', text: 'Begun before' });
      for (const session of this.#sessions.slice(0, 5)) entries.push({ kind: 'session', session });
    }
    const proposed = this.#proposedNow();
    if (proposed.length > 0) {
      entries.push({ kind: 'heading', text: 'Found on this machine' });
      for (const path of proposed) entries.push({ kind: 'proposed', path });
    }
    entries.push({ kind: 'heading', text: this.directory });
    if (dirname(this.directory) !== this.directory)
      entries.push({ kind: 'parent', path: dirname(this.directory) });
    for (const path of this.#inside) entries.push({ kind: 'directory', path });
    this.entries = entries;
  }

  /** For the new side, what goes together with the old one comes first. */
  #proposedNow(): readonly string[] {
    const old = this.stage === 'new' ? this.old?.probed : undefined;
    if (!old) return this.#proposed;
    const others = this.#proposed.filter((path) => path !== old.path);
    const fits = (path: string): boolean =>
      this.#probing.compare(old, this.#probe(path)).refusals.length === 0;
    return [...others.filter(fits), ...others.filter((path) => !fits(path))];
  }

  #cursorToFirst(): void {
    this.cursor = Math.max(
      0,
      this.entries.findIndex((entry) => entry.kind !== 'heading'),
    );
    this.top = 0;
    this.#keepInSight();
  }

  #move(lines: number): void {
    const step = Math.sign(lines) || 1;
    let at = Math.max(0, Math.min(this.entries.length - 1, this.cursor + lines));
    while (this.entries[at]?.kind === 'heading') at += step;
    if (!this.entries[at]) {
      // Only a heading lies beyond: its line becomes visible, the cursor stays.
      if (step < 0) this.top = 0;
      return;
    }
    this.cursor = at;
    this.#keepInSight();
  }

  #keepInSight(): void {
    if (this.cursor < this.top) this.top = this.cursor;
    if (this.cursor >= this.top + this.height) this.top = this.cursor - this.height + 1;
    this.top = Math.max(0, Math.min(this.top, this.entries.length - this.height));
    // A heading right above the first line belongs to it.
    if (
      this.top > 0 &&
      this.entries[this.top - 1]?.kind === 'heading' &&
      this.cursor < this.top + this.height - 1
    )
      this.top--;
  }

  #entryPath(entry: PickEntry | undefined): string | undefined {
    if (!entry || entry.kind === 'heading' || entry.kind === 'session') return undefined;
    return entry.path;
  }

  #probe(path: string): DataDirectoryProbe {
    const known = this.#probed.get(path);
    if (known) return known;
    const probed = this.#probing.probe(path);
    this.#probed.set(path, probed);
    return probed;
  }
}

/** A side's path as the screen shows it. */
export function sideLabel(side: PickedSide): string {
  return printable(maskPassword(side.path));
}
