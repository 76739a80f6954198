/** The verdicts that are told without decoding rows are those of the full judgement, on every recorded incident. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { recordedIncidents } from './support/recorded.js';
import { assertToldVerdicts, readSides } from './support/told-verdicts.js';

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
