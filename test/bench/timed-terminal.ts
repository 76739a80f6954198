/** A program on a pseudo-terminal of 120×40 whose answers to keys are timed and counted. */
import { readFileSync } from 'node:fs';
import { type IPty, spawn } from '@lydell/node-pty';
import { ScreenReader } from '../support/tui-driver.js';

/** How a program answered one kind of key. Times in milliseconds, from the key's write to the last byte of its frame. */
export interface KeyTimes {
  readonly median: number;
  readonly p99: number;
  /** Bytes sent a key, the mean. */
  readonly bytes: number;
}

/** Of one frame: what follows the bytes before it without a pause as long as this. */
const FRAME_PAUSE_MILLISECONDS = 4;
/** Nothing sent for so long: all that belongs to a key was sent. */
const QUIET_MILLISECONDS = 40;
/** A program that never rests gets its next key all the same. */
const LONGEST_ANSWER_MILLISECONDS = 500;
/** A key without an answer by then has none. */
const NO_ANSWER_MILLISECONDS = 2000;

/** Bytes that came at once, and when. */
interface Arrival {
  readonly at: number;
  readonly bytes: number;
}

/** When the last byte of the first frame came. */
function frameEnd(arrivals: readonly Arrival[]): number {
  const next = arrivals.findIndex(({ at }, i) => i > 0 && at - arrivals[i - 1].at > FRAME_PAUSE_MILLISECONDS);
  return arrivals.at(next < 0 ? -1 : next - 1)!.at;
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Seconds of processor a process and its threads have used. */
function processorSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** A running program. */
export class TimedTerminal {
  readonly #file: string;
  readonly #child: IPty;
  readonly #screen = new ScreenReader(120, 40);
  #arrivals: Arrival[] = [];
  #lastByteAt = 0;

  /** `home` is where it finds its user's settings: the tester's own by default. */
  constructor(file: string, args: readonly string[], { cwd, home }: { cwd?: string; home?: string } = {}) {
    this.#file = file;
    this.#child = spawn(file, [...args], {
      name: 'xterm-256color',
      cols: 120,
      rows: 40,
      cwd,
      env: home === undefined ? process.env : { ...process.env, HOME: home, XDG_CONFIG_HOME: undefined },
    });
    this.#child.onData((data) => {
      this.#lastByteAt = performance.now();
      this.#arrivals.push({ at: this.#lastByteAt, bytes: Buffer.byteLength(data) });
      this.#screen.write(data);
    });
  }

  send(keys: string): void {
    this.#child.write(keys);
  }

  /** Waits until `text` stands on the screen, five minutes at most. */
  async see(text: string): Promise<void> {
    for (const deadline = Date.now() + 300_000; Date.now() < deadline; await pause(2))
      if ((await this.#screen.lines()).join('\n').includes(text)) return;
    throw new Error(`never saw ${text}; the screen is\n${(await this.#screen.lines()).join('\n')}`);
  }

  /** Waits until nothing was sent for two seconds; half a minute at most. */
  async quiet(): Promise<void> {
    for (const deadline = Date.now() + 30_000; Date.now() < deadline; await pause(100))
      if (performance.now() - this.#lastByteAt >= 2000) return;
  }

  /**
   * Presses `key` so many times, each after the answer to the one before, and times the first frame that comes. Throws when a key is
   * not answered: the end of the list has nothing to say, and waiting there would pass for a slow answer.
   */
  async time(key: string, times: number): Promise<KeyTimes> {
    const milliseconds: number[] = [];
    let bytes = 0;
    for (let i = 0; i < times; i++) {
      this.#arrivals = [];
      const began = performance.now();
      const passed = (): number => performance.now() - began;
      this.#child.write(key);
      while (this.#arrivals.length === 0 && passed() < NO_ANSWER_MILLISECONDS) await pause(0);
      if (this.#arrivals.length === 0)
        throw new Error(`${this.#file} did not answer key ${JSON.stringify(key)} number ${i + 1}`);
      while (
        performance.now() - this.#lastByteAt < QUIET_MILLISECONDS &&
        passed() < LONGEST_ANSWER_MILLISECONDS
      )
        await pause(1);
      milliseconds.push(frameEnd(this.#arrivals) - began);
      bytes += this.#sent();
    }
    milliseconds.sort((a, b) => a - b);
    const at = (share: number): number => milliseconds[Math.min(times - 1, Math.floor(times * share))];
    return { median: at(0.5), p99: at(0.99), bytes: bytes / times };
  }

  /** What doing nothing costs: bytes sent, and the share of one core used. */
  async idle(milliseconds: number): Promise<{ idleBytes: number; idleCpu: number }> {
    this.#arrivals = [];
    const processor = processorSeconds(this.#child.pid);
    await pause(milliseconds);
    return {
      idleBytes: this.#sent(),
      idleCpu: (processorSeconds(this.#child.pid) - processor) / (milliseconds / 1000),
    };
  }

  /** Bytes since `#arrivals` was emptied. */
  #sent(): number {
    return this.#arrivals.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  async close(): Promise<void> {
    const ended = new Promise((resolve) => this.#child.onExit(resolve));
    this.#child.kill('SIGKILL');
    await ended;
  }
}
