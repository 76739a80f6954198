/**
 * Temporary files may take nothing, and what was known of old rows is soon forgotten. A row of the catalog that was altered is told by
 * what it shares with the one before: where that cannot be had any more the table was not dropped, and nobody says so.
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { compare, read } from './fuzz/examine.js';
import { buildIncident } from './servers/incident.js';
import { stopAllServers } from './servers/server.js';
import { majors } from './support/matrix.js';

after(stopAllServers);

for (const major of majors(16)) {
  test(`without temporary files a table that was altered and emptied is not said to be dropped, PostgreSQL ${major}`, async () => {
    const built = await buildIncident({
      major,
      walLevel: 'replica',
      settings: { autovacuum: 'off' },
      before: async (old) => {
        await old.query(
          'CREATE TABLE counter (id int PRIMARY KEY, n int); INSERT INTO counter SELECT i, 0 FROM generate_series(1, 1500) i',
        );
        await old.query('CREATE TABLE altered (id int); INSERT INTO altered VALUES (1)');
        await old.query('CREATE TABLE renamed (id int)');
      },
      lost: async (old) => {
        for (const sql of [
          'ALTER TABLE altered SET (fillfactor = 90)',
          'ALTER TABLE renamed SET (fillfactor = 90)',
          'UPDATE counter SET n = n + 1',
          'ALTER TABLE altered SET (fillfactor = 80)',
          'TRUNCATE altered',
          'ALTER TABLE renamed SET (fillfactor = 80)',
          'ALTER TABLE renamed RENAME TO other',
          'ALTER TABLE altered SET (fillfactor = 70)',
        ])
          await old.query(sql);
      },
    });
    const { oldDataDirectory, newDataDirectory } = built;
    const whole = await read(oldDataDirectory, newDataDirectory);
    const less = await read(oldDataDirectory, newDataDirectory, 0);
    const outcome = compare(less, whole, 'none');
    assert.deepEqual(outcome, { kind: 'less, and said' });
    assert.ok(less.doubted);
  });
}
