/**
 * Memory that WAL is read into and whose records are checked where they lie.
 *
 * Checking everything is most of what reading WAL costs, so it runs as WebAssembly (record-checksum.ts, page-walk.ts), which sees only its own
 * memory. Where that cannot be had (an address space limit, --jitless, a processor without vectors), the same bytes are looked at
 * in JavaScript.
 */
import { crcTables, updateCrc32c } from '../bytes/crc32c.js';
import { CRC_TABLES } from '../bytes/crc32c-module.js';
import type { Lsn } from '../bytes/lsn.js';
import { WALKED_AT, WALKED_MOST } from './page-walk.js';
import { fillChecksumConstants } from './record-checksum.js';
import { windowCode } from './window-code.js';

/** What @types/node leaves to the DOM's types. */
declare const WebAssembly: {
  Memory: new (limits: { initial: number; maximum: number }) => { readonly buffer: ArrayBuffer };
  Module: new (bytes: Uint8Array<ArrayBuffer>) => object;
  Instance: new (module: object, imports: object) => { readonly exports: object };
};

/** The module's functions. */
interface Exports {
  update(state: number, start: number, end: number): number;
  walk(
    at: number,
    end: number,
    lsn: number,
    previous: number,
    blockSize: number,
    compressedBits: number,
  ): number;
  join(
    at: number,
    inPage: number,
    length: number,
    nextPage: number,
    pageSize: number,
    end: number,
    magic: number,
    timeline: number,
    to: number,
  ): number;
}

const WASM_PAGE = 64 * 1024;
/** Where the bytes begin in the module's memory: behind what is its own. */
const BASE = Math.ceil((WALKED_AT + WALKED_MOST * 4) / 64) * 64;
let compiled: object | undefined;

export class WindowMemory {
  /** `size` bytes, all zero at first. */
  readonly buffer: Buffer;
  /** The same bytes. */
  readonly view: DataView;
  /** Where the records begin that were walked last: take `base` from each. */
  readonly walked: Uint32Array;
  readonly base: number;
  readonly #update: Exports['update'];
  readonly #walk: Exports['walk'];
  readonly #join: Exports['join'];

  constructor(size: number) {
    const made = assembled(size);
    this.base = made === undefined ? 0 : BASE;
    this.buffer = made === undefined ? Buffer.alloc(size) : Buffer.from(made.memory, BASE, size);
    this.view = new DataView(this.buffer.buffer, this.buffer.byteOffset, size);
    this.walked = new Uint32Array(
      made?.memory ?? new ArrayBuffer(WALKED_AT + 4),
      WALKED_AT,
      made ? WALKED_MOST : 1,
    );
    this.#update =
      made?.exports.update ?? ((state, start, end) => updateCrc32c(state, this.buffer, start, end));
    this.#walk = made?.exports.walk ?? (() => 0);
    this.#join = made?.exports.join ?? (() => 0);
  }

  /**
   * Continues a CRC-32C over bytes [start, end) of `buffer`, which must lie in it: `state` is the running value before its final
   * inversion, as for updateCrc32c. The result is a signed 32-bit number.
   */
  update(state: number, start: number, end: number): number {
    return this.#update(state, start + this.base, end + this.base) | 0;
  }

  /**
   * How many whole records, each found to be right, lie in bytes [at, end) of `buffer`, one after the other: those before the first that is
   * unusual in any way. `at` must be a multiple of eight, `end` at most a page behind it; the byte there is `lsn`, the record before it
   * began at `previous`. See page-walk.ts.
   */
  walk(at: number, end: number, lsn: Lsn, previous: Lsn, blockSize: number, compressedBits: number): number {
    return this.#walk(at + this.base, end + this.base, lsn, previous, blockSize, compressedBits);
  }

  /**
   * Puts the record of `length` bytes at `at`, of which `inPage` lie in its first page, together at `to`, when all of it lies before `end`
   * and all of its pages are as usual: of `timeline`, with `magic`. The next page is `nextPage`. Returns the byte behind it, 0 when it
   * was not put together. See page-join.ts.
   */
  join(
    at: number,
    inPage: number,
    length: number,
    nextPage: Lsn,
    pageSize: number,
    end: number,
    magic: number,
    timeline: number,
    to: number,
  ): number {
    const { base } = this;
    const behind = this.#join(
      at + base,
      inPage,
      length,
      nextPage,
      pageSize,
      end + base,
      magic,
      timeline,
      to + base,
    );
    return behind === 0 ? 0 : behind - base;
  }
}

/** A memory with the constants at its beginning and room for `size` bytes behind them; undefined when there is none to be had. */
function assembled(size: number): { memory: ArrayBuffer; exports: Exports } | undefined {
  try {
    compiled ??= new WebAssembly.Module(windowCode());
    const pages = Math.ceil((BASE + size) / WASM_PAGE);
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
    const instance = new WebAssembly.Instance(compiled, { forkpoint: { memory } });
    new Uint32Array(memory.buffer, 0, CRC_TABLES * 256).set(crcTables(CRC_TABLES));
    fillChecksumConstants(memory.buffer);
    return { memory: memory.buffer, exports: instance.exports as Exports };
  } catch {
    return undefined;
  }
}
