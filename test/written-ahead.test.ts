/**
 * An export of everything is written while WAL is read, as far as that can be done then: the same bytes as when all of it is decoded again
 * afterwards, whatever is not there of it.
 */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import type { OpenedIncident } from '../source/incident/opened-incident.js';
import { type RecordedIncident, recordedIncidents } from './support/recorded.js';
import { body, every, REDO, readElsewhere, readWriting } from './support/roads.js';

const PACKS = [
  ...[10, 11, 12, 13, 14, 15, 16, 17, 18].map((major) => `pg${major}`),
  'blocks-4-64',
  'blocks-32-1',
];

/** Those that are read with another thread, too: starting it takes a while. */
const ELSEWHERE: ReadonlySet<string> = new Set(['pg10', 'pg15', 'pg18', 'blocks-32-1']);

for (const pack of PACKS) {
  describe(`${pack}, recorded`, () => {
    let recorded: Record<string, RecordedIncident>;

    before(() => {
      recorded = recordedIncidents(pack);
    });

    for (const walLevel of ['logical', 'replica']) {
      test(`at wal_level=${walLevel} what is written while reading is what would be written afterwards`, async () => {
        const plain = await readWriting(recorded[walLevel]);
        for (const ddl of [false, true]) {
          const request = { ...REDO, ddl };
          const afterwards = body(plain, request, plain.transactionsWithChanges(every(plain)));
          const incident = await readWriting(recorded[walLevel], request);
          const meanwhile = body(incident, request, incident.written(every(incident)));
          assert.deepEqual(meanwhile.files, afterwards.files);
          assert.deepEqual(meanwhile.figures, afterwards.figures);
          assert.ok(meanwhile.ahead > incident.length / 4, `${meanwhile.ahead} of ${incident.length}`);
          assert.ok(incident.wroteMostAhead);
          incident.close();
        }
        plain.close();
      });

      if (!ELSEWHERE.has(pack)) continue;
      test(`at wal_level=${walLevel} another thread writes the same of the same`, async () => {
        const here = await readWriting(recorded[walLevel], REDO);
        const expected = body(here, REDO, here.written(every(here)));
        // Rows that were put in are written by that thread, or by the one that reads.
        for (const much of [Number.POSITIVE_INFINITY, -1]) {
          const incident = await readElsewhere(recorded[walLevel], { much });
          assert.deepEqual(body(incident, REDO, incident.written(every(incident))), expected);
          assert.ok(incident.wroteMostAhead);
          incident.close();
        }
        here.close();
      });
    }
  });
}

describe('what was written while reading', () => {
  let recorded: RecordedIncident;
  let plain: OpenedIncident;

  before(async () => {
    recorded = recordedIncidents('pg15').logical;
    plain = await readWriting(recorded);
  });

  test('is made use of where all of a run is wanted, and nothing else is written', async () => {
    const incident = await readWriting(recorded, REDO);
    for (const wanted of [
      (i: number) => i % 7 !== 3,
      (i: number) => i > 20,
      (i: number) => i === 11,
      () => false,
    ]) {
      const indexes = every(plain, wanted);
      const afterwards = body(plain, REDO, plain.transactionsWithChanges(indexes));
      const meanwhile = body(incident, REDO, incident.written(indexes));
      assert.deepEqual(meanwhile.files, afterwards.files);
      assert.deepEqual(meanwhile.figures, afterwards.figures);
    }
    incident.close();
  });

  test('is not there for what is written in another way', async () => {
    for (const over of [
      { undo: true },
      { guard: true },
      { partitionRoot: true },
      { format: 'csv' },
    ] as const) {
      const incident = await readWriting(recorded, { ...REDO, ...over });
      assert.ok([...incident.written(every(incident))].every((each) => !('run' in each)));
      incident.close();
    }
  });

  test('by another thread leaves nothing out when that thread ends early', async () => {
    const indexes = every(plain);
    const expected = body(plain, REDO, plain.transactionsWithChanges(indexes));
    for (const last of [1, 30, 200]) {
      let isLost = false;
      const incident = await readElsewhere(recorded, {}, (rows, count) => {
        if (count !== last) return;
        rows.close();
        isLost = true;
      });
      assert.ok(isLost);
      const { files, figures } = body(incident, REDO, incident.written(indexes));
      assert.deepEqual(files, expected.files);
      assert.deepEqual(figures, expected.figures);
      incident.close();
    }
  });

  test('is written afterwards when the other thread dies for want of memory, or has no room on disk', async () => {
    const indexes = every(plain);
    const expected = body(plain, REDO, plain.transactionsWithChanges(indexes));
    for (const options of [{ megabytes: 1 }, { tempDir: '/nowhere', tempLimit: 0 }]) {
      const incident = await readElsewhere(recorded, options);
      const { files, figures, ahead } = body(incident, REDO, incident.written(indexes));
      assert.deepEqual(files, expected.files);
      assert.deepEqual(figures, expected.figures);
      if ('megabytes' in options) assert.equal(ahead, 0);
      incident.close();
    }
  });
});
