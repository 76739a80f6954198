/** Tells the screen that something changed, at most once a frame, and never when nothing did. */

/** Shortest time between two frames: 60 a second. */
const FRAME_MILLISECONDS = 16;

/** A counter that React watches: it moves when the screen has to be drawn again. */
export class Redraw {
  #version = 0;
  #listeners = new Set<() => void>();
  #scheduled: NodeJS.Timeout | NodeJS.Immediate | undefined;
  #lastFrame = 0;

  /** Asks for a frame. Many requests in one turn, or within one frame's time, become one. */
  request(): void {
    if (this.#scheduled) return;
    const wait = this.#lastFrame + FRAME_MILLISECONDS - performance.now();
    const draw = (): void => {
      this.#scheduled = undefined;
      this.#lastFrame = performance.now();
      this.#version++;
      for (const listener of this.#listeners) listener();
    };
    this.#scheduled = wait <= 0 ? setImmediate(draw) : setTimeout(draw, wait);
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly version = (): number => this.#version;
}
