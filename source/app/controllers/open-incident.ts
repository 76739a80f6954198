/** An incident that is open: its picture, its list, what is opened from them, and what is kept of it. */
import type { IncidentClient } from '../../incident/client.js';
import type { IncidentOverview, IncidentRequest, Progress } from '../../incident/model.js';
import type { AppOptions } from './app-options.js';
import type { Host } from './host.js';
import { IncidentScreens, type ScreenExits } from './incident-screens.js';
import { ListController } from './list.js';
import { MorePlaces, type ReopenedIncident } from './more-places.js';
import { SessionKeeper } from './session-keeper.js';
import { TimelineController } from './timeline.js';

/** What an open incident asks of the application. */
export interface IncidentExits extends ScreenExits {
  /** Leaves it for two other sides. */
  leave(): void;
  /** Exchanges old and new. */
  swap(): void;
  /** Asks where the two parted. */
  nameFork(): void;
}

/** Two sides as they were opened. */
export interface OpenedSides {
  readonly client: IncidentClient;
  readonly request: IncidentRequest;
  readonly overview: IncidentOverview;
  /** Ends listening to how far reading is. */
  readonly stopListening: () => void;
}

/** The open incident, with the controllers of its screens. */
export class OpenIncident implements ReopenedIncident {
  readonly client: IncidentClient;
  request: IncidentRequest;
  overview: IncidentOverview;
  readonly timeline: TimelineController;
  readonly list: ListController;
  readonly keeper: SessionKeeper;
  readonly screens: IncidentScreens;
  readonly places: MorePlaces;
  /** Both sides are known, and where reading has to begin is still being looked for. */
  opening = true;
  #closed = false;
  #phase: Progress['phase'] = 'opening';
  readonly #host: Host;
  readonly #stopListening: () => void;

  constructor(sides: OpenedSides, options: AppOptions, host: Host, exits: IncidentExits) {
    const { client, request, overview, stopListening } = sides;
    this.client = client;
    this.request = request;
    this.overview = overview;
    this.#host = host;
    this.#stopListening = stopListening;
    this.timeline = new TimelineController(host, {
      list: () => exits.show('list'),
      export: () => this.screens.openExport(),
      preserve: () => this.screens.openPreserve(),
      back: () => exits.leave(),
      swap: () => exits.swap(),
      fork: () => exits.nameFork(),
      copy: (text) => exits.copy(text),
      complete: (text) => options.probing.complete(text),
      resolve: (text) => options.probing.resolve(text),
      add: (side, place) => this.places.add(side, place),
      restore: () => this.places.askRestore(),
      incident: () => ({ overview: this.overview, loss: exits.loss() }),
    });
    this.list = new ListController(client, host, {
      open: (line) => void this.screens.openDetail(line),
      back: () => exits.show('timeline'),
      export: () => this.screens.openExport(),
    });
    this.keeper = new SessionKeeper(options.sessions, client, overview, request, this.list, host);
    this.screens = new IncidentScreens(this, options, host, exits);
    this.places = new MorePlaces(this, host, () => {
      this.#phase = 'opening';
    });
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** All is known of it that opening tells. */
  opened(overview: IncidentOverview): void {
    this.overview = overview;
    this.opening = false;
    this.#host.redraw();
  }

  /** Reading or judging has come further. `isNews`: something had to be given up. */
  progressed({ phase }: Progress, isNews: boolean): void {
    const turned = phase !== this.#phase;
    this.#phase = phase;
    // Verdicts change lines that are known already.
    void this.list.grown(turned || phase === 'judging');
    void this.keeper.grown();
    if (turned || isNews) void this.#refreshOverview();
  }

  async #refreshOverview(): Promise<void> {
    try {
      this.overview = await this.client.overview();
      this.#host.redraw();
    } catch {
      // The picture drawn at the opening stays.
    }
  }

  /** Closes its screens, and ends the thread, whatever it is doing. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#stopListening();
    await this.screens.close();
    await this.client.close().catch(() => undefined);
  }
}
