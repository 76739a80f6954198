/** The screens that are opened from an incident's list and picture: one transaction, an export, preserving. */
import type { IncidentClient } from '../../incident/client.js';
import type { IncidentOverview, IncidentRequest, LossFigures } from '../../incident/model.js';
import type { AppOptions } from './app-options.js';
import { DetailController } from './detail.js';
import { ExportController } from './export.js';
import { errorText, type Host, type Screen } from './host.js';
import type { ListController } from './list.js';
import { NOT_REACHED } from './marking.js';
import { PreserveController } from './preserve.js';

/** The incident that the screens show, as of now. */
export interface ShownIncident {
  readonly client: IncidentClient;
  readonly request: IncidentRequest;
  readonly overview: IncidentOverview;
  readonly list: ListController;
  /** Another one has taken its place, or none. */
  readonly closed: boolean;
}

/** What the screens ask of the application. */
export interface ScreenExits {
  /** The screen that is shown. */
  screen(): Screen;
  show(screen: Screen): void;
  /** Opens other sides instead. */
  open(request: IncidentRequest): void;
  /** Puts a text into the terminal's clipboard. */
  copy(text: string): void;
  /** What is lost, as far as it was read. */
  loss(): LossFigures;
}

/** Which of these screens are open, and what opens them. */
export class IncidentScreens {
  detail: DetailController | undefined;
  exporting: ExportController | undefined;
  preserving: PreserveController | undefined;
  readonly #incident: ShownIncident;
  readonly #options: AppOptions;
  readonly #host: Host;
  readonly #exits: ScreenExits;
  /** Where an export was begun from. */
  #exportedFrom: Screen = 'list';

  constructor(incident: ShownIncident, options: AppOptions, host: Host, exits: ScreenExits) {
    this.#incident = incident;
    this.#options = options;
    this.#host = host;
    this.#exits = exits;
  }

  /** Closes what was opened of the list: after the two sides are opened again it may not hold any more. */
  dropList(): void {
    this.detail?.close();
    this.detail = undefined;
    this.exporting = undefined;
  }

  /** Ends what goes on here. */
  async close(): Promise<void> {
    this.dropList();
    const { preserving } = this;
    this.preserving = undefined;
    await preserving?.close();
  }

  /** Opens the transaction on a line of the list. */
  async openDetail(line: number): Promise<void> {
    const { client, list } = this.#incident;
    try {
      const transaction = list.window.at(line) ?? (await client.rows(line, 1))[0];
      if (!transaction || this.#incident.closed) return;
      if (transaction.firstLook) {
        this.#host.say(NOT_REACHED, 'warning');
        return;
      }
      list.moveTo(line);
      const previous = this.detail;
      this.detail = new DetailController(client, transaction, this.#host, {
        back: () => this.#exits.show('list'),
        export: () => this.openExport(),
        neighbour: (step) => this.#openNeighbour(step),
        mark: (marked) => list.marking.toggle(marked),
      });
      if (previous) {
        this.detail.tab = previous.tab;
        this.detail.whole = previous.whole;
        this.detail.needle = previous.needle;
        previous.close();
      }
      this.#exits.show('detail');
    } catch (error) {
      this.#host.say(errorText(error), 'error');
    }
  }

  #openNeighbour(step: 1 | -1): void {
    const { list } = this.#incident;
    const line = list.cursor + step;
    if (line < 0) this.#host.say('this is the first of the list');
    else if (line >= list.length) this.#host.say('this is the last of the list');
    else void this.openDetail(line);
  }

  /** An export of what is marked or shown; one that is being written is shown again. */
  openExport(): void {
    if (this.exporting?.state === 'writing') {
      this.#exits.show('export');
      return;
    }
    const { list, overview, client } = this.#incident;
    this.#exportedFrom = this.#exits.screen();
    this.exporting = new ExportController(
      client,
      {
        marked: [...list.marks],
        markedRows: list.totals.rows,
        filter: list.filter,
        shown: list.certain,
        total: list.total,
        databases: this.#exits.loss().databases,
        forkLsn: overview.fork.lsn,
      },
      this.#host,
      {
        back: () => this.#exits.show(this.#exportedFrom),
        copy: (text) => this.#exits.copy(text),
        complete: (text) => this.#options.probing.complete(text),
      },
    );
    this.#exits.show('export');
  }

  /** Preserving, with the reasons to do it first; whatever is under way, or was done, is shown again. */
  openPreserve(risks?: readonly string[]): void {
    const { request, overview } = this.#incident;
    const { preserving, probing, workingDirectory } = this.#options;
    // Another place of WAL was added since: it is to be preserved, too.
    const same = this.preserving?.source.request === request || this.preserving?.state === 'copying';
    if (!this.preserving || !same) {
      this.preserving = new PreserveController(
        preserving,
        { request, overview, workingDirectory },
        risks ?? preserving.risks(overview.old),
        this.#host,
        {
          back: () => this.#exits.show('timeline'),
          copy: (text) => this.#exits.copy(text),
          complete: (text) => probing.complete(text),
          resolve: (text) => probing.resolve(text),
          open: (directory) => this.#openCopy(directory),
        },
      );
    }
    this.#exits.show('preserve');
  }

  /** Opens a copy in the old side's stead; it holds what the places of the old side gave. */
  #openCopy(directory: string): void {
    if (this.exporting?.state === 'writing') {
      this.#host.say('an export is being written: wait for its end', 'warning');
      return;
    }
    this.#exits.open({ ...this.#incident.request, old: directory, oldWal: undefined });
  }
}
