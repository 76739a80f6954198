/** UTF-8 text put together as bytes, so that writing a value makes neither a string nor an object. */
import type { PreparedText } from './prepared-text.js';

/** Copies up to this size are done byte by byte: calling into the engine costs more. */
const SHORT_COPY = 48;

/** Room for more characters than these is measured first. */
const LONG_TEXT = 4096;

/** `00` to `99`, two bytes each. */
const PAIRS = new Uint8Array(200);
for (let value = 0; value < 100; value++) {
  PAIRS[value * 2] = 0x30 + Math.floor(value / 10);
  PAIRS[value * 2 + 1] = 0x30 + (value % 10);
}

const ZERO = 0x30;
const MINUS = 0x2d;
const BILLION = 1_000_000_000;
const MOST_DIGITS = 17;

/**
 * A buffer that grows. What has been written is bytes[0,length); whoever wants some of it undone sets `length` back. A writer of its own
 * calls reserve(), takes `bytes` after that (growing replaces it), and sets `length`.
 */
export class TextSink {
  bytes: Buffer;
  length = 0;
  /** The same bytes. */
  #view: DataView;

  /** `size`: for how many bytes there is room at first. */
  constructor(size = 1 << 16) {
    this.bytes = Buffer.allocUnsafeSlow(size);
    this.#view = new DataView(this.bytes.buffer);
  }

  /** Begins anew with room for so many bytes. */
  restart(size: number): void {
    this.length = 0;
    this.bytes = Buffer.allocUnsafeSlow(size);
    this.#view = new DataView(this.bytes.buffer);
  }

  /** Makes room for `size` more bytes. */
  reserve(size: number): void {
    if (this.length + size > this.bytes.length) this.#grow(this.length + size);
  }

  #grow(needed: number): void {
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.bytes.length * 2));
    this.bytes.copy(grown, 0, 0, this.length);
    this.bytes = grown;
    this.#view = new DataView(grown.buffer);
  }

  /** One byte of ASCII. */
  byte(value: number): void {
    this.reserve(1);
    this.bytes[this.length++] = value;
  }

  /** Text prepared: a statement's head, a keyword. */
  prepared({ length: size, words }: PreparedText): void {
    // The last word may reach beyond the text.
    this.reserve(size + 3);
    const view = this.#view;
    let at = this.length;
    for (let index = 0; index < words.length; index++, at += 4) view.setInt32(at, words[index], true);
    this.length += size;
  }

  /** source[start,end), which the caller knows to be UTF-8. */
  copy(source: Buffer, start: number, end: number): void {
    const size = end - start;
    this.reserve(size);
    const { bytes, length } = this;
    if (size <= SHORT_COPY)
      for (let index = 0; index < size; index++) bytes[length + index] = source[start + index];
    else source.copy(bytes, length, start, end);
    this.length = length + size;
  }

  /** A string. A lone surrogate in it becomes U+FFFD, as everywhere in UTF-8. */
  utf8(text: string): void {
    const size = text.length;
    this.reserve(size <= LONG_TEXT ? size * 3 : Buffer.byteLength(text));
    const { bytes, length } = this;
    if (size <= SHORT_COPY) {
      let index = 0;
      for (; index < size; index++) {
        const code = text.charCodeAt(index);
        if (code > 0x7f) break;
        bytes[length + index] = code;
      }
      if (index === size) {
        this.length = length + size;
        return;
      }
    }
    this.length = length + bytes.write(text, length, 'utf8');
  }

  /** A whole number, exact within Number.MAX_SAFE_INTEGER, in decimal. */
  integer(value: number): void {
    this.reserve(MOST_DIGITS);
    this.length = writeInteger(this.bytes, this.length, value);
  }
}

/** Writes a whole number, exact within Number.MAX_SAFE_INTEGER, at `at`, where there is room for 17 bytes. Returns where it ends. */
export function writeInteger(bytes: Buffer, at: number, value: number): number {
  let from = at;
  let magnitude = value;
  if (magnitude < 0) {
    bytes[from++] = MINUS;
    magnitude = -magnitude;
  }
  if (magnitude < BILLION) return writeSmall(bytes, from, magnitude | 0);
  const billions = Math.floor(magnitude / BILLION);
  from = writeSmall(bytes, from, billions | 0);
  return writeNine(bytes, from, (magnitude - billions * BILLION) | 0);
}

/** A whole number from 0 to below a billion, without leading zeros. */
function writeSmall(bytes: Buffer, at: number, value: number): number {
  const size =
    value < 10_000
      ? value < 100
        ? value < 10
          ? 1
          : 2
        : value < 1000
          ? 3
          : 4
      : value < 1_000_000
        ? value < 100_000
          ? 5
          : 6
        : value < 10_000_000
          ? 7
          : value < 100_000_000
            ? 8
            : 9;
  const end = at + size;
  let position = end;
  let rest = value;
  while (rest >= 100) {
    const next = (rest / 100) | 0;
    const pair = (rest - next * 100) * 2;
    bytes[--position] = PAIRS[pair + 1];
    bytes[--position] = PAIRS[pair];
    rest = next;
  }
  if (rest >= 10) {
    bytes[--position] = PAIRS[rest * 2 + 1];
    bytes[--position] = PAIRS[rest * 2];
  } else bytes[--position] = ZERO + rest;
  return end;
}

function writeNine(bytes: Buffer, at: number, value: number): number {
  const high = (value / 100_000_000) | 0;
  bytes[at] = ZERO + high;
  const low = value - high * 100_000_000;
  const upper = (low / 10_000) | 0;
  writeFour(bytes, at + 1, upper);
  return writeFour(bytes, at + 5, low - upper * 10_000);
}

/** Writes two digits at `at`: 0 to 99. */
export function writeTwo(bytes: Buffer, at: number, value: number): number {
  bytes[at] = PAIRS[value * 2];
  bytes[at + 1] = PAIRS[value * 2 + 1];
  return at + 2;
}

/** Writes four digits at `at`: 0 to 9999. */
export function writeFour(bytes: Buffer, at: number, value: number): number {
  const high = (value / 100) | 0;
  const low = value - high * 100;
  bytes[at] = PAIRS[high * 2];
  bytes[at + 1] = PAIRS[high * 2 + 1];
  bytes[at + 2] = PAIRS[low * 2];
  bytes[at + 3] = PAIRS[low * 2 + 1];
  return at + 4;
}
