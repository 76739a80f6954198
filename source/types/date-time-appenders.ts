/** Dates and times straight into bytes: years 1 to 9999, and instants a double holds; all else is left to the output function. */
import { type TextSink, writeFour, writeTwo } from '../bytes/text-sink.js';
import type { AppendFactory, AppendFunction } from './append.js';
import { civilDay } from './date-time.js';

const TWO_TO_32 = 0x1_0000_0000;
const MICROS_PER_DAY = 86_400_000_000;
const MICROS_PER_SECOND = 1_000_000;

/** 0001-01-01 and the day after 9999-12-31, counted from 2000-01-01. */
const FIRST_PLAIN_DAY = -730_119;
const END_OF_PLAIN_DAYS = 2_921_940;

const HYPHEN = 0x2d;
const COLON = 0x3a;
const SPACE = 0x20;
const POINT = 0x2e;
const ZERO = 0x30;

/** `yyyy-mm-dd`. */
const DATE_SIZE = 10;
/** ` hh:mm:ss.ffffff+00`, and some. */
const TIME_SIZE = 24;

/** Writes days as dates; rows that lie together often share theirs, so the last one is kept. */
class DateWriter {
  #day = Number.NaN;
  readonly #text = Buffer.alloc(DATE_SIZE);

  /** `day` is one of the plain ones. Returns where the date ends. */
  write(out: Buffer, at: number, day: number): number {
    const text = this.#text;
    if (day !== this.#day) {
      const civil = civilDay(day);
      writeFour(text, 0, civil >> 9);
      text[4] = HYPHEN;
      writeTwo(text, 5, (civil >> 5) & 0xf);
      text[7] = HYPHEN;
      writeTwo(text, 8, civil & 0x1f);
      this.#day = day;
    }
    for (let index = 0; index < DATE_SIZE; index++) out[at + index] = text[index];
    return at + DATE_SIZE;
  }
}

/** date_out. */
export const appendDate: AppendFactory = (slow) => {
  const dates = new DateWriter();
  return (sink, bytes, start, end) => {
    if (end - start !== 4 || start < 0 || end > bytes.length) return slow(sink, bytes, start, end);
    const day = bytes[start] | (bytes[start + 1] << 8) | (bytes[start + 2] << 16) | (bytes[start + 3] << 24);
    if (day < FIRST_PLAIN_DAY || day >= END_OF_PLAIN_DAYS) return slow(sink, bytes, start, end);
    sink.reserve(DATE_SIZE);
    sink.length = dates.write(sink.bytes, sink.length, day);
  };
};

/** time_out. */
export const appendTime: AppendFactory = (slow) => (sink, bytes, start, end) => {
  if (end - start !== 8 || start < 0 || end > bytes.length) return slow(sink, bytes, start, end);
  const micros = readMicros(bytes, start);
  if (!(micros >= 0 && micros <= MICROS_PER_DAY)) return slow(sink, bytes, start, end);
  sink.reserve(TIME_SIZE);
  sink.length = writeTime(sink.bytes, sink.length, micros);
};

/** timestamp_out, and with '+00' timestamptz_out in UTC. */
export function appendTimestamp(zone: '' | '+00'): AppendFactory {
  return (slow: AppendFunction) => {
    const dates = new DateWriter();
    return (sink: TextSink, bytes: Buffer, start: number, end: number): void => {
      if (end - start !== 8 || start < 0 || end > bytes.length) return slow(sink, bytes, start, end);
      const micros = readMicros(bytes, start);
      if (!Number.isSafeInteger(micros)) return slow(sink, bytes, start, end);
      const day = Math.floor(micros / MICROS_PER_DAY);
      if (day < FIRST_PLAIN_DAY || day >= END_OF_PLAIN_DAYS) return slow(sink, bytes, start, end);
      sink.reserve(DATE_SIZE + TIME_SIZE);
      const out = sink.bytes;
      let at = dates.write(out, sink.length, day);
      out[at] = SPACE;
      at = writeTime(out, at + 1, micros - day * MICROS_PER_DAY);
      if (zone !== '') {
        out[at] = 0x2b;
        out[at + 1] = ZERO;
        out[at + 2] = ZERO;
        at += 3;
      }
      sink.length = at;
    };
  };
}

function readMicros(bytes: Buffer, at: number): number {
  const low = bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
  const high = bytes[at + 4] | (bytes[at + 5] << 8) | (bytes[at + 6] << 16) | (bytes[at + 7] << 24);
  return high * TWO_TO_32 + (low >>> 0);
}

/** `hh:mm:ss`, with as many decimals as are needed. `micros` is at most a day. Returns where it ends. */
function writeTime(out: Buffer, at: number, micros: number): number {
  const seconds = Math.floor(micros / MICROS_PER_SECOND) | 0;
  const fraction = (micros - seconds * MICROS_PER_SECOND) | 0;
  const minutes = (seconds / 60) | 0;
  const hours = (minutes / 60) | 0;
  writeTwo(out, at, hours);
  out[at + 2] = COLON;
  writeTwo(out, at + 3, minutes - hours * 60);
  out[at + 5] = COLON;
  writeTwo(out, at + 6, seconds - minutes * 60);
  if (fraction === 0) return at + 8;
  out[at + 8] = POINT;
  const upper = (fraction / 100) | 0;
  writeFour(out, at + 9, upper);
  writeTwo(out, at + 13, fraction - upper * 100);
  let last = at + 15;
  while (out[last - 1] === ZERO) last--;
  return last;
}
