import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { cleanup, render } from 'ink-testing-library';
import type { Facts } from '../source/app/bindings/binding.js';
import { Dialog } from '../source/app/components/dialog.js';
import { fieldLine } from '../source/app/components/field-line.js';
import { Footer } from '../source/app/components/footer.js';
import { Header, progressLine } from '../source/app/components/header.js';
import { LineView } from '../source/app/components/line-view.js';
import { LinesView } from '../source/app/components/lines-view.js';
import { textField } from '../source/app/text-field.js';
import { textWidth } from '../source/bytes/text-width.js';
import { NOTHING_LOST } from '../source/incident/loss-counter.js';
import type { Progress } from '../source/incident/model.js';

const FACTS: Facts = {
  shown: 0,
  arranging: false,
  marked: 0,
  swappable: false,
  restorable: false,
  searched: false,
};

const READING: Progress = {
  phase: 'old',
  bytesRead: 120 * 1024 * 1024,
  bytesTotal: 921 * 1024 * 1024,
  rate: 240 * 1024 * 1024,
  secondsLeft: 3.3,
  loss: { ...NOTHING_LOST, transactions: 4711 },
};

afterEach(cleanup);

function frame(element: Parameters<typeof render>[0]): string[] {
  return stripVTControlCharacters(render(element).lastFrame() ?? '').split('\n');
}

describe('components', () => {
  it('a line is cut at its width with an ellipsis, wide characters counted as two', () => {
    assert.deepEqual(frame(<LineView line={[{ text: '平仮名平仮名' }, { text: ' more' }]} width={8} />), [
      '平仮名…',
    ]);
    assert.deepEqual(frame(<LineView line={[{ text: 'ab' }, { text: 'cd', style: 'title' }]} width={3} />), [
      'ab…',
    ]);
  });

  it('lines never take more rows than they are given', () => {
    const lines = Array.from({ length: 10 }, (_, at) => [{ text: `line ${at}` }]);
    assert.deepEqual(frame(<LinesView lines={lines} width={20} height={3} />), [
      'line 0',
      'line 1',
      'line 2',
    ]);
  });

  it('the footer puts keys that do not work now in brackets, and drops the least important first', () => {
    const [wide] = frame(<Footer context="list" facts={FACTS} width={100} />);
    assert.match(wide, /Space \(mark\)/);
    const [narrow] = frame(<Footer context="list" facts={{ ...FACTS, shown: 1 }} width={60} />);
    assert.match(narrow, /^Enter open/);
    assert.match(narrow, /Esc back {2}\? help {2}q quit$/);
    assert.ok(textWidth(narrow) <= 60);
  });

  it('the header tells bytes, rate and time left while WAL is read', () => {
    const [line] = frame(<Header title="lost transactions" progress={READING} width={100} />);
    assert.match(line, /forkpoint {2}lost transactions .*13% of 921 MB, 240 MB\/s, 3\.3 s left/);
    assert.equal(progressLine({ ...READING, phase: 'failed' })[0].text, 'reading failed');
    const judged = { done: 2_500_000, total: 10_000_000 };
    assert.equal(
      progressLine({ ...READING, phase: 'judging', judged })[0].text,
      'comparing with the new primary: 25% of 10,000,000 rows',
    );
  });

  it('a question makes the safe answer the easy one', () => {
    const lines = frame(
      <Dialog
        confirmation={{
          context: 'confirm',
          question: ['lost.sql is there already.', 'Replace it?'],
          yesLabel: 'yes',
          noLabel: 'no',
          yes: () => {},
          no: () => {},
        }}
        width={80}
        height={10}
      />,
    );
    assert.ok(lines.some((line) => line.includes('[y] yes') && line.includes('[Enter] [Esc] no')));
    assert.ok(lines.length <= 10);
  });

  it('a text longer than its box is scrolled to the cursor', () => {
    const line = fieldLine('path', textField(`/srv/${'x'.repeat(100)}/end`), 30);
    const text = line.map((span) => span.text).join('');
    assert.ok(textWidth(text) <= 30);
    assert.match(text, /^path ….*\/end $/);
  });
});
