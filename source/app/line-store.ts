/**
 * Finished lines, on their way past Ink. Ink lays out in cells: for each frame it takes every text apart and puts it together again, which
 * for a full screen costs more than a key may. All screens here are made of whole lines whose contents are known, so Ink is given one
 * character for each block of lines, a private-use one that stands for them, and the screen writer puts the lines in its place.
 */

/** Supplementary Private Use Area-A: one column wide to Ink, and never the beginning of anything else. */
const FIRST = 0xf0000;
const LAST = 0xffffd;

/** So many blocks are held before those that are not on the screen are dropped. */
const ENOUGH = 64;

/** The blocks of lines that stand behind the characters of a frame. */
export class LineStore {
  #tokens = new Map<string, string>();
  #blocks = new Map<string, readonly string[]>();
  #next = FIRST;

  /** The character that stands for `lines` until the frame after the next one that does not show it. It takes the place of the first. */
  tokenOf(lines: readonly string[]): string {
    const text = lines.join('\n');
    const known = this.#tokens.get(text);
    if (known !== undefined) return known;
    do this.#next = this.#next >= LAST ? FIRST : this.#next + 1;
    while (this.#blocks.has(String.fromCodePoint(this.#next)));
    const token = String.fromCodePoint(this.#next);
    this.#tokens.set(text, token);
    this.#blocks.set(token, lines);
    return token;
  }

  /** The lines of a frame as they are to be seen: under a character that stands for lines, Ink has left as many rows blank. */
  resolve(frame: string): string[] {
    const used = new Map<string, readonly string[]>();
    const lines: string[] = [];
    for (const [row, text] of frame.split('\n').entries()) {
      const block = this.#blocks.get(text);
      if (!block) lines[row] ??= text;
      else {
        used.set(text, block);
        for (const [at, line] of block.entries()) lines[row + at] = line;
      }
    }
    // React commits a frame before the next one is begun: no block is waiting for a later frame.
    if (this.#blocks.size > ENOUGH) {
      this.#blocks = used;
      this.#tokens = new Map(Array.from(used, ([token, block]) => [block.join('\n'), token]));
    }
    return lines;
  }
}
