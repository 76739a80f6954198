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

/** Nothing sent for so long: the frame is complete. */
const QUIET_MILLISECONDS = 40;

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
  #child: IPty;
  #screen = new ScreenReader(120, 40);
  #bytes = 0;
  #lastByteAt = 0;

  constructor(file: string, args: readonly string[], cwd?: string) {
    this.#child = spawn(file, [...args], {
      name: 'xterm-256color',
      cols: 120,
      rows: 40,
      cwd,
      env: process.env,
    });
    this.#child.onData((data) => {
      this.#bytes += Buffer.byteLength(data);
      this.#lastByteAt = performance.now();
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

  /** Waits until nothing was sent for two seconds; half a minute at most, for lnav's clock never rests. */
  async quiet(): Promise<void> {
    for (const deadline = Date.now() + 30_000; Date.now() < deadline; await pause(100))
      if (performance.now() - this.#lastByteAt >= 2000) return;
  }

  /** Presses `key` so many times, each after the answer to the one before; times the first frame that comes. */
  async time(key: string, times: number): Promise<KeyTimes> {
    const milliseconds: number[] = [];
    let bytes = 0;
    for (let i = 0; i < times; i++) {
      const before = this.#bytes;
      const began = performance.now();
      this.#child.write(key);
      while (this.#bytes === before && performance.now() - began < 2000) await pause(0);
      milliseconds.push(this.#lastByteAt - began);
      while (performance.now() - this.#lastByteAt < QUIET_MILLISECONDS) await pause(5);
      bytes += this.#bytes - before;
    }
    milliseconds.sort((a, b) => a - b);
    const at = (share: number): number => milliseconds[Math.min(times - 1, Math.floor(times * share))];
    return { median: at(0.5), p99: at(0.99), bytes: bytes / times };
  }

  /** What doing nothing costs: bytes sent, and the share of one core used. */
  async idle(milliseconds: number): Promise<{ idleBytes: number; idleCpu: number }> {
    const [bytes, processor] = [this.#bytes, processorSeconds(this.#child.pid)];
    await pause(milliseconds);
    return {
      idleBytes: this.#bytes - bytes,
      idleCpu: (processorSeconds(this.#child.pid) - processor) / (milliseconds / 1000),
    };
  }

  async close(): Promise<void> {
    const ended = new Promise((resolve) => this.#child.onExit(resolve));
    this.#child.kill('SIGKILL');
    await ended;
  }
}
