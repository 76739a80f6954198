/**
 * Memory whose bytes are checksummed where they lie: what is read from WAL goes straight into it.
 *
 * CRC-32C of everything is more than half of what reading WAL costs, so it runs as WebAssembly (crc32c-module.ts), which sees only its own
 * memory. Where that cannot be had (an address space limit, --jitless), the same bytes are summed in JavaScript.
 */

import { crcTables, updateCrc32c } from './crc32c.js';
import { CRC_TABLES_BYTES, crc32cModule } from './crc32c-module.js';

/** What @types/node leaves to the DOM's types. */
declare const WebAssembly: {
  Memory: new (limits: { initial: number; maximum: number }) => { readonly buffer: ArrayBuffer };
  Module: new (bytes: Uint8Array<ArrayBuffer>) => object;
  Instance: new (module: object, imports: object) => { readonly exports: Record<string, unknown> };
};

type Update = (state: number, start: number, end: number) => number;

const WASM_PAGE = 64 * 1024;
let compiled: object | undefined;

export class ChecksumMemory {
  /** `size` bytes, all zero at first. */
  readonly buffer: Buffer;
  /** The same bytes. */
  readonly view: DataView;
  readonly #update: Update;
  /** Where `buffer` begins in the module's memory. */
  readonly #base: number;

  constructor(size: number) {
    const made = assembled(size);
    this.#base = made === undefined ? 0 : CRC_TABLES_BYTES;
    this.buffer = made === undefined ? Buffer.alloc(size) : Buffer.from(made.memory, CRC_TABLES_BYTES, size);
    this.view = new DataView(this.buffer.buffer, this.buffer.byteOffset, size);
    this.#update = made?.update ?? ((state, start, end) => updateCrc32c(state, this.buffer, start, end));
  }

  /**
   * Continues a CRC-32C over bytes [start, end) of `buffer`, which must lie in it: `state` is the running value before its final
   * inversion, as for updateCrc32c. The result is a signed 32-bit number.
   */
  update(state: number, start: number, end: number): number {
    return this.#update(state, start + this.#base, end + this.#base) | 0;
  }
}

/** A memory with the tables at its beginning and room for `size` bytes behind them; undefined when there is none to be had. */
function assembled(size: number): { memory: ArrayBuffer; update: Update } | undefined {
  try {
    compiled ??= new WebAssembly.Module(crc32cModule());
    const pages = Math.ceil((CRC_TABLES_BYTES + size) / WASM_PAGE);
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
    const instance = new WebAssembly.Instance(compiled, { forkpoint: { memory } });
    new Uint32Array(memory.buffer, 0, CRC_TABLES_BYTES / 4).set(crcTables(CRC_TABLES_BYTES / 1024));
    return { memory: memory.buffer, update: instance.exports['update'] as Update };
  } catch {
    return undefined;
  }
}
