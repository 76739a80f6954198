/**
 * What the crash left on disk of pg_class is younger than what was lost first: the rows that said what those tables are, were cleaned away,
 * and only an image of the page further on in WAL has them. Until it comes nobody knows whose rows these are.
 */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { type BuiltIncident, buildIncident, serverHashes } from './servers/incident.js';
import { type Server, stopAllServers } from './servers/server.js';
import { everythingLost, readIncident } from './support/against-the-server.js';
import { exportSql, runSql } from './support/exported-sql.js';
import { majors } from './support/matrix.js';

after(stopAllServers);
const MAJORS = majors(10, 18);

const WIDE = `(SELECT string_agg(md5(i::text), '') FROM generate_series(1, 400) i)`;

async function build(major: number): Promise<BuiltIncident> {
  const run = async (server: Server, statements: readonly string[]): Promise<void> => {
    for (const statement of statements) await server.query(statement);
  };
  return buildIncident({
    major,
    walLevel: 'replica',
    before: (old) =>
      run(old, [
        'CREATE TABLE orders (id int PRIMARY KEY, item text)',
        'ALTER TABLE orders ALTER item SET STORAGE EXTERNAL',
        `INSERT INTO orders SELECT i, 'item ' || i FROM generate_series(1, 20) i`,
        // So that nothing of what follows touches pg_class before its page is logged whole.
        'VACUUM FREEZE',
      ]),
    lost: (old) =>
      run(old, [
        `INSERT INTO orders VALUES (21, 'early')`,
        `INSERT INTO orders VALUES (22, ${WIDE})`,
        `UPDATE orders SET item = 'early' WHERE id = 1`,
        `UPDATE orders SET id = 102 WHERE id = 2`,
        'DELETE FROM orders WHERE id = 3',
        // Of this value nothing will be left on disk: its chunks are in WAL, in a TOAST table that nobody knows yet.
        `INSERT INTO orders VALUES (24, ${WIDE})`,
        'DELETE FROM orders WHERE id = 24',
        'CHECKPOINT',
        'ALTER TABLE orders SET (fillfactor = 70, toast.autovacuum_enabled = off)',
        'VACUUM pg_class',
        'VACUUM orders',
        'CHECKPOINT',
        `INSERT INTO orders VALUES (23, 'late')`,
      ]),
  });
}

for (const major of MAJORS) {
  describe(`PostgreSQL ${major}, a table whose description on disk is younger than what was lost of it`, {
    timeout: 120_000,
  }, () => {
    let built: BuiltIncident;

    test('an incident happens', async () => {
      built = await build(major);
    });

    test('the list counts rows by the table’s name, and none as undecodable that is shown', async () => {
      const incident = await readIncident(built);
      assert.equal(incident.length, 9);
      assert.equal(incident.places().reshaped, 7, 'the catalog is put right in the midst of reading');
      for (const { transaction, changes } of everythingLost(incident)) {
        if (transaction.changesCatalog) continue;
        assert.deepEqual(
          transaction.tables.map(({ schema, table }) => `${schema}.${table}`),
          ['public.orders'],
        );
        const undecodable = changes.filter(
          (each) => each.kind === 'undecodable' || (each.kind === 'row' && each.problem),
        );
        assert.deepEqual(undecodable, []);
        assert.equal(transaction.undecodable, 0);
      }
      const { loss } = incident.progress();
      assert.deepEqual(
        [loss.transactions, loss.inserts, loss.updates, loss.deletes, loss.undecodable, loss.tables],
        [9, 4, 2, 2, 0, ['public.orders']],
      );
      incident.close();
    });

    test('redo makes the new primary’s table the old one’s', async () => {
      const { sql, summary } = await exportSql(built, { ddl: true, guard: true });
      assert.deepEqual(summary.leftOutReasons, []);
      const server = await built.startAtFork();
      await runSql(server, sql);
      assert.deepEqual(await serverHashes(server), built.truth.oldHashes);
      await server.stop('immediate');
    });
  });
}
