/** The places of an incident that have to be asked: what is wanted of them is fetched here, between two tries at reading. */
import { FetchingPlace, type SegmentSource } from './fetching-place.js';

export class Gathering {
  readonly #places: FetchingPlace[] = [];
  #closed = false;
  /** What is being fetched: a sentence's beginning for whoever waits. */
  fetching: string | undefined;

  /** Takes a source as a place. It is closed with this. */
  add(source: SegmentSource): FetchingPlace {
    const place = new FetchingPlace(source);
    this.#places.push(place);
    return place;
  }

  /** There is any place that has to be asked. */
  get remote(): boolean {
    return this.#places.length > 0;
  }

  /** Something is wanted: whoever reads may find more after fetch(). */
  get waiting(): boolean {
    return !this.#closed && this.#places.some((place) => place.waiting);
  }

  /** Asks for everything that is wanted. False when nothing was, or this is closed. */
  async fetch(): Promise<boolean> {
    let asked = false;
    while (this.waiting && !this.#closed) {
      asked = true;
      for (const place of this.#places) {
        await place.fetchWanted((fileName, label) => {
          this.fetching = `${fileName} from ${label}`;
        });
      }
    }
    this.fetching = undefined;
    return asked;
  }

  /** Does `work` again and again, until nothing that it would have needed is left to be asked for; gives its last outcome. */
  async settled<Result>(work: () => Result): Promise<Result> {
    for (;;) {
      let result: Result;
      try {
        result = work();
      } catch (error) {
        if (await this.fetch()) continue;
        throw error;
      }
      if (!(await this.fetch())) return result;
    }
  }

  /** Ends what is under way. */
  close(): void {
    this.#closed = true;
    for (const place of this.#places) void place.close();
  }
}
