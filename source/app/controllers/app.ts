/** The application: which screen is open, what a key does, what the worker has said. No drawing here. */

import type { IncidentClient } from '../../incident/client.js';
import { plural } from '../../incident/figures.js';
import { NOTHING_LOST } from '../../incident/loss-counter.js';
import type { FirstSight, IncidentOverview, IncidentRequest, Progress } from '../../incident/model.js';
import type { Context, Facts } from '../bindings/binding.js';
import { clipboardSequence } from '../clipboard.js';
import { bindingFor, isTyping } from '../keymap.js';
import { type KeyPress, keyLabel } from '../keys.js';
import { Redraw } from '../redraw.js';
import { signalExitCode } from '../terminal.js';
import type { AppOptions } from './app-options.js';
import type { DetailController } from './detail.js';
import type { ExportController } from './export.js';
import { HelpController } from './help.js';
import { errorText, type Host, type MessageKind, type Screen, type ScreenSize } from './host.js';
import type { ListController } from './list.js';
import { OpenIncident } from './open-incident.js';
import { Opening } from './opening.js';
import { PickController } from './pick.js';
import type { PreserveController } from './preserve.js';
import { type AppQuestion, askPlainly, askToLeave, askToResume, quitQuestion } from './questions.js';
import { worthOffering } from './session-keeper.js';

const OPENING: Progress = {
  phase: 'opening',
  bytesRead: 0,
  bytesTotal: 0,
  rate: 0,
  secondsLeft: 0,
  loss: NOTHING_LOST,
};

/** What keys mean on a screen that has nothing to show yet. */
const CONTEXT_OF_NOTHING: Readonly<Record<Screen, Context>> = {
  pick: 'pick',
  opening: 'opening',
  timeline: 'opening',
  list: 'opening',
  detail: 'list',
  export: 'list',
  preserve: 'timeline',
};

/** Are both sides chosen, with nothing to be said about them? */
function isAnswered({ stage, refusal, sides }: PickController): boolean {
  return stage === 'review' && refusal === undefined && sides.comparison.swapped === undefined;
}

/** Everything the screens show, and everything keys do. */
export class AppController implements Host {
  readonly redrawer = new Redraw(() => this.screen === 'list' && (this.list?.isWaiting ?? false));
  size: ScreenSize;
  screen: Screen = 'pick';
  help: HelpController | undefined;
  confirmation: AppQuestion | undefined;
  message: { readonly text: string; readonly kind: MessageKind } | undefined;
  progress: Progress = OPENING;
  incident: OpenIncident | undefined;
  #options: AppOptions;
  /** Undefined as long as nobody has had to choose anything. */
  #pick: PickController | undefined;
  /** The last one. */
  #opening: Opening | undefined;
  #initialFilter: string | undefined;
  #chosenSession = false;

  constructor(options: AppOptions) {
    this.#options = options;
    this.size = options.size;
    this.#initialFilter = options.initialFilter;
    const { begun } = options;
    // Arguments that answer everything are not asked about again, unless something has to be said about them.
    if (begun) void this.#open(begun);
    else if (isAnswered(this.pick)) this.pick.run('open');
  }

