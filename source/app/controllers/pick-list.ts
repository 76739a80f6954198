/** The picker's list: sessions begun before, what was found on this machine, and the directory that is browsed. */
import { dirname } from 'node:path';
import type { SavedSession } from '../../incident/session.js';
import type { Probing } from '../probing.js';

/** One line of the picker's list. */
export type PickEntry =
  | { readonly kind: 'heading'; readonly text: string }
  | { readonly kind: 'session'; readonly session: SavedSession }
  | { readonly kind: 'proposed' | 'directory' | 'parent'; readonly path: string };

/** Sessions that are listed at most. */
const MOST_SESSIONS = 5;

/** Where an entry leads; undefined for a heading or a session. */
export function entryPath(entry: PickEntry | undefined): string | undefined {
  if (!entry || entry.kind === 'heading' || entry.kind === 'session') return undefined;
  return entry.path;
}

/** The lines, which of them is under the cursor, and which are on the screen. */
export class PickList {
  entries: readonly PickEntry[] = [];
  cursor = 0;
  /** The first line on the screen, and how many there are. */
  top = 0;
  height = 10;
  /** The directory being browsed. */
  directory: string;
  #probing: Probing;
  #sessions: readonly SavedSession[] = [];
  #proposed: readonly string[] = [];
  #inside: readonly string[] = [];

  constructor(probing: Probing, directory: string) {
    this.#probing = probing;
    this.directory = directory;
  }

  /** The line under the cursor. */
  get entry(): PickEntry | undefined {
    return this.entries[this.cursor];
  }

  /** Lists other sessions and proposals above the directory. */
  offer(sessions: readonly SavedSession[], proposed: readonly string[]): void {
    this.#sessions = sessions;
    this.#proposed = proposed;
    this.#list();
  }

  /** Moves the cursor as a key that scrolls says; false when the action is another one. */
  scroll(action: string): boolean {
    const steps: Record<string, number> = {
      down: 1,
      up: -1,
      'half-down': Math.ceil(this.height / 2),
      'half-up': -Math.ceil(this.height / 2),
      'page-down': this.height,
      'page-up': -this.height,
      end: this.entries.length,
    };
    if (action === 'home') this.toFirst();
    else if (steps[action] === undefined) return false;
    else this.move(steps[action]);
    return true;
  }

  /** Goes into a directory, with the cursor on `cursorOn` when that is in it. */
  browse(directory: string, cursorOn?: string): void {
    this.directory = directory;
    this.#inside = this.#probing.complete(directory.endsWith('/') ? directory : `${directory}/`);
    this.#list();
    const at = this.entries.findIndex((entry) => entry.kind === 'directory' && entry.path === cursorOn);
    const parent = this.entries.findIndex((entry) => entry.kind === 'parent');
    this.cursor = at >= 0 ? at : Math.max(0, parent);
    this.#keepInSight();
  }

  /** Goes up, or into the directory under the cursor. */
  into(): void {
    const { entry } = this;
    if (entry?.kind === 'parent') this.toParent();
    else if (entry?.kind === 'directory' || entry?.kind === 'proposed') this.browse(entry.path);
  }

  /** Goes up, with the cursor on where it came from. */
  toParent(): void {
    this.browse(dirname(this.directory), this.directory);
  }

  /** The screen's size has changed. */
  resize(height: number): void {
    this.height = Math.max(1, height);
    this.#keepInSight();
  }

  /** Puts the cursor on the first line that can be chosen. */
  toFirst(): void {
    this.cursor = Math.max(
      0,
      this.entries.findIndex((entry) => entry.kind !== 'heading'),
    );
    this.top = 0;
    this.#keepInSight();
  }

  /** Puts the cursor on a line, as far as there is one that can be chosen. */
  toLine(line: number): void {
    this.cursor = Math.min(line, this.entries.length - 1);
    this.move(0);
  }

  /** Moves the cursor by so many lines, past headings. */
  move(lines: number): void {
    const step = Math.sign(lines) || 1;
    let at = Math.max(0, Math.min(this.entries.length - 1, this.cursor + lines));
    while (this.entries[at]?.kind === 'heading') at += step;
    if (!this.entries[at]) {
      // Only a heading lies beyond: its line becomes visible, the cursor stays.
      if (step < 0) this.top = 0;
      return;
    }
    this.cursor = at;
    this.#keepInSight();
  }

  #list(): void {
    const entries: PickEntry[] = [];
    if (this.#sessions.length > 0) {
      entries.push({ kind: 'heading', text: 'Begun before' });
      for (const session of this.#sessions.slice(0, MOST_SESSIONS))
        entries.push({ kind: 'session', session });
    }
    if (this.#proposed.length > 0) {
      entries.push({ kind: 'heading', text: 'Found on this machine' });
      for (const path of this.#proposed) entries.push({ kind: 'proposed', path });
    }
    entries.push({ kind: 'heading', text: this.directory });
    const parent = dirname(this.directory);
    if (parent !== this.directory) entries.push({ kind: 'parent', path: parent });
    for (const path of this.#inside) entries.push({ kind: 'directory', path });
    this.entries = entries;
  }

  #keepInSight(): void {
    if (this.cursor < this.top) this.top = this.cursor;
    if (this.cursor >= this.top + this.height) this.top = this.cursor - this.height + 1;
    this.top = Math.max(0, Math.min(this.top, this.entries.length - this.height));
    // A heading right above the first line belongs to it.
    if (
      this.top > 0 &&
      this.entries[this.top - 1]?.kind === 'heading' &&
      this.cursor < this.top + this.height - 1
    )
      this.top--;
  }
}
