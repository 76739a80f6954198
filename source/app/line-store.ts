/**
 * Finished lines, on their way past Ink. Ink lays out in cells: for each frame it takes every text apart and puts it together again, which
 * for a full screen costs more than a key may. All screens here are made of whole lines whose contents are known, so Ink is given one
 * character for each, a private-use one that stands for the line, and the screen writer puts the line in its place.
 */

/** Supplementary Private Use Area-A: one column wide to Ink, and never the beginning of anything else. */
const FIRST = 0xf0000;
const LAST = 0xffffd;
const TOKEN = /[\u{f0000}-\u{ffffd}]/u;

/** So many lines are held before those that are not on the screen are dropped. */
const ENOUGH = 4096;

/** The lines that stand behind the characters of a frame. */
export class LineStore {
  #tokens = new Map<string, string>();
  #lines = new Map<string, string>();
  #next = FIRST;

  /** The character that stands for `line` until the frame after the next one that does not show it. */
  tokenOf(line: string): string {
    const known = this.#tokens.get(line);
    if (known !== undefined) return known;
    do this.#next = this.#next >= LAST ? FIRST : this.#next + 1;
    while (this.#lines.has(String.fromCodePoint(this.#next)));
    const token = String.fromCodePoint(this.#next);
    this.#tokens.set(line, token);
    this.#lines.set(token, line);
    return token;
  }

  /** The lines of a frame as they are to be seen: characters that stand for lines are those lines now. */
  resolve(frame: string): string[] {
    const used = new Map<string, string>();
    const lines = frame.split('\n').map((text) => {
      const [token] = TOKEN.exec(text) ?? [];
      const line = token === undefined ? undefined : this.#lines.get(token);
      if (token === undefined || line === undefined) return text;
      used.set(token, line);
      return text.replace(token, () => line);
    });
    // React commits a frame before the next one is begun: no line is waiting for a later frame.
    if (this.#lines.size > ENOUGH) {
      this.#lines = used;
      this.#tokens = new Map(Array.from(used, ([token, line]) => [line, token]));
    }
    return lines;
  }
}
