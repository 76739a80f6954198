/**
 * DDL in the lost part: rows before, between and after it are what the server decodes, and the statements that are put back from the
 * catalog's rows make another server's definitions and rows those of the crashed one.
 */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { textLine } from '../source/commands/list.js';
import { type BuiltIncident, buildIncident, serverHashes } from './servers/incident.js';
import { stopAllServers } from './servers/server.js';
import { assertEqualsTruth, everythingLost, readIncident } from './support/against-the-server.js';
import { BEFORE, lostDdl, ON_NEW_PRIMARY, UNDOABLE, UNTOLD } from './support/ddl-workload.js';
import { definitions } from './support/definitions.js';
import { exportSql, runStatements } from './support/exported-sql.js';
import { majors, matrix } from './support/matrix.js';

after(stopAllServers);

/** Where one server is enough. */
const NEWEST = majors(18).at(-1)!;

for (const { major, walLevel } of matrix([10, 15, 18], ['replica'])) {
  describe(`DDL lost by PostgreSQL ${major}, wal_level=${walLevel}`, { timeout: 300_000 }, () => {
    let built: BuiltIncident;

    test('an incident happens', async () => {
      built = await buildIncident({
        major,
        walLevel,
        walSegmentSizeMb: major >= 11 ? 1 : undefined,
        settings: major >= 13 ? { wal_keep_size: '64MB' } : { wal_keep_segments: 64 },
        before: async (old) => {
          await old.query(BEFORE);
        },
        lost: async (old) => {
          const client = await old.connect();
          for (const sql of lostDdl(major)) await client.query(sql);
          await client.end();
        },
        after: async (promoted) => {
          await promoted.query(ON_NEW_PRIMARY);
        },
      });
    });

    test('rows before, between and after DDL are what the server decodes', async () => {
      const incident = await readIncident(built);
      if (built.truth.transactions) assertEqualsTruth(incident, built.truth.transactions);
      assert.equal(incident.progress().loss.undecodable, 0);
      incident.close();
    });

    test('redo with --ddl makes definitions and rows those of the old primary, and leaves nothing out', async () => {
      const { sql, summary } = await exportSql(built, { ddl: true });
      assert.deepEqual(summary.leftOutReasons, []);
      const [old, fresh] = [await built.startOld(), await built.startAtFork()];
      await runStatements(fresh, sql);
      assert.deepEqual(await definitions(fresh), await definitions(old));
      assert.deepEqual(await serverHashes(fresh), built.truth.oldHashes);
      await old.stop('immediate');
      await fresh.stop('immediate');
    });

    test('DDL is judged by what the new primary has of its name, and rows by the transaction that made their table', async () => {
      const incident = await readIncident(built);
      await incident.judge();
      const all = everythingLost(incident);
      const verdictOf = (description: string): string => {
        const found = all.find(({ changes }) =>
          changes.some((change) => change.kind === 'catalog' && change.description.startsWith(description)),
        );
        assert.ok(found, description);
        return incident.transaction(found.transaction.index).verdict;
      };
      assert.equal(verdictOf('creates table public.made'), 'exists', incident.overview().warnings.join('\n'));
      assert.equal(verdictOf('creates table public.with_serial'), 'clean');
      assert.equal(verdictOf('creates table public.copied'), 'clean');
      assert.equal(verdictOf('drops tables public.doomed, public.doomed_too'), 'changed');
      assert.equal(verdictOf('renames table public.swap_a to '), 'changed');
      assert.equal(verdictOf('creates type public.place'), 'clean');
      const rows = all.find(
        ({ changes }) =>
          changes.every((each) => each.kind !== 'catalog') &&
          changes.some((each) => each.kind === 'row' && each.table.name === 'with_serial'),
      );
      assert.ok(rows);
      assert.equal(incident.transaction(rows.transaction.index).verdict, 'dependency');
      assert.equal(incident.dependencies(rows.transaction.index).length, 1);
      for (const { transaction, changes } of all) {
        const said = changes.flatMap((each) => (each.kind === 'catalog' ? [each.description] : []));
        const { definitions: listed } = incident.transaction(transaction.index);
        assert.deepEqual(listed ?? [], [...new Set(said)].slice(0, 4), 'the list says what the detail says');
        if (said.length > 0) assert.match(textLine(incident.transaction(transaction.index)), /\(DDL: [^)]/);
      }
      incident.close();
    });
  });
}

