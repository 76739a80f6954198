/** What timelines leave behind by name and in words: names of WAL files, history files. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { formatLsn } from '../source/bytes/lsn.js';
import { forkOfHistories } from '../source/timeline/fork.js';
import { historyWithoutParents, parseHistoryFile } from '../source/timeline/history-file.js';
import { parseSegmentFileName, segmentFileName } from '../source/wal/segment-name.js';
import { complaint, lsn } from './support/sentences.js';

const MIB = 1024 * 1024;

describe('names of WAL files', () => {
  test('both ways, at any segment size', () => {
    for (const size of [MIB, 16 * MIB, 64 * MIB, 1024 * MIB]) {
      for (const start of [0, size, 0xffff_ffff + 1 - size, 0x1_0000_0000, 0x12_3456_0000_0000]) {
        const position = start - (start % size);
        const name = segmentFileName(11, position + 5, size);
        assert.deepEqual(parseSegmentFileName(name, size), {
          timeline: 11,
          startLsn: position,
          partial: false,
        });
      }
    }
    assert.equal(segmentFileName(1, lsn('0/B9DF928'), 16 * MIB), '00000001000000000000000B');
    assert.equal(parseSegmentFileName('00000001000000000000000B.partial', 16 * MIB)?.partial, true);
    assert.equal(parseSegmentFileName('000000010000000000000100', 16 * MIB), undefined);
    assert.equal(parseSegmentFileName('00000001.history', 16 * MIB), undefined);
  });
});

describe('history files', () => {
  test('comments, blank lines, reasons', () => {
    const text =
      '# made by hand\n\n1\t0/A000000\tno recovery target specified\n \t\n3\t0/B000028\tbefore 2026-01-01 00:00:00+00\n';
    assert.deepEqual(parseHistoryFile(text, 11, 'x'), [
      { timeline: 1, begin: 0, end: lsn('0/A000000'), reason: 'no recovery target specified' },
      {
        timeline: 3,
        begin: lsn('0/A000000'),
        end: lsn('0/B000028'),
        reason: 'before 2026-01-01 00:00:00+00',
      },
      { timeline: 11, begin: lsn('0/B000028'), end: Number.POSITIVE_INFINITY, reason: '' },
    ]);
  });

  test('each broken rule is said with file and line', () => {
    const broken = (text: string): string =>
      complaint(() => parseHistoryFile(text, 4, '/wal/00000004.history'));
    assert.match(broken('one\t0/1\n'), /expected a numeric timeline ID.*00000004\.history, line 1/);
    assert.match(broken('1\t0/1\n2\n'), /switchpoint location.*line 2/);
    assert.match(broken('1\t0-1\n'), /switchpoint location/);
    assert.match(broken('2\t0/1\n1\t0/2\n'), /increasing sequence \(after 2\).*line 2/);
    assert.match(broken('4\t0/1\n'), /less than the child timeline's ID, 4/);
    assert.match(broken('1\t0/2\n2\t0/1\n'), /timeline 2 began at 0\/2 and cannot end before that/);
    assert.match(broken('0\t0/2\n'), /from 1 to 4294967295/);
  });

  test('the fork of two histories is the earlier end of the last entry they share', () => {
    const history = (timeline: number, ...lines: string[]) =>
      parseHistoryFile(lines.join('\n'), timeline, 'x');
    const fork = (left: ReturnType<typeof history>, right: ReturnType<typeof history>) => {
      const found = forkOfHistories(left, right);
      return `${found.timeline} ${found.lsn === Number.POSITIVE_INFINITY ? '-' : formatLsn(found.lsn)}`;
    };
    const first = historyWithoutParents(1);
    assert.equal(fork(first, history(2, '1 0/50')), '1 0/50');
    // Both promoted, to different numbers, to the same number at different places, to the same number deep down.
    assert.equal(fork(history(2, '1 0/40'), history(3, '1 0/50')), '1 0/40');
    assert.equal(fork(history(2, '1 0/60'), history(2, '1 0/50')), '1 0/50');
    assert.equal(fork(history(5, '1 0/10', '2 0/30'), history(7, '1 0/10', '2 0/20', '5 0/28')), '2 0/20');
    assert.equal(
      fork(history(12, '1 0/10', '11 0/30'), history(13, '1 0/10', '11 0/30', '12 0/70')),
      '12 0/70',
    );
    // Nothing but bytes can tell.
    assert.equal(fork(history(2, '1 0/50'), history(2, '1 0/50')), '2 -');
    assert.match(
      complaint(() => fork(historyWithoutParents(2), history(3, '1 0/50'))),
      /share no timeline/,
    );
  });
});