  /** Choosing the two sides, from what was given as arguments. */
  get pick(): PickController {
    return (this.#pick ??= this.#newPick(this.#options.request ?? {}));
  }

  /** The sides being opened. */
  get opening(): IncidentRequest | undefined {
    return this.#opening?.request;
  }

  /** The list of the opened incident. */
  get list(): ListController | undefined {
    return this.incident?.list;
  }

  /** The transaction that is looked at. */
  get detail(): DetailController | undefined {
    return this.incident?.screens.detail;
  }

  get exporting(): ExportController | undefined {
    return this.incident?.screens.exporting;
  }

  get preserving(): PreserveController | undefined {
    return this.incident?.screens.preserving;
  }

  get context(): Context {
    if (this.confirmation) return this.confirmation.context;
    if (this.help) return 'help';
    return this.#screenContext();
  }

  /** What the keymap may know. */
  get facts(): Facts {
    const { list } = this;
    const picking = this.screen === 'pick';
    return {
      shown: list?.length ?? 0,
      arranging: list?.arranging ?? false,
      marked: list?.marks.count ?? 0,
      refusal: picking ? this.pick.refusal : undefined,
      swappable: picking ? this.pick.swappable : this.incident?.overview.new.kind !== 'server',
      restorable: (this.incident?.places.restoreCommands().length ?? 0) > 0,
      preserveProblem:
        this.incident?.overview.fork.diverged === false
          ? 'nothing was lost, so there is nothing to preserve'
          : undefined,
      searched: (this.detail?.needle ?? '') !== '',
      exportProblem: this.exporting?.writeProblem,
    };
  }

  redraw(): void {
    this.redrawer.request();
  }

  say(text: string, kind: MessageKind = 'info'): void {
    this.message = { text, kind };
    this.redraw();
  }

  confirm(question: readonly string[], yes: () => void): void {
    this.#ask(askPlainly(question, yes));
  }

  remember(): void {
    this.incident?.keeper.remember();
  }

  resize(size: ScreenSize): void {
    this.size = size;
    this.redraw();
  }

  /** One key press: typed into the open box, or looked up in the keymap. */
  press(press: KeyPress): void {
    this.#press(press);
    this.redrawer.answer();
  }

  #press(press: KeyPress): void {
    this.message = undefined;
    const { context } = this;
    if (isTyping(context) && this.#edit(press)) return;
    const binding = bindingFor(context, press.name);
    if (!binding) {
      if (!isTyping(context) && press.name !== 'paste') this.#sayUnbound(press);
      return;
    }
    const reason = binding.disabledReason?.(this.facts);
    if (reason) {
      this.say(`${keyLabel(press.name)} (${binding.description}): ${reason}`, 'warning');
      return;
    }
    this.#run(binding.context === 'global' ? `global-${binding.action}` : binding.action);
  }

  /** Saves what is to be kept; called at the end, whatever the end is. Must not throw. */
  flush(): void {
    this.incident?.keeper.flush();
  }

  /** Ends the threads, whatever they are doing. */
  async close(): Promise<void> {
    await Promise.all([this.#closeIncident(), this.#opening?.end()]);
  }

  /** One line for the terminal that comes back: what was kept. */
  farewell(): string | undefined {
    const { list, incident } = this;
    if (!list || !incident || list.marks.count === 0) return undefined;
    return `${plural(list.marks.count, 'marked transaction')} kept: opening the same two sides again offers them.`;
  }

  #sayUnbound(press: KeyPress): void {
    if (press.name === 'escape') return;
    const help = bindingFor(this.context, '?')?.action === 'help' ? ': ? shows the keys' : '';
    this.message = { text: `${keyLabel(press.name)} does nothing here${help}`, kind: 'info' };
  }

  #screenContext(): Context {
    return this.#active()?.context ?? CONTEXT_OF_NOTHING[this.screen];
  }

  /** What the open screen shows, and keys go to. */
  #active():
    | { readonly context: Context; edit(press: KeyPress): boolean; run(action: string): void }
    | undefined {
    switch (this.screen) {
      case 'pick':
        return this.pick;
      case 'timeline':
        return this.incident?.timeline;
      case 'list':
        return this.list;
      case 'detail':
        return this.detail;
      case 'export':
        return this.exporting;
      case 'preserve':
        return this.preserving;
      case 'opening':
        return undefined;
    }
  }

  #edit(press: KeyPress): boolean {
    return this.#active()?.edit(press) ?? false;
  }

