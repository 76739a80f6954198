/**
 * The verdicts that are told without decoding rows are those of the full judgement: on every recorded incident, and on random work that
 * leaves many of them to be told (FORKPOINT_SEEDS=1-20 tries other seeds; random-work.test.ts tries work of any kind).
 */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { buildIncident } from './servers/incident.js';
import { stopAllServers } from './servers/server.js';
import { RandomWork } from './support/random-work.js';
import { recordedIncidents } from './support/recorded.js';
import { assertToldVerdicts, readSides } from './support/told-verdicts.js';

after(stopAllServers);

const [first, last = first] = (process.env['FORKPOINT_SEEDS'] ?? '5').split('-').map(Number);

for (let seed = first; seed <= last; seed++) {
  const walLevel = seed % 2 === 0 ? 'replica' : 'logical';
  test(`of random work of seed ${seed} at wal_level=${walLevel} that takes no key again, verdicts are told as the rows tell them`, async (context) => {
    const work = new RandomWork({ major: 16, seed, ddl: false, keepKeys: true });
    const built = await buildIncident({
      major: 16,
      walLevel,
      walSegmentSizeMb: 1,
      decode: false,
      settings: { wal_keep_size: '512MB' },
      before: (old) => work.setUp(old),
      shared: (old) => work.workShared(old),
      lost: (old) => work.workAlone(old),
      after: (promoted) => work.workOnNewPrimary(promoted),
    });
    const sides = await readSides(built);
    const told = await assertToldVerdicts(sides);
    context.diagnostic(`${told} told of ${sides.old.length} transactions, ${work.summary}`);
    assert.ok(told > 0);
    sides.close();
  });
}

for (const major of [10, 11, 12, 13, 14, 15, 16, 17, 18]) {
  describe(`PostgreSQL ${major}, recorded`, () => {
    for (const [walLevel, recorded] of Object.entries(recordedIncidents(`pg${major}`))) {
      test(`at wal_level=${walLevel} no verdict told without rows differs from that of the rows`, async () => {
        const sides = await readSides(recorded);
        assert.ok((await assertToldVerdicts(sides)) > 0, 'some are told');
        sides.close();
      });
    }
  });
}
