import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Terminal as HeadlessTerminal } from '@xterm/headless';
import xterm from '@xterm/headless';
import fc from 'fast-check';
import { lineUpdate } from '../source/app/line-update.js';

const COLUMNS = 24;

const STYLES: [string, string][] = [
  ['', ''],
  ['\x1b[1m', '\x1b[22m'],
  ['\x1b[2m', '\x1b[22m'],
  ['\x1b[7m', '\x1b[27m'],
  ['\x1b[4m', '\x1b[24m'],
  ['\x1b[31m', '\x1b[39m'],
  ['\x1b[2m\x1b[36m', '\x1b[39m\x1b[22m'],
];

const piece = fc
  .tuple(
    fc.constantFrom(...STYLES),
    fc.array(fc.constantFrom('a', 'b', ' ', ' ', '▸', '─', '…', '日', 'é', '🙂'), { maxLength: 6 }),
  )
  .map(([[on, off], characters]) => ({ characters, styled: on + characters.join('') + off }));

function columnsOf(characters: readonly string[]): number {
  return characters.reduce((sum, one) => sum + (one === '日' || one === '🙂' ? 2 : 1), 0);
}

/** A line as the screens make them: never wider than the terminal. */
const line = fc
  .array(piece, { maxLength: 6 })
  .filter((pieces) => columnsOf(pieces.flatMap(({ characters }) => characters)) <= COLUMNS)
  .map((pieces) => pieces.map(({ styled }) => styled).join(''));

function written(terminal: HeadlessTerminal, text: string): Promise<void> {
  return new Promise((resolve) => terminal.write(text, resolve));
}

/** What the eye sees of a line: each column's character and look. A plain blank is a blank, written or not. */
function seen(terminal: HeadlessTerminal): string[] {
  const shown = terminal.buffer.active.getLine(2);
  return Array.from({ length: COLUMNS }, (_, column) => {
    const cell = shown?.getCell(column);
    if (!cell) return 'nothing';
    const text = cell.getChars() || ' ';
    const onBlank = `${cell.isInverse()} ${cell.isUnderline()}`;
    const onText = `${cell.isBold()} ${cell.isDim()} ${cell.getFgColor()}`;
    return text === ' ' && cell.getWidth() === 1 ? `blank ${onBlank}` : `${text} ${onBlank} ${onText}`;
  });
}

function screen(): HeadlessTerminal {
  return new xterm.Terminal({ cols: COLUMNS, rows: 5, allowProposedApi: true });
}

describe('what is sent to change a line', () => {
  it('leaves on the screen what writing the whole line would have left', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(line, { minLength: 2, maxLength: 5 }), async (lines) => {
        const updated = screen();
        await written(updated, '\x1b[?7l');
        let before: string | undefined;
        for (const after of lines) {
          await written(updated, lineUpdate(2, before, after, COLUMNS));
          before = after;
          const whole = screen();
          await written(whole, lineUpdate(2, undefined, after, COLUMNS));
          assert.deepEqual(seen(updated), seen(whole), JSON.stringify(lines));
        }
      }),
      { numRuns: 150 },
    );
  });

  it('is nothing for an unchanged line, and one cell for one changed digit', () => {
    assert.equal(lineUpdate(1, 'row 6/100', 'row 6/100', 80), '');
    assert.equal(lineUpdate(1, 'row 6/100', 'row 7/100', 80), '\x1b[2;5H7');
  });

  it('is the whole line where terminals disagree about the width of what is in it', () => {
    assert.match(lineUpdate(1, 'name 👩‍👩‍👧 a', 'name 👩‍👩‍👧 b', 80), /2K.*name/);
  });
});
