/**
 * Puts frames on the terminal, changed lines only.
 *
 * Ink 6.8 repaints everything (and clears the scrollback) as soon as a frame is as tall as the screen, and draws
 * nothing at all where CI is set. So Ink is given this object as its standard output, in its debug mode, where each
 * write is one whole frame; here the cells that differ from the last frame are written at their absolute places.
 */
import { EventEmitter } from 'node:events';
import type { LineStore } from './line-store.js';
import { lineUpdate } from './line-update.js';
import { findScroll, scrolled, scrollSequence } from './scroll.js';

/** What of a terminal is written to. */
export interface TerminalOutput {
  readonly columns?: number;
  readonly rows?: number;
  /** False: it has more to write than it likes, and says `drain` once that is written. */
  write(text: string): boolean;
  on(event: 'resize', listener: () => void): unknown;
  off(event: 'resize', listener: () => void): unknown;
  once(event: 'drain', listener: () => void): unknown;
}

const SYNCHRONIZED_BEGIN = '\x1b[?2026h';
const SYNCHRONIZED_END = '\x1b[?2026l';
/** Shorter frames reach the terminal in one packet and need no telling where they begin and end. */
const ONE_PACKET = 512;
/** So few characters are not worth looking for less. */
const FEW = 200;

/** Looks enough like a write stream for Ink; `write` takes a frame. */
export class ScreenWriter extends EventEmitter {
  /** Not a terminal to Ink: cursor and modes are set by `terminal.ts` alone. */
  readonly isTTY = false;
  /**
   * What Ink takes for the terminal's width, and makes its grid of cells of: lines go past it as one character each block. What a
   * component really draws in Ink is in a box of its own width.
   */
  readonly columns = 1;
  #output: TerminalOutput;
  #lines: LineStore;
  #shown: readonly string[] = [];
  #open = true;
  /** The terminal does not keep up: only the newest frame is of interest once it does. */
  #isBehind = false;
  #newest: readonly string[] | undefined;

  /** `lines`: what the characters in a frame that stand for lines stand for. */
  constructor(output: TerminalOutput, lines: LineStore) {
    super();
    this.#output = output;
    this.#lines = lines;
  }

  /** Columns of the terminal. */
  get width(): number {
    return this.#output.columns ?? 80;
  }

  get rows(): number {
    return this.#output.rows ?? 24;
  }

  /** Draws one frame: what of it is not on the screen already. */
  readonly write = (frame: string): boolean => {
    if (!this.#open || frame === '') return true;
    const resolved = this.#lines.resolve(frame);
    const lines = Array.from({ length: this.rows }, (_, row) => resolved[row] ?? '');
    if (this.#isBehind) this.#newest = lines;
    else this.#show(lines);
    return true;
  };

  #show(lines: readonly string[]): void {
    const text = this.#update(lines);
    this.#shown = lines;
    if (text === '') return;
    this.#put(text.length <= ONE_PACKET ? text : SYNCHRONIZED_BEGIN + text + SYNCHRONIZED_END);
  }

  #put(text: string): void {
    if (this.#output.write(text) || this.#isBehind) return;
    this.#isBehind = true;
    this.#output.once('drain', () => {
      this.#isBehind = false;
      const newest = this.#newest;
      this.#newest = undefined;
      if (newest && this.#open) this.#show(newest);
    });
  }

  /** The shortest way to those lines: with a part of the screen moved, or without. */
  #update(lines: readonly string[]): string {
    const plain = this.#difference(this.#shown, lines);
    const scroll = plain.length > FEW ? findScroll(this.#shown, lines) : undefined;
    if (!scroll) return plain;
    const moved = scrollSequence(scroll) + this.#difference(scrolled(this.#shown, scroll), lines);
    return moved.length < plain.length ? moved : plain;
  }

  #difference(before: readonly (string | undefined)[], after: readonly string[]): string {
    let text = '';
    for (const [row, line] of after.entries())
      if (before[row] !== line) text += lineUpdate(row, before[row], line, this.width);
    return text;
  }

  /** Sends a sequence that puts nothing on the screen (a clipboard, a title). */
  send(sequence: string): void {
    if (this.#open) this.#put(sequence);
  }

  /** The screen's contents are unknown (after a resize, or when continued): the next frame is drawn whole. */
  forget(): void {
    this.#shown = [];
  }

  /** No frame is written any more. */
  close(): void {
    this.#open = false;
  }
}
