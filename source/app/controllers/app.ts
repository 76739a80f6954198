/** The application: which screen is open, what a key does, what the worker has said. No drawing here. */

import { printable } from '../../bytes/printable.js';
import type { IncidentClient } from '../../incident/client.js';
import { plural } from '../../incident/figures.js';
import { NOTHING_LOST } from '../../incident/loss-counter.js';
import type { IncidentOverview, IncidentRequest, Progress } from '../../incident/model.js';
import type { Context, Facts } from '../bindings/binding.js';
import { clipboardSequence } from '../clipboard.js';
import { bindingFor, isTyping } from '../keymap.js';
import { type KeyPress, keyLabel } from '../keys.js';
import { Redraw } from '../redraw.js';
import { maskPassword } from '../server-url.js';
import type { AppOptions } from './app-options.js';
import { DetailController } from './detail.js';
import { ExportController } from './export.js';
import { HelpController } from './help.js';
import { errorText, type Host, type MessageKind, type ScreenSize } from './host.js';
import { ListController } from './list.js';
import { NOT_REACHED } from './marking.js';
import { PickController } from './pick.js';
import { PreserveController } from './preserve.js';
import {
  type AppQuestion,
  askPlainly,
  askToLeave,
  askToResume,
  quitQuestion,
  type RestoreCommand,
  restoreQuestion,
} from './questions.js';
import { SessionKeeper, worthOffering } from './session-keeper.js';
import { TimelineController } from './timeline.js';

/** The screens there are. */
export type Screen = 'pick' | 'opening' | 'timeline' | 'list' | 'detail' | 'export' | 'preserve';

const OPENING: Progress = {
  phase: 'opening',
  bytesRead: 0,
  bytesTotal: 0,
  rate: 0,
  secondsLeft: 0,
  loss: NOTHING_LOST,
};

interface OpenIncident {
  readonly client: IncidentClient;
  request: IncidentRequest;
  overview: IncidentOverview;
  readonly timeline: TimelineController;
  readonly list: ListController;
  readonly keeper: SessionKeeper;
  readonly stopListening: () => void;
  /** Both sides are known, and where reading has to begin is still being looked for. */
  opening: boolean;
}

/** Everything the screens show, and everything keys do. */
export class AppController implements Host {
  readonly redrawer = new Redraw();
  size: ScreenSize;
  screen: Screen = 'pick';
  pick: PickController;
  detail: DetailController | undefined;
  exporting: ExportController | undefined;
  preserving: PreserveController | undefined;
  help: HelpController | undefined;
  confirmation: AppQuestion | undefined;
  message: { readonly text: string; readonly kind: MessageKind } | undefined;
  progress: Progress = OPENING;
  incident: OpenIncident | undefined;
  /** The sides being opened. */
  opening: IncidentRequest | undefined;
  /** Where an export was begun from. */
  #exportedFrom: Screen = 'list';
  #options: AppOptions;
  #openVersion = 0;
  /** The client that is opening two sides. */
  #connecting: IncidentClient | undefined;
  #initialFilter: string | undefined;
  #knownPhase: Progress['phase'] = 'opening';
  #chosenSession = false;

  constructor(options: AppOptions) {
    this.#options = options;
    this.size = options.size;
    this.#initialFilter = options.initialFilter;
    this.pick = this.#newPick(options.request ?? {});
    const { pick } = this;
    // Arguments that answer everything are not asked about again, unless something has to be said about them.
    if (pick.stage === 'review' && !pick.refusal && !pick.comparison.swapped) pick.run('open');
  }

  /** The list of the opened incident. */
  get list(): ListController | undefined {
    return this.incident?.list;
  }

  get context(): Context {
    if (this.confirmation) return this.confirmation.context;
    if (this.help) return 'help';
    return this.#screenContext();
  }

