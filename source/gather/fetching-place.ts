/**
 * A place of WAL that has to be asked for each segment, and answers later. Readers go on as if it had nothing and leave a note of what
 * they would have wanted; whoever drives them lets the notes be worked off and then has them try again. So nothing ever waits in the
 * middle of reading, and a key or a signal is heard at any time.
 */
import type { RemoteAnswer, RemotePlace, WantedSegment } from '../wal/remote-place.js';

/** Where segments are brought from, one at a time. */
export interface SegmentSource {
  /** How the operator knows it; without a password. */
  readonly label: string;
  /** Names of segments that it is known to have. */
  names(): readonly string[];
  /** Brings a segment into a file, or says why not. Does not reject. */
  fetch(wanted: WantedSegment): Promise<RemoteAnswer>;
  /** Ends what is under way. */
  close(): Promise<void>;
}

export class FetchingPlace implements RemotePlace {
  readonly #source: SegmentSource;
  readonly #answers = new Map<string, RemoteAnswer>();
  readonly #wanted = new Map<string, WantedSegment>();

  constructor(source: SegmentSource) {
    this.#source = source;
  }

  get label(): string {
    return this.#source.label;
  }

  /** Something is wanted that was not asked for yet. */
  get waiting(): boolean {
    return this.#wanted.size > 0;
  }

  /** The segment that will be asked for next. */
  get next(): WantedSegment | undefined {
    return this.#wanted.values().next().value;
  }

  answer(fileName: string): RemoteAnswer | undefined {
    return this.#answers.get(fileName);
  }

  want(wanted: WantedSegment): void {
    this.#wanted.set(wanted.fileName, wanted);
  }

  names(): readonly string[] {
    return this.#source.names();
  }

  /** Asks for everything that is wanted by now. */
  async fetchWanted(onFetching?: (fileName: string, label: string) => void): Promise<void> {
    for (;;) {
      const { next } = this;
      if (!next) return;
      onFetching?.(next.fileName, this.label);
      const answer = await this.#source.fetch(next);
      this.#answers.set(next.fileName, answer);
      this.#wanted.delete(next.fileName);
    }
  }

  close(): Promise<void> {
    return this.#source.close();
  }
}
