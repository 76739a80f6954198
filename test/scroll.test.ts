import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import xterm from '@xterm/headless';
import fc from 'fast-check';
import { LineStore } from '../source/app/line-store.js';
import { ScreenWriter } from '../source/app/screen-writer.js';

const COLUMNS = 60;
const ROWS = 24;

/** A window onto a long list: a heading, a few lines, a foot that changes. */
function frame(top: number, cursor: number, heading: string): string {
  const lines = Array.from({ length: ROWS - 4 }, (_, at) => {
    const line = `${String(top + at).padStart(5)} transaction ${(top + at) * 7919} orders, stock`;
    return top + at === cursor ? `\x1b[7m${line.padEnd(COLUMNS)}\x1b[0m` : line;
  });
  return [heading, '', ...lines, `\x1b[2mrow ${cursor}\x1b[22m`, 'q quit'].join('\n');
}

async function screenAfter(frames: readonly string[]): Promise<{ lines: string[]; sent: number[] }> {
  const terminal = new xterm.Terminal({ cols: COLUMNS, rows: ROWS, allowProposedApi: true });
  const sent: number[] = [];
  let done: Promise<void> = Promise.resolve();
  const writer = new ScreenWriter(
    {
      columns: COLUMNS,
      rows: ROWS,
      write: (text) => {
        sent.push(Buffer.byteLength(text));
        done = new Promise((resolve) => terminal.write(text, resolve));
        return true;
      },
      on: () => {},
      off: () => {},
      once: () => {},
    },
    new LineStore(),
  );
  for (const each of frames) writer.write(each);
  await done;
  const { active } = terminal.buffer;
  const lines = Array.from({ length: ROWS }, (_, row) => {
    const line = active.getLine(active.baseY + row);
    return `${line?.translateToString(true).trimEnd()} ${line?.getCell(3)?.isInverse()}`;
  });
  return { lines, sent };
}

describe('a list that scrolls', () => {
  it('shows after any steps what it would show drawn afresh', async () => {
    const steps = fc.array(fc.tuple(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 0, max: 45 })), {
      minLength: 2,
      maxLength: 6,
    });
    await fc.assert(
      fc.asyncProperty(steps, async (places) => {
        const frames = places.map(([top, cursor]) => frame(top, cursor, `list of ${top % 3}`));
        const stepped = await screenAfter(frames);
        const afresh = await screenAfter(frames.slice(-1));
        assert.deepEqual(stepped.lines, afresh.lines);
      }),
      { numRuns: 100 },
    );
  });

  it('one row further is moved by the terminal: one new line is sent, not a screen', async () => {
    const { sent } = await screenAfter([frame(10, 20, 'list'), frame(11, 21, 'list')]);
    assert.ok(sent[1] < 300, `${sent[1]} bytes`);
  });
});
