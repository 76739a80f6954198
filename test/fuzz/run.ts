/** Runs cases in a process of their own, with a limit on time and memory, and counts what came of them. */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Case } from './cases.js';
import type { ChildMessage } from './child.js';

const CHILD = fileURLToPath(new URL('./child.js', import.meta.url));

/** Longest time without a word from the child, in milliseconds: reading takes a fraction of a second, a loaded machine may take longer. */
const PATIENCE = 60_000;

/** V8's heap, in megabytes: beyond it the child dies, which is noticed. */
const HEAP = 256;

/** All of the process's memory, in bytes: undamaged incidents take less than half of it. */
const MOST_MEMORY = 700e6;

/** Cases run by one child before another takes over: memory is measured as a peak, and a peak is never lost. */
const CASES_PER_CHILD = 250;

export interface Finding {
  readonly case: Case;
  readonly what: string;
  readonly kind: string;
  readonly why: string;
}

export interface Report {
  tried: number;
  /** By kind of damage, then by outcome. */
  readonly counts: Map<string, Map<string, number>>;
  readonly findings: Finding[];
  /** Highest peak of memory in bytes, and the longest case in milliseconds. */
  memory: number;
  longest: number;
}

function count(report: Report, kinds: readonly string[], outcome: string): void {
  const kind = kinds.length === 1 ? kinds[0] : 'several at once';
  const outcomes = report.counts.get(kind) ?? new Map<string, number>();
  report.counts.set(kind, outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1));
}

/** One child with some cases. Gives those that are still to be done when it dies before the last. */
function runChild(
  cases: readonly Case[],
  report: Report,
  onFinding: (finding: Finding) => void,
): Promise<Case[]> {
  return new Promise((resolve) => {
    const child: ChildProcess = fork(CHILD, {
      execArgv: ['--enable-source-maps', `--max-old-space-size=${HEAP}`],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    let complaint = '';
    child.stderr!.on('data', (chunk: Buffer) => {
      complaint = (complaint + chunk.toString()).slice(-2000);
    });
    let current: Case | undefined;
    let done = 0;
    let hung = false;
    const find = (kind: string, what: string, why: string) => {
      const finding = { case: current!, what, kind, why };
      report.findings.push(finding);
      onFinding(finding);
    };
    const kill = () => {
      hung = true;
      child.kill('SIGKILL');
    };
    let watch = setTimeout(kill, PATIENCE);
    child.on('message', (message: ChildMessage) => {
      clearTimeout(watch);
      watch = setTimeout(kill, PATIENCE);
      if ('began' in message) {
        current = message.began;
        return;
      }
      const { result, rss, milliseconds } = message;
      done++;
      report.tried++;
      report.longest = Math.max(report.longest, milliseconds);
      count(report, result.kinds, result.outcome.kind);
      if ('why' in result.outcome) find(result.outcome.kind, result.what, result.outcome.why);
      if (rss > MOST_MEMORY && report.memory <= MOST_MEMORY)
        find('MEMORY', result.what, `${Math.round(rss / 1e6)} MB`);
      report.memory = Math.max(report.memory, rss);
      current = undefined;
    });
    child.on('exit', (code) => {
      clearTimeout(watch);
      if (done === cases.length) {
        resolve([]);
        return;
      }
      report.tried++;
      current ??= cases[done];
      count(report, ['(the process died)'], hung ? 'HANG' : 'CRASH');
      find(
        hung ? 'HANG' : 'CRASH',
        'see the seed',
        hung ? `no answer for ${PATIENCE} ms` : `exit code ${code}: ${complaint}`,
      );
      resolve(cases.slice(done + 1));
    });
    child.send(cases);
  });
}

/** Runs all of them. What is found is told at once. */
export async function runCases(
  cases: readonly Case[],
  onFinding: (finding: Finding) => void = () => undefined,
  onProgress: (report: Report) => void = () => undefined,
): Promise<Report> {
  const report: Report = { tried: 0, counts: new Map(), findings: [], memory: 0, longest: 0 };
  for (let at = 0; at < cases.length; at += CASES_PER_CHILD) {
    let rest: readonly Case[] = cases.slice(at, at + CASES_PER_CHILD);
    while (rest.length > 0) rest = await runChild(rest, report, onFinding);
    onProgress(report);
  }
  return report;
}

/** What was tried, a line per kind of damage, with how often it had each outcome. */
export function describeReport(report: Report): string {
  const lines = [...report.counts]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([kind, outcomes]) => {
      const total = [...outcomes.values()].reduce((sum, each) => sum + each, 0);
      const parts = [...outcomes]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([outcome, n]) => `${n} ${outcome}`);
      return `${String(total).padStart(7)}  ${kind}: ${parts.join(', ')}`;
    });
  return [
    ...lines,
    `${String(report.tried).padStart(7)}  in all; ${report.findings.length} findings; at most ${Math.round(report.memory / 1e6)} MB, ${Math.round(report.longest)} ms`,
  ].join('\n');
}

/** How a finding is told, with the command that repeats it. */
export function describeFinding({ case: { incident, seed }, kind, what, why }: Finding): string {
  return `${kind} ${incident} seed ${seed} (npm run fuzz -- --incident ${incident} --seed ${seed} --count 1)\n  ${what}\n  ${why}`;
}

/** `count` cases from a seed on, going round the incidents. */
export function casesFrom(seed: number, count: number, incidents: readonly string[]): Case[] {
  // Case n of a run has the run's seed plus n: so it can be repeated alone.
  return Array.from({ length: count }, (_, i) => ({
    incident: incidents[Math.floor(i / CASES_PER_INCIDENT) % incidents.length],
    seed: seed + i,
  }));
}

/** Cases of one incident in a row: unpacking and reading another takes a second. */
const CASES_PER_INCIDENT = 25;
