/** Two sides that are being opened: from when they were chosen until all is known that opening tells. */
import type { IncidentClient } from '../../incident/client.js';
import type { FirstSight, IncidentOverview, IncidentRequest, Progress } from '../../incident/model.js';

/** Who has asked for it. None of it is called once the opening was left. */
export interface OpeningHost {
  /** Both sides are known, and perhaps what was lost first. False: they are not to be opened like this, and the opening was left. */
  begin(opening: Opening, overview: IncidentOverview, firstSight: FirstSight | undefined): boolean;
  progressed(client: IncidentClient, progress: Progress): void;
  /** Of what was begun all is known. */
  opened(client: IncidentClient, overview: IncidentOverview): void;
  /** Its client is closed. */
  failed(opening: Opening, error: unknown): Promise<void>;
}

/** One attempt, with a client of its own. */
export class Opening {
  readonly request: IncidentRequest;
  readonly client: IncidentClient;
  readonly #host: OpeningHost;
  /** Ends listening to how far opening, and reading after it, is. */
  readonly stopListening: () => void;
  #begun = false;
  #left = false;

  constructor(client: IncidentClient, request: IncidentRequest, host: OpeningHost) {
    this.client = client;
    this.request = request;
    this.#host = host;
    this.stopListening = client.onProgress((progress) => {
      // Both sides are known, and what was lost first, long before it is known where reading has to begin.
      const { firstSight } = progress;
      if (firstSight && !this.#begun) this.#begin(firstSight.overview, firstSight);
      else host.progressed(client, progress);
    });
  }

  /** The incident is on the screen: its client is the incident's. */
  get begun(): boolean {
    return this.#begun;
  }

  /** Somebody lost interest in it before it was on the screen, or began another. */
  get left(): boolean {
    return this.#left;
  }

  /** Opens the two sides; returns when that is done, whatever came of it. */
  async run(): Promise<void> {
    const { client } = this;
    try {
      const overview = await client.open(this.request);
      if (this.#left) {
        this.stopListening();
        await client.close();
        return;
      }
      this.#begin(overview, undefined);
      this.#host.opened(client, overview);
    } catch (error) {
      this.stopListening();
      await client.close().catch(() => undefined);
      await this.#host.failed(this, error);
    }
  }

  /** Nobody waits for it any more. */
  leave(): void {
    this.#left = true;
    void this.end();
  }

  /** Ends the client's thread, unless it has become an incident's. */
  async end(): Promise<void> {
    if (this.#begun) return;
    this.stopListening();
    await this.client.close().catch(() => undefined);
  }

  #begin(overview: IncidentOverview, firstSight: FirstSight | undefined): void {
    if (!this.#begun && !this.#left) this.#begun = this.#host.begin(this, overview, firstSight);
  }
}
