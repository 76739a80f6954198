/**
 * A private temporary file for what does not fit into memory: opened with mode 0600 and unlinked at once, so that nothing stays behind
 * however forkpoint ends. It only grows. When it cannot (a full disk), it says so once and for all, and its users do with less.
 */
import {
  closeSync,
  constants,
  ftruncateSync,
  openSync,
  readSync,
  statfsSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hold, newName } from '../bytes/leftovers.js';
import { TemporaryRoom } from './temporary-room.js';

/** The room for temporary files has nothing left. */
class LimitReached extends Error {}

export class TemporaryFile {
  readonly #directory: string;
  readonly #room: TemporaryRoom;
  /** Bytes that it may have, whatever room there is. */
  readonly #most: number;
  #file: number | undefined;
  #size = 0;
  /** Bytes taken of the room: as many, or a few more. */
  #taken = 0;
  #failure: string | undefined;
  #isLesser = false;
  #noLongerLesser: () => void = () => {};
  /** It is another thread's, who closes it. */
  #isLent = false;

  /** `directory`: the system's for temporary files when not given. Beyond `room` the disk counts as full. */
  constructor(
    directory: string = tmpdir(),
    room: TemporaryRoom = new TemporaryRoom(),
    most = Number.POSITIVE_INFINITY,
  ) {
    this.#directory = directory;
    this.#room = room;
    this.#most = most;
  }

  /**
   * Another file for what can be done without: it has a part of what is free on the disk, and is given up should any other want its
   * room.
   */
  lesser(): TemporaryFile {
    const lesser = new TemporaryFile(this.#directory, this.#room, freeBytes(this.#directory) / 4);
    lesser.#isLesser = true;
    lesser.#noLongerLesser = this.#room.canDoWithout(() => lesser.#giveUp());
    return lesser;
  }

  /** Opens it for another thread to write into, and this one to close once that has ended; undefined when it cannot be opened. */
  lend(): number | undefined {
    try {
      this.#file ??= openUnlinked(this.#directory);
    } catch {
      return undefined;
    }
    return this.#file;
  }

  /** What another thread has lent; where it has nothing to lend, nothing can be written. */
  static lent(file: number | undefined, room: TemporaryRoom): TemporaryFile {
    const lent = new TemporaryFile('', room, file === undefined ? 0 : Number.POSITIVE_INFINITY);
    lent.#file = file;
    lent.#isLent = true;
    return lent;
  }

  /** Bytes written. */
  get size(): number {
    return this.#size;
  }

  /** Bytes that may still be written. */
  get left(): number {
    return this.#failure === undefined ? Math.min(this.#room.left, this.#most - this.#size) : 0;
  }

  /** Why nothing more can be written; undefined while it can. */
  get failure(): string | undefined {
    return this.#failure;
  }

  /** Where the bytes were put, or undefined when they could not be written whole; then nothing will be written any more. */
  append(bytes: Uint8Array): number | undefined {
    if (this.#failure !== undefined) return undefined;
    for (;;) {
      try {
        this.#write(bytes);
        break;
      } catch (error) {
        if (!this.#isLesser && this.#room.makeWay()) continue;
        this.#failure = this.#sentence(error as NodeJS.ErrnoException);
        return undefined;
      }
    }
    const at = this.#size;
    this.#size += bytes.length;
    return at;
  }

  /** Why it cannot be written. What matters comes first: lines may be narrow. */
  #sentence(error: NodeJS.ErrnoException): string {
    if (error instanceof LimitReached)
      return `temporary files reached their limit of ${this.#room.limit} bytes`;
    if (error.code === 'ENOSPC') return `no space left for the temporary file in ${this.#directory}`;
    return `the temporary file in ${this.#directory} cannot be written: ${error.message}`;
  }

  #write(bytes: Uint8Array): void {
    const size = this.#size + bytes.length;
    if (size > this.#most) throw new Error('more would leave others too little');
    if (size > this.#taken) {
      const taken = this.#room.take(size - this.#taken);
      if (taken === undefined) throw new LimitReached();
      this.#taken += taken;
    }
    this.#file ??= openUnlinked(this.#directory);
    let written = 0;
    while (written < bytes.length)
      written += writeSync(this.#file, bytes, written, bytes.length - written, this.#size + written);
  }

  /** Frees what it takes: what was written is gone. */
  #giveUp(): void {
    this.close();
    this.#size = 0;
    this.#failure = 'it was given up';
  }

  /** Fills `into` from what was written at `position`. */
  read(position: number, into: Uint8Array): void {
    let have = 0;
    while (have < into.length) {
      const got = readSync(this.#file as number, into, have, into.length - have, position + have);
      if (got === 0) throw new Error('the temporary file ended early');
      have += got;
    }
  }

  /** Lets go of it. */
  close(): void {
    this.#noLongerLesser();
    if (this.#file !== undefined) {
      if (this.#isLent) ftruncateSync(this.#file);
      else closeSync(this.#file);
    }
    this.#file = undefined;
    this.#room.giveBack(this.#taken);
    this.#taken = 0;
  }
}

/** Linux's O_TMPFILE without O_DIRECTORY (fcntl.h): a file of the directory that has no name from the beginning. */
const NAMELESS = 0o20000000;

function openUnlinked(directory: string): number {
  if (process.platform === 'linux') {
    const { O_DIRECTORY, O_RDWR, O_EXCL } = constants;
    try {
      return openSync(directory, NAMELESS | O_DIRECTORY | O_RDWR | O_EXCL, 0o600);
    } catch {
      // Not every file system can. Where it is the directory that is wrong, this is found below.
    }
  }
  const path = join(directory, newName('forkpoint-'));
  const letGo = hold({ path });
  try {
    const file = openSync(path, 'wx+', 0o600);
    unlinkSync(path);
    return file;
  } finally {
    letGo();
  }
}

/** Bytes that a directory's file system has left for everybody; as many as you like where it does not tell. */
function freeBytes(directory: string): number {
  try {
    const { bavail, bsize } = statfsSync(directory);
    return bavail * bsize;
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