  /** What the keymap may know. */
  get facts(): Facts {
    const { list } = this;
    return {
      shown: list?.length ?? 0,
      arranging: list?.arranging ?? false,
      marked: list?.marks.count ?? 0,
      refusal: this.pick.refusal,
      swappable:
        this.screen === 'timeline' ? this.incident?.overview.new.kind !== 'server' : this.pick.swappable,
      restorable: this.#restoreCommands().length > 0,
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
    this.message = undefined;
    const { context } = this;
    if (isTyping(context) && this.#edit(press)) return;
    const binding = bindingFor(context, press.name);
    if (!binding) {
      if (!isTyping(context) && press.name !== 'paste') this.#sayUnbound(press);
      this.redraw();
      return;
    }
    const reason = binding.disabledReason?.(this.facts);
    if (reason) {
      this.say(`${keyLabel(press.name)} (${binding.description}): ${reason}`, 'warning');
      return;
    }
    this.#run(binding.context === 'global' ? `global-${binding.action}` : binding.action);
    this.redraw();
  }

  /** Saves what is to be kept; called at the end, whatever the end is. Must not throw. */
  flush(): void {
    this.incident?.keeper.flush();
  }

  /** Ends the threads, whatever they are doing. */
  async close(): Promise<void> {
    const connecting = this.#connecting;
    await Promise.all([this.#closeIncident(), connecting?.close().catch(() => undefined)]);
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
    switch (this.screen) {
      case 'pick':
        return this.pick.context;
      case 'opening':
        return 'opening';
      case 'timeline':
        return this.incident?.timeline.context ?? 'opening';
      case 'list':
        return this.list?.context ?? 'opening';
      case 'detail':
        return this.detail?.context ?? 'list';
      case 'export':
        return this.exporting?.context ?? 'list';
      case 'preserve':
        return this.preserving?.context ?? 'timeline';
    }
  }

  #active(): { edit(press: KeyPress): boolean; run(action: string): void } | undefined {
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
    // Who is asked and says it again means it.
    if (this.confirmation) {
      this.#options.exit(0);
      return;
    }
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
    const version = ++this.#openVersion;
    await this.#closeIncident();
    this.screen = 'opening';
    this.opening = request;
    this.progress = OPENING;
    this.#knownPhase = 'opening';
    this.redraw();
    const client = this.#options.connect();
    this.#connecting = client;
    let begun = false;
    const begin = (overview: IncidentOverview): void => {
      if (begun || version !== this.#openVersion) return;
      begun = true;
      this.#opened(client, request, overview, stopListening);
    };
    const stopListening = client.onProgress((progress) => {
      // Both sides are known, and what was lost first, long before it is known where reading has to begin.
      if (progress.phase === 'opening' && !begun) void client.overview().then(begin, () => undefined);
      else this.#progressed(client, progress);
    });
    try {
      const overview = await client.open(request);
      if (this.#connecting === client) this.#connecting = undefined;
      if (version !== this.#openVersion) {
        stopListening();
        await client.close();
        return;
      }
      begin(overview);
      if (this.incident?.client !== client) return;
      this.incident.overview = overview;
      this.incident.opening = false;
      this.redraw();
    } catch (error) {
      stopListening();
      await client.close().catch(() => undefined);
      const left = begun ? this.incident?.client !== client : version !== this.#openVersion;
      if (left) return;
      if (begun) await this.#closeIncident();
      this.screen = 'pick';
      this.pick.failed(request, errorText(error));
    }
  }

  #stopOpening(): void {
    this.#openVersion++;
    void this.#connecting?.close().catch(() => undefined);
    this.#connecting = undefined;
    this.screen = 'pick';
    this.say('not opened');
  }

  #opened(
    client: IncidentClient,
    request: IncidentRequest,
    overview: IncidentOverview,
    stopListening: () => void,
  ): void {
    const timeline = new TimelineController(this, {
      list: () => this.#show('list'),
      export: () => this.#openExport(),
      preserve: () => this.#openPreserve(),
      back: () => this.#leaveIncident(),
      swap: () => this.#swap(),
      fork: () => this.#nameFork(request),
      copy: (text) => this.#copy(text),
      complete: (text) => this.#options.probing.complete(text),
      resolve: (text) => this.#options.probing.resolve(text),
      add: (side, place) => this.#addPlace(side, place),
      restore: () => this.#askRestore(),
      incident: () => ({ overview: this.incident?.overview ?? overview, loss: this.progress.loss }),
    });
    const list = new ListController(client, this, {
      open: (line) => void this.#openDetail(line),
      back: () => this.#show('timeline'),
      export: () => this.#openExport(),
    });
    const keeper = new SessionKeeper(this.#options.sessions, client, overview, request, list, this);
    this.incident = { client, request, overview, timeline, list, keeper, stopListening, opening: true };
    this.#show('timeline');
    // Of two sides that look swapped, the wrong one would be preserved.
    if (!overview.swapped && overview.fork.diverged) {
      const risks = this.#options.preserving.risks(overview.old);
      if (risks.length > 0) this.#openPreserve(risks);
    }
    if (overview.swapped)
      this.say(`old and new look swapped: ${overview.swapped}; s exchanges them`, 'warning');
    void this.#beginList(list, keeper);
  }

  async #beginList(list: ListController, keeper: SessionKeeper): Promise<void> {
    const filter = this.#initialFilter;
    this.#initialFilter = undefined;
    const saved = keeper.saved();
    if (filter !== undefined) await list.restore(filter, { key: 'commit', descending: false });
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
    const { incident } = this;
    if (incident?.client === client) {
      const turned = progress.phase !== this.#knownPhase;
      this.#knownPhase = progress.phase;
      // Verdicts change lines that are known already, while and after the new primary is read.
      void incident.list.grown(turned || progress.phase === 'new');
      void incident.keeper.grown();
      if (turned || isNews) void this.#refreshOverview(incident);
      if (isNews) this.say(`old rows are not kept any more: ${givenUp}`, 'warning');
    }
    this.redraw();
  }

  async #refreshOverview(incident: OpenIncident): Promise<void> {
    try {
      incident.overview = await incident.client.overview();
      this.redraw();
    } catch {
      // The picture drawn at the opening stays.
    }
  }

  #show(screen: Screen): void {
    this.screen = screen;
    this.redraw();
  }

  #leaveIncident(): void {
    this.#ask(
      askToLeave(() => {
        void this.#closeIncident();
        this.pick = this.#newPick({});
        this.#show('pick');
      }),
    );
  }

  #nameFork(request: IncidentRequest): void {
    void this.#closeIncident();
    this.pick = this.#newPick(request);
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

  /** Configured restore_commands that are not run yet, with the file that has each. */
  #restoreCommands(): RestoreCommand[] {
    const { overview } = this.incident ?? {};
    return [overview?.old, overview?.new].flatMap((side) => {
      const found = side?.archive?.restoreCommand;
      return found && !found.used ? [found] : [];
    });
  }

  #askRestore(): void {
    const commands = this.#restoreCommands();
    const { incident } = this;
    if (!incident || commands.length === 0) return;
    this.confirm(
      restoreQuestion(commands),
      () => void this.#openAgain({ ...incident.request, runRestoreCommand: true }, 'asked the archive'),
    );
  }

  async #addPlace(side: 'old' | 'new', place: string): Promise<string | undefined> {
    const { incident } = this;
    if (!incident) return undefined;
    const { request } = incident;
    const name = side === 'old' ? 'oldWal' : 'newWal';
    const places = request[name] ?? [];
    if (places.includes(place)) return `${maskPassword(place)} is one of its places already`;
    return this.#openAgain({ ...request, [name]: [...places, place] }, `added ${maskPassword(place)}`);
  }

  /** Opens the same two sides with more places: marks, filter and place stay. The reason when that cannot be; then all is as it was. */
  async #openAgain(request: IncidentRequest, said: string): Promise<string | undefined> {
    const { incident } = this;
    if (!incident) return undefined;
    if (this.exporting?.state === 'writing') return 'an export is being written: wait for its end';
    if (incident.opening) return 'both sides are still being opened: wait a moment';
    const { client, keeper, list } = incident;
    try {
      await keeper.beforeOpeningAgain();
      const overview = await client.open(request);
      if (this.incident !== incident) return undefined;
      incident.request = request;
      incident.overview = overview;
      this.#knownPhase = 'opening';
      this.detail?.close();
      this.detail = undefined;
      this.exporting = undefined;
      await list.restore(list.filter, list.order);
      await keeper.openedAgain(request, overview);
      this.say(printable(said));
      return undefined;
    } catch (error) {
      keeper.notOpenedAgain();
      const problem = errorText(error);
      this.say(problem, 'error');
      return problem;
    }
  }

  async #closeIncident(): Promise<void> {
    const { incident } = this;
    if (!incident) return;
    incident.keeper.flush();
    this.incident = undefined;
    this.detail?.close();
    this.detail = undefined;
    this.exporting = undefined;
    const { preserving } = this;
    this.preserving = undefined;
    incident.stopListening();
    await preserving?.close();
    await incident.client.close().catch(() => undefined);
  }

  async #openDetail(line: number): Promise<void> {
    const { incident } = this;
    if (!incident) return;
    const { client, list } = incident;
    try {
      const transaction = list.window.at(line) ?? (await client.rows(line, 1))[0];
      if (!transaction || this.incident !== incident) return;
      if (transaction.firstLook) {
        this.say(NOT_REACHED, 'warning');
        return;
      }
      list.moveTo(line);
      const previous = this.detail;
      this.detail = new DetailController(client, transaction, this, {
        back: () => this.#show('list'),
        export: () => this.#openExport(),
        neighbour: (step) => this.#openNeighbour(step),
        mark: (marked) => list.marking.toggle(marked),
      });
      if (previous) {
        this.detail.tab = previous.tab;
        this.detail.whole = previous.whole;
        this.detail.needle = previous.needle;
        previous.close();
      }
      this.#show('detail');
    } catch (error) {
      this.say(errorText(error), 'error');
    }
  }

  #openNeighbour(step: 1 | -1): void {
    const { list } = this;
    if (!list) return;
    const line = list.cursor + step;
    if (line < 0) this.say('this is the first of the list');
    else if (line >= list.length) this.say('this is the last of the list');
    else void this.#openDetail(line);
  }

  #openExport(): void {
    const { incident, screen } = this;
    if (!incident) return;
    if (this.exporting?.state === 'writing') {
      this.#show('export');
      return;
    }
    const { list, overview, client } = incident;
    this.#exportedFrom = screen;
    this.exporting = new ExportController(
      client,
      {
        marked: [...list.marks],
        markedRows: list.totals.rows,
        filter: list.filter,
        shown: list.certain,
        total: list.total,
        databases: this.progress.loss.databases,
        forkLsn: overview.fork.lsn,
      },
      this,
      {
        back: () => this.#show(this.#exportedFrom),
        copy: (text) => this.#copy(text),
        complete: (text) => this.#options.probing.complete(text),
      },
    );
    this.#show('export');
  }

  /** Preserving, with the reasons to do it first; whatever is under way, or was done, is shown again. */
  #openPreserve(risks?: readonly string[]): void {
    const { incident } = this;
    if (!incident) return;
    const { request, overview } = incident;
    const { preserving, probing, workingDirectory } = this.#options;
    // Another place of WAL was added since: it is to be preserved, too.
    const same = this.preserving?.source.request === request || this.preserving?.state === 'copying';
    if (!this.preserving || !same) {
      this.preserving = new PreserveController(
        preserving,
        { request, overview, workingDirectory },
        risks ?? preserving.risks(overview.old),
        this,
        {
          back: () => this.#show('timeline'),
          copy: (text) => this.#copy(text),
          complete: (text) => probing.complete(text),
          resolve: (text) => probing.resolve(text),
          open: (directory) => this.#openCopy(directory),
        },
      );
    }
    this.#show('preserve');
  }

  /** Opens a copy in the old side's stead; it holds what the places of the old side gave. */
  #openCopy(directory: string): void {
    const { incident } = this;
    if (!incident) return;
    if (this.exporting?.state === 'writing') {
      this.say('an export is being written: wait for its end', 'warning');
      return;
    }
    void this.#open({ ...incident.request, old: directory, oldWal: undefined });
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