  #run(action: string): void {
    if (action === 'global-quit') this.#quit();
    else if (action === 'global-interrupt') this.#options.exit(signalExitCode('SIGINT'));
    else if (action === 'global-help') this.#openHelp();
    else if (this.confirmation) this.#answer(action === 'yes');
    else if (this.help) this.help.run(action);
    else if (this.screen === 'opening') this.#stopOpening();
    else this.#active()?.run(action);
  }

  #answer(yes: boolean): void {
    const { confirmation } = this;
    this.confirmation = undefined;
    if (yes) confirmation?.yes();
    else confirmation?.no();
  }

  #ask(question: AppQuestion): void {
    this.confirmation = question;
    this.redraw();
  }

  #openHelp(): void {
    this.help = new HelpController(this.#screenContext(), this.facts, () => {
      this.help = undefined;
    });
  }

  #quit(): void {
    const question = quitQuestion(this.exporting?.state === 'writing', this.preserving?.state === 'copying');
    if (question) this.confirm(question, () => this.#options.exit(0));
    else this.#options.exit(0);
  }

  #newPick(request: Partial<IncidentRequest>): PickController {
    const { probing, sessions, workingDirectory } = this.#options;
    return new PickController(
      probing,
      sessions.list().filter(worthOffering),
      request,
      workingDirectory,
      this,
      {
        open: (chosen, resume) => {
          this.#chosenSession = resume;
          void this.#open(chosen);
        },
        leave: () => this.#quit(),
      },
    );
  }

  async #open(request: IncidentRequest): Promise<void> {
    this.#opening?.leave();
    const opening = new Opening(this.#options.connect(), request, {
      begin: (...known) => this.#begin(...known),
      progressed: (client, progress) => this.#progressed(client, progress),
      opened: (client, overview) => {
        if (this.incident?.client === client) this.incident.opened(overview);
      },
      failed: (failed, error) => this.#openingFailed(failed, error),
    });
    this.#opening = opening;
    if (this.incident) await this.#closeIncident();
    this.progress = OPENING;
    this.#show('opening');
    await opening.run();
  }

  #stopOpening(): void {
    this.#leaveOpening();
    this.say('not opened');
  }

  /** Back from opening to choosing. */
  #leaveOpening(): void {
    this.#opening?.leave();
    this.#show('pick');
  }

  async #openingFailed(opening: Opening, error: unknown): Promise<void> {
    const { begun, left, client, request } = opening;
    if (begun ? this.incident?.client !== client : left) return;
    if (begun) await this.#closeIncident();
    this.screen = 'pick';
    // Looked at only now, the sides may themselves be what stands in the way: then that has been said.
    if (this.#pick || isAnswered(this.pick)) this.pick.failed(request, errorText(error));
    this.redraw();
  }

  /** Both sides are known: their incident comes onto the screen. False when something has to be asked about them first. */
  #begin(opening: Opening, overview: IncidentOverview, firstSight: FirstSight | undefined): boolean {
    if (overview.swapped && !this.#pick && !isAnswered(this.pick)) {
      this.#leaveOpening();
      return false;
    }
    const { client, request, stopListening } = opening;
    const sides = { client, request, overview, stopListening };
    const incident = new OpenIncident(sides, this.#options, this, {
      screen: () => this.screen,
      show: (screen) => this.#show(screen),
      open: (other) => void this.#open(other),
      copy: (text) => this.#copy(text),
      loss: () => this.progress.loss,
      leave: () => this.#leaveIncident(),
      swap: () => this.#swap(),
      nameFork: () => this.#nameFork(request),
    });
    this.incident = incident;
    this.#show('timeline');
    // Of two sides that look swapped, the wrong one would be preserved.
    if (!overview.swapped && overview.fork.diverged) {
      const risks = this.#options.preserving.risks(overview.old);
      if (risks.length > 0) incident.screens.openPreserve(risks);
    }
    if (overview.swapped)
      this.say(`old and new look swapped: ${overview.swapped}; s exchanges them`, 'warning');
    void this.#beginList(incident, firstSight);
    return true;
  }

  async #beginList({ list, keeper }: OpenIncident, firstSight: FirstSight | undefined): Promise<void> {
    const filter = this.#initialFilter;
    this.#initialFilter = undefined;
    const saved = keeper.saved();
    if (filter !== undefined) await list.restore(filter, { key: 'commit', descending: false });
    else if (firstSight) list.begin(firstSight);
    else await list.grown(false);
    if (!saved) return;
    if (this.#chosenSession) {
      await keeper.restore(saved);
      return;
    }
    this.#ask(askToResume(saved, () => void keeper.restore(saved)));
  }

  #progressed(client: IncidentClient, progress: Progress): void {
    const { givenUp } = progress;
    const isNews = givenUp !== undefined && this.progress.givenUp === undefined;
    this.progress = progress;
    if (this.incident?.client === client) {
      this.incident.progressed(progress, isNews);
      if (isNews) this.say(`old rows are not kept now: ${givenUp}`, 'warning');
    }
    this.redraw();
  }

  #show(screen: Screen): void {
    this.screen = screen;
    this.redraw();
  }

  #leaveIncident(): void {
    this.#ask(
      askToLeave(() => {
        void this.#closeIncident();
        this.#pick = this.#newPick({});
        this.#show('pick');
      }),
    );
  }

  #nameFork(request: IncidentRequest): void {
    void this.#closeIncident();
    this.#pick = this.#newPick(request);
    this.pick.nameFork(request);
    this.#show('pick');
  }

  #swap(): void {
    const { incident } = this;
    if (!incident) return;
    this.confirm(['Exchange old and new and open them again?'], () => {
      const { request } = incident;
      void this.#open({
        ...request,
        old: request.new,
        new: request.old,
        oldWal: request.newWal,
        newWal: request.oldWal,
      });
    });
  }

  async #closeIncident(): Promise<void> {
    const { incident } = this;
    if (!incident) return;
    incident.keeper.flush();
    this.incident = undefined;
    await incident.close();
  }

  #copy(text: string): void {
    const sequence = clipboardSequence(text);
    if (!sequence) {
      this.say('too long for a terminal’s clipboard', 'warning');
      return;
    }
    this.#options.send(sequence);
    this.say('sent to the terminal’s clipboard (OSC 52; some terminals have it switched off)');
  }
}
