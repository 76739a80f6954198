import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

const CLI = fileURLToPath(new URL('../source/cli.js', import.meta.url));
const SAMPLE = fileURLToPath(new URL('../../samples/shop/', import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'forkpoint-test-'));

after(() => rmSync(scratch, { recursive: true }));

/** Runs a command in places of its own and ends it after so many milliseconds; what it left behind, and how it ended. */
async function interrupted(args: readonly string[], signal: NodeJS.Signals, milliseconds: number) {
  const home = mkdtempSync(join(scratch, 'run-'));
  const places = ['temp', 'system', 'out'].map((name) => join(home, name));
  for (const place of places) mkdirSync(place);
  const [temp, system, out] = places;
  const output = args[0] === 'export' ? ['-o', join(out, 'lost.sql')] : [];
  const child = spawn(
    process.execPath,
    [CLI, args[0], join(SAMPLE, 'old'), join(SAMPLE, 'new'), '--temp-dir', temp, ...args.slice(1), ...output],
    { stdio: ['ignore', 'ignore', 'ignore'], env: { ...process.env, TMPDIR: system } },
  );
  const timer = setTimeout(() => child.kill(signal), milliseconds);
  const [code, by] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve) => {
    child.on('exit', (...how) => resolve(how));
  });
  clearTimeout(timer);
  return { code, by, left: places.flatMap((place) => readdirSync(place)) };
}

describe('a command that is interrupted', () => {
  for (const args of [['inspect'], ['list', '--json'], ['export'], ['export', '--undo', '--guard']]) {
    for (const signal of ['SIGINT', 'SIGHUP'] as const) {
      it(`leaves nothing behind whenever it is: ${args.join(' ')}, ${signal}`, async () => {
        for (const milliseconds of [30, 120, 250, 350, 450]) {
          const { code, by, left } = await interrupted(args, signal, milliseconds);
          const ended = by ?? code;
          assert.ok(
            [signal, 128 + constants.signals[signal], 0, 3].includes(ended as never),
            `ended by ${ended} after ${milliseconds} ms`,
          );
          // Whole, under its own name, or not at all.
          assert.deepEqual(left, code === 0 || code === 3 ? left.filter((name) => name === 'lost.sql') : []);
        }
      });
    }
  }
});
