/** More places of WAL for an incident that is open: the same two sides are opened again, and what was marked and filtered stays. */
import { printable } from '../../bytes/printable.js';
import type { IncidentOverview, IncidentRequest } from '../../incident/model.js';
import { maskPassword } from '../server-url.js';
import { errorText, type Host } from './host.js';
import type { IncidentScreens, ShownIncident } from './incident-screens.js';
import { type RestoreCommand, restoreQuestion } from './questions.js';
import type { SessionKeeper } from './session-keeper.js';

/** The incident whose sides are opened again. */
export interface ReopenedIncident extends ShownIncident {
  request: IncidentRequest;
  overview: IncidentOverview;
  readonly keeper: SessionKeeper;
  readonly screens: IncidentScreens;
  /** It is still being opened. */
  readonly opening: boolean;
}

/** Adds places of WAL. */
export class MorePlaces {
  readonly #incident: ReopenedIncident;
  readonly #host: Host;
  readonly #beginsAgain: () => void;

  /** `beginsAgain` is told when reading begins from the start. */
  constructor(incident: ReopenedIncident, host: Host, beginsAgain: () => void) {
    this.#incident = incident;
    this.#host = host;
    this.#beginsAgain = beginsAgain;
  }

  /** Configured restore_commands that are not run yet, with the file that has each. */
  restoreCommands(): RestoreCommand[] {
    const { overview } = this.#incident;
    return [overview.old, overview.new].flatMap((side) => {
      const found = side.archive?.restoreCommand;
      return found && !found.used ? [found] : [];
    });
  }

  /** Asks whether to run them, and opens both sides again with what they give. */
  askRestore(): void {
    const commands = this.restoreCommands();
    if (commands.length === 0) return;
    this.#host.confirm(
      restoreQuestion(commands),
      () => void this.#openAgain({ ...this.#incident.request, runRestoreCommand: true }, 'asked the archive'),
    );
  }

  /** Looks for WAL of one side in one more place. The reason when that cannot be; then all is as it was. */
  async add(side: 'old' | 'new', place: string): Promise<string | undefined> {
    const { request } = this.#incident;
    const name = side === 'old' ? 'oldWal' : 'newWal';
    const places = request[name] ?? [];
    if (places.includes(place)) return `${maskPassword(place)} is one of its places already`;
    return this.#openAgain({ ...request, [name]: [...places, place] }, `added ${maskPassword(place)}`);
  }

  /** Opens the same two sides with more places: marks, filter and place stay. The reason when that cannot be; then all is as it was. */
  async #openAgain(request: IncidentRequest, said: string): Promise<string | undefined> {
    const incident = this.#incident;
    if (incident.closed) return undefined;
    const { client, keeper, list, screens } = incident;
    if (screens.exporting?.state === 'writing') return 'an export is being written: wait for its end';
    if (incident.opening) return 'both sides are still being opened: wait a moment';
    try {
      await keeper.beforeOpeningAgain();
      const overview = await client.open(request);
      if (incident.closed) return undefined;
      incident.request = request;
      incident.overview = overview;
      this.#beginsAgain();
      screens.dropList();
      await list.restore(list.filter, list.order);
      await keeper.openedAgain(request, overview);
      this.#host.say(printable(said));
      return undefined;
    } catch (error) {
      keeper.notOpenedAgain();
      const problem = errorText(error);
      this.#host.say(problem, 'error');
      return problem;
    }
  }
}
