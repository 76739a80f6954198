/** Tuples that were put into the temporary file, many at once, each to be read back on its own. */
import type { TemporaryFile } from './temporary-file.js';

/** Written at once. */
const CHUNK = 256 * 1024;
/** Bytes begin at multiples of this, and places are counted in it: sixteen gigabytes can be told. */
const ALIGNMENT = 8;
/** Before each one's bytes: how many they are. */
const HEADER = 8;
/** Read at first: most are not longer. */
const READ_AT_ONCE = 512;
/** No tuple takes more. */
const LONGEST = 34 * 1024;

export class SpilledTuples {
  readonly #file: TemporaryFile;
  /** Where in the file each chunk is. */
  readonly #positions: number[] = [];
  #chunk: Buffer | undefined;
  #length = 0;
  #hasFailed = false;
  /** What was read last begins here. */
  readonly found = Buffer.alloc(LONGEST);

  constructor(file: TemporaryFile) {
    this.#file = file;
  }

  /** Adds source[start, start + size); its place, -1 when the file takes no more. */
  add(source: Buffer, start: number, size: number): number {
    if (this.#hasFailed || size + HEADER > LONGEST) return -1;
    if (this.#length + HEADER + size > CHUNK && !this.#spill()) return -1;
    this.#chunk ??= Buffer.allocUnsafeSlow(CHUNK);
    const at = this.#length;
    this.#chunk.writeUInt32LE(size, at);
    source.copy(this.#chunk, at + HEADER, start, start + size);
    this.#length = at + HEADER + ((size + ALIGNMENT - 1) & -ALIGNMENT);
    return (this.#positions.length * CHUNK + at) / ALIGNMENT;
  }

  /** Reads what is at a place into `found`; how many bytes, -1 when they were lost. */
  read(place: number): number {
    const number = Math.floor((place * ALIGNMENT) / CHUNK);
    const at = place * ALIGNMENT - number * CHUNK;
    const inMemory = number === this.#positions.length;
    if (inMemory) {
      if (this.#chunk === undefined) return -1;
      const size = this.#chunk.readUInt32LE(at);
      this.#chunk.copy(this.found, 0, at + HEADER, at + HEADER + size);
      return size;
    }
    const position = this.#positions[number] + at;
    const first = Math.min(READ_AT_ONCE, CHUNK - at);
    this.#file.read(position, this.found.subarray(0, first));
    const size = this.found.readUInt32LE(0);
    if (HEADER + size > first) this.#file.read(position + first, this.found.subarray(first, HEADER + size));
    this.found.copyWithin(0, HEADER, HEADER + size);
    return size;
  }

  /** Writes the chunk that is full; false when that cannot be: then what is in it is lost. The file is left room for what others put there. */
  #spill(): boolean {
    const chunk = this.#chunk as Buffer;
    const position = this.#file.left >= CHUNK * 2 ? this.#file.append(chunk) : undefined;
    this.#length = 0;
    if (position === undefined) {
      this.#hasFailed = true;
      this.#chunk = undefined;
      return false;
    }
    this.#positions.push(position);
    return true;
  }
}
