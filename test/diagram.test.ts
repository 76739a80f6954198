import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatCount } from '../source/bytes/count.js';
import { textWidth } from '../source/bytes/text-width.js';
import { forkDiagram } from '../source/incident/diagram.js';
import {
  formatBytes,
  formatDuration,
  formatShortBytes,
  formatShortCount,
} from '../source/incident/figures.js';
import { NOTHING_LOST } from '../source/incident/loss-counter.js';
import type { IncidentOverview, LossFigures, SideOverview } from '../source/incident/model.js';
import { FORK_LSN, fakeOverview } from './support/fake-client.js';

const LOSS: LossFigures = {
  transactions: 12_000,
  inserts: 4_000,
  updates: 7_990,
  deletes: 10,
  truncates: 1,
  inDoubt: 1,
  messages: 0,
  undecodable: 2,
  tables: ['public.orders', 'public.payments', 'public.stock'],
  databases: ['shop'],
  walBytes: 57 * 1024 * 1024,
  firstCommitTime: 848_544_347_184_429,
  lastCommitTime: 848_544_430_000_000,
};

function overview(old: Partial<SideOverview> = {}, over: Partial<IncidentOverview> = {}): IncidentOverview {
  const base = fakeOverview({ old: '/srv/old', new: '/srv/new' });
  return { ...base, ...over, old: { ...base.old, ...old } };
}

describe('the picture of the fork', () => {
  it('tells at 80 columns what an incident channel wants to know', () => {
    const text = forkDiagram(overview(), LOSS, 80).join('\n');
    for (const told of [
      /fork at 0\/B9DF928/,
      /OLD primary, timeline 1, 57\.0 MB only here/,
      /NEW primary, timeline 2/,
      /promoted: no recovery target specified/,
      /LOST {2}12,000 transactions/,
      /12,000 row changes: \+4,000 ~7,990 −10, 1 TRUNCATE/,
      /57\.0 MB of WAL after the fork/,
      /3 tables in 1 database \(shop\):/,
      /public\.orders, public\.payments, public\.stock/,
      /1 transaction in doubt/,
      /2 changes cannot be decoded exactly/,
      /checkpoint 0\/B9C2468, redo 0\/B9C2430, 2026-11-21 02:44:47 UTC/,
      /segments {3}6: 4 present, 1 missing, 1 partial/,
      /□ 00000001000000000000000B missing/,
    ]) {
      assert.match(text, told);
    }
  });

  it('is never wider than asked, at any width, whatever the names are', () => {
    const long = overview(
      {
        path: `/srv/${'very-long-directory-name/'.repeat(12)}`,
        warnings: [`a warning with a word of ${'x'.repeat(200)} letters`],
        running: true,
        endReason: 'y'.repeat(150),
      },
      { swapped: 'z '.repeat(100), warnings: ['平仮名'.repeat(60)] },
    );
    const loss = {
      ...LOSS,
      tables: Array.from({ length: 5000 }, (_, at) => `schema.table_${at}`),
      databases: ['d'.repeat(63), 'e'.repeat(63)],
    };
    for (const width of [60, 80, 100, 132, 140, 200, 300]) {
      for (const line of forkDiagram(long, loss, width)) {
        assert.ok(textWidth(line) <= width, `${width}: ${line}`);
        assert.equal(line, line.trimEnd());
      }
    }
  });

  it('cannot be made to act on a terminal by a name or a reason', () => {
    const evil = overview({ path: '/srv/\x1b[2Jold', endReason: '\x07\u202e' }, {});
    const text = forkDiagram(evil, { ...LOSS, tables: ['public.\x1b]0;x'] }, 80).join('\n');
    assert.doesNotMatch(text, /[\x00-\x09\x0b-\x1f\u202e]/);
  });

  it('says when nothing diverged, and draws no second branch of the old', () => {
    const base = overview();
    const lines = forkDiagram({ ...base, fork: { ...base.fork, diverged: false } }, NOTHING_LOST, 80);
    const text = lines.join('\n');
    assert.match(text, /nothing diverged/);
    assert.match(text, /LOST {2}nothing/);
    assert.doesNotMatch(text, /╳/);
  });

  it('shows the way of a node that was promoted many times', () => {
    const base = overview();
    const history = [1, 2, 3, 4, 5, 6].map((timeline) => ({
      timeline,
      lsn: timeline * 1000,
      reason: 'promotion',
    }));
    const fresh = {
      ...base.new,
      timeline: 8,
      history: [...history, { timeline: 7, lsn: FORK_LSN, reason: 'before 2026-11-21' }],
    };
    const text = forkDiagram(
      {
        ...base,
        old: { ...base.old, timeline: 7, history },
        new: fresh,
        fork: { ...base.fork, timeline: 7 },
      },
      LOSS,
      80,
    ).join('\n');
    assert.match(text, /timelines … → 4 → 5 → 6 → 7/);
    assert.match(text, /OLD primary, timeline 7/);
    assert.match(text, /NEW primary, timeline 8/);
    assert.match(text, /promoted: before 2026-11-21/);
  });
});

describe('figures', () => {
  it('read as people write them', () => {
    assert.equal(formatCount(1_234_567), '1,234,567');
    assert.equal(formatBytes(812), '812 B');
    assert.equal(formatBytes(57 * 1024 * 1024), '57.0 MB');
    assert.equal(formatDuration(83.2), '83 s');
    assert.equal(formatDuration(725), '12 min 5 s');
    assert.equal(formatDuration(3 * 3600 + 20 * 60), '3 h 20 min');
  });

  it('fit into four columns in the list, whatever they are', () => {
    for (let exponent = 0; exponent < 15; exponent += 0.05) {
      const value = Math.floor(10 ** exponent);
      assert.ok(formatShortBytes(value).length <= 4, formatShortBytes(value));
      if (exponent < 11) assert.ok(formatShortCount(value).length <= 4, formatShortCount(value));
    }
    assert.equal(formatShortBytes(1024), '1.0k');
    assert.equal(formatShortCount(1_250_000), '1.2M');
  });
});
