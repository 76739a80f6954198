/** Bytes a second over the last seconds: what progress and its estimate are made of. */

/** How far back the rate looks, in milliseconds. */
const WINDOW = 3000;

export class ReadingRate {
  readonly #samples: { readonly at: number; readonly bytes: number }[] = [];

  /** Notes how many bytes have been read by now. */
  note(bytes: number): void {
    const at = performance.now();
    this.#samples.push({ at, bytes });
    while (this.#samples.length > 2 && at - this.#samples[0].at > WINDOW) this.#samples.shift();
  }

  get bytesPerSecond(): number {
    if (this.#samples.length < 2) return 0;
    const first = this.#samples[0];
    const last = this.#samples[this.#samples.length - 1];
    const seconds = (last.at - first.at) / 1000;
    return seconds > 0 ? (last.bytes - first.bytes) / seconds : 0;
  }
}
