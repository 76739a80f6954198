/** Tells the screen that something changed, at most once a frame, and never when nothing did. */

/** Shortest time between two frames: 60 a second. */
const FRAME_MILLISECONDS = 16;
/** So long the frame that answers a key waits for what it is to show: half a frame would be sent twice over the line. */
const PATIENCE_MILLISECONDS = 11;

/** A counter that React watches: it moves when the screen has to be drawn again. */
export class Redraw {
  #version = 0;
  #listeners = new Set<() => void>();
  #incomplete: () => boolean;
  /** Takes back the frame that is to come. */
  #cancel: (() => void) | undefined;
  #lastFrame = 0;
  /** When the key was pressed that has not been answered yet. */
  #asked: number | undefined;
  #lastAnswer = 0;

  /** `incomplete`: a part of what is to be drawn was asked for and has not arrived. */
  constructor(incomplete: () => boolean = () => false) {
    this.#incomplete = incomplete;
  }

  /** Asks for a frame. Many requests in one turn, or within one frame's time, become one. */
  request(): void {
    if (this.#asked !== undefined) this.#hurry(this.#asked);
    else if (!this.#cancel) this.#schedule(this.#lastFrame + FRAME_MILLISECONDS - performance.now());
  }

  /** Asks for the frame that answers a key, which does not wait for the end of another frame's time. Keys typed ahead share one. */
  answer(): void {
    const now = performance.now();
    if (this.#asked === undefined && now - this.#lastAnswer >= FRAME_MILLISECONDS) this.#asked = now;
    this.request();
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly version = (): number => this.#version;

  #hurry(asked: number): void {
    this.#cancel?.();
    this.#schedule(this.#incomplete() ? asked + PATIENCE_MILLISECONDS - performance.now() : 0);
  }

  #schedule(wait: number): void {
    const draw = (): void => this.#draw();
    if (wait <= 0) {
      const immediate = setImmediate(draw);
      this.#cancel = () => clearImmediate(immediate);
    } else {
      const timer = setTimeout(draw, wait);
      this.#cancel = () => clearTimeout(timer);
    }
  }

  #draw(): void {
    this.#cancel = undefined;
    this.#lastFrame = performance.now();
    if (this.#asked !== undefined) this.#lastAnswer = this.#lastFrame;
    this.#asked = undefined;
    this.#version++;
    for (const listener of this.#listeners) listener();
  }
}