describe(`Rows of a table that PostgreSQL ${NEWEST} has no more, or never had, as new primary`, {
  timeout: 300_000,
}, () => {
  test('build on the lost transaction that wrote them before, not only on the one that made the table', async () => {
    const built = await buildIncident({
      major: NEWEST,
      walLevel: 'replica',
      decode: false,
      before: async (old) => {
        await old.query('CREATE TABLE gone (id int PRIMARY KEY, v int)');
      },
      lost: async (old) => {
        await old.query('CREATE TABLE made (id int PRIMARY KEY, v int)');
        await old.query('INSERT INTO made VALUES (1, 1), (2, 2)');
        await old.query('UPDATE made SET v = 5 WHERE id = 1');
        await old.query('INSERT INTO gone VALUES (1, 1)');
        await old.query('DELETE FROM gone WHERE id = 1');
      },
      after: async (promoted) => {
        await promoted.query('DROP TABLE gone');
      },
    });
    const incident = await readIncident(built);
    await incident.judge();
    assert.deepEqual(
      Array.from({ length: incident.length }, (_, index) => incident.dependencies(index)),
      [[], [0], [0, 1], [], [3]],
    );
    incident.close();
  });
});

describe(`DDL undone on PostgreSQL ${NEWEST}`, { timeout: 300_000 }, () => {
  test('undo with --ddl makes definitions and rows what they were at the fork', async () => {
    const built = await buildIncident({
      major: NEWEST,
      walLevel: 'replica',
      before: async (old) => {
        await old.query(BEFORE);
      },
      lost: async (old) => {
        const client = await old.connect();
        for (const sql of UNDOABLE) await client.query(sql);
        await client.end();
      },
    });
    const { sql, summary } = await exportSql(built, { undo: true, ddl: true });
    assert.deepEqual(summary.leftOutReasons, []);
    const [old, fork] = [await built.startOld(), await built.startAtFork()];
    await runStatements(old, sql);
    assert.deepEqual(await definitions(old), await definitions(fork));
    assert.deepEqual(await serverHashes(old), built.truth.forkHashes);
    await old.stop('immediate');
    await fork.stop('immediate');
  });
});

describe(`DDL that cannot be told on PostgreSQL ${NEWEST}`, { timeout: 300_000 }, () => {
  test('is named, with the reason, counted as left out, and never guessed', async () => {
    const built = await buildIncident({
      major: NEWEST,
      walLevel: 'replica',
      before: async (old) => {
        await old.query(BEFORE);
      },
      lost: async (old) => {
        const client = await old.connect();
        for (const [sql] of UNTOLD) await client.query(sql);
        await client.end();
      },
    });
    const { sql, summary } = await exportSql(built, { ddl: true });
    for (const [what, said] of UNTOLD)
      assert.ok(
        summary.leftOutReasons.some((reason) => said.test(reason)),
        `${what}\n${summary.leftOutReasons.join('\n')}`,
      );
    assert.doesNotMatch(sql, /^(?:CREATE (?:VIEW|FUNCTION|TRIGGER)|GRANT|COMMENT|ALTER TABLE .* TYPE)/m);
    assert.match(sql, /^-- LEFT OUT: DDL at LSN [0-9A-F]+\/[0-9A-F]+: creates view public\.looking/m);
    assert.match(sql, /^-- NOT WHOLE: adds column random/m);
    // What is left runs as it is.
    const fork = await built.startAtFork();
    await runStatements(fork, sql);
    await fork.stop('immediate');
  });
});
