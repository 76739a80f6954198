/** Timing processes side by side: in turn, run by run, so that whatever else the machine does meets them all alike. */
import { spawnSync } from 'node:child_process';

/** One process to be timed. */
export interface Contender {
  readonly name: string;
  /** A program and its arguments; or something that has to be prepared before each run and cleaned up after it. */
  readonly command: readonly string[] | (() => Promise<Prepared>);
  /** A Node program of ours: its peak memory and its processor time are asked for. */
  readonly ours?: boolean;
}

export interface Prepared {
  readonly command: readonly string[];
  readonly cleanUp: () => Promise<void>;
}

/** What was measured, each list ascending. */
export interface Measured {
  readonly name: string;
  /** Wall-clock seconds, one a run. */
  readonly seconds: readonly number[];
  /** Peak resident memory in MB, the highest of all runs, threads included. */
  readonly memory?: number;
  /** Seconds of processor time, user and system, one a run. */
  readonly processor?: readonly number[];
}

/** The middle of an ascending list. */
export function median(values: readonly number[]): number {
  return values[Math.floor(values.length / 2)];
}

interface Usage {
  readonly megabytes: number;
  readonly processor: number;
}

/** Writes the process's own figures to descriptor 3 when it ends, however it ends; its threads, which load this too, write nothing. */
const REPORT = `data:text/javascript,${encodeURIComponent(`
  import { writeSync } from 'node:fs';
  import { isMainThread } from 'node:worker_threads';
  if (isMainThread) process.on('exit', () => {
    const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage();
    writeSync(3, JSON.stringify({ megabytes: maxRSS / 1024, processor: (userCPUTime + systemCPUTime) / 1e6 }));
  });`)}`;

function once(command: readonly string[], ours: boolean): { seconds: number; usage?: Usage } {
  const [program, ...args] = ours ? [process.execPath, '--import', REPORT, ...command] : command;
  const began = performance.now();
  const result = spawnSync(program, args, { stdio: ['ignore', 'ignore', 'pipe', ours ? 'pipe' : 'ignore'] });
  const seconds = (performance.now() - began) / 1000;
  if (result.error) throw result.error;
  if (result.status !== 0)
    throw new Error(
      `${[program, ...args].join(' ')} ended with ${result.status}:\n${result.stderr.toString().slice(-2000)}`,
    );
  return { seconds, usage: ours ? (JSON.parse(String(result.output[3])) as Usage) : undefined };
}

/** Runs every contender `runs` times and once more before that, which warms the file cache for everybody and is not counted. */
export async function measure(contenders: readonly Contender[], runs: number): Promise<Measured[]> {
  const found = contenders.map(() => ({ seconds: [] as number[], processor: [] as number[], memory: 0 }));
  for (let run = 0; run <= runs; run++) {
    for (const [i, { command, ours = false }] of contenders.entries()) {
      const prepared = typeof command === 'function' ? await command() : undefined;
      const { seconds, usage } = once(prepared?.command ?? (command as readonly string[]), ours);
      await prepared?.cleanUp();
      if (usage) found[i].memory = Math.max(found[i].memory, usage.megabytes);
      if (run === 0 && runs > 0) continue;
      found[i].seconds.push(seconds);
      if (usage) found[i].processor.push(usage.processor);
    }
  }
  return contenders.map(({ name, ours }, i) => ({
    name,
    seconds: found[i].seconds.sort((a, b) => a - b),
    ...(ours && { memory: found[i].memory, processor: found[i].processor.sort((a, b) => a - b) }),
  }));
}
