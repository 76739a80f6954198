/** Every shape of fork that operators make, on real clusters: where it is, what was lost behind it, and how that is said. */
import assert from 'node:assert/strict';
import { chownSync, cpSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { formatLsn, type Lsn } from '../source/bytes/lsn.js';
import { parseHistoryFile } from '../source/timeline/history-file.js';
import { historyFileName } from '../source/wal/segment-name.js';
import { OWNER } from './servers/owner.js';
import { type Server, stopAllServers } from './servers/server.js';
import { temporaryDirectory } from './servers/temporary.js';
import { ask, follow, newPrimary, promoteAlone, recoverTo, standbyOf, write } from './support/nodes.js';

after(stopAllServers);

/** Where a node left a timeline, and why, in its own history file's words. */
function left(server: Server, timeline: number, parent: number): { at: Lsn; reason: string } {
  const path = join(server.dataDirectory, 'pg_wal', historyFileName(timeline));
  const entry = parseHistoryFile(readFileSync(path, 'utf8'), timeline, path).find(
    (each) => each.timeline === parent,
  )!;
  return { at: entry.end, reason: entry.reason };
}

describe('both sides promoted, and a third node as the new primary (PostgreSQL 10)', () => {
  let old: Server;
  let oldPromoted: Server;
  let second: Server;
  let third: Server;

  before(async () => {
    old = await newPrimary(10);
    await write(old, 'shared');
    await old.stop();
    second = await standbyOf(old);
    third = await standbyOf(old, second);
    await old.start();
    await second.start();
    await third.start();
    await write(old, 'shared too');
    await third.caughtUpWith(old);
    await second.stop();
    await third.stop();
    await write(old, 'lost 1', 'lost 2');
    await old.stop('kill');
    // The old primary, declared a primary of timeline 2 by somebody who did not know of the other promotion.
    oldPromoted = await old.copy();
    await promoteAlone(oldPromoted);
    await write(oldPromoted, 'lost 3');
    await oldPromoted.stop('kill');
    await second.start();
    await second.promote();
    await third.start();
    await write(second, 'kept');
    await third.caughtUpWith(second);
    await third.stop();
    await write(second, 'lost of the second');
    await second.stop('kill');
    await third.start();
    await third.promote();
    await write(third, 'after');
    await third.stop();
  });

  test('the third node, two promotions on: the fork is the first one', async () => {
    const { at } = left(second, 2, 1);
    const answer = await ask(old, third);
    assert.equal(answer.fork, `1 ${formatLsn(at)}`);
    assert.deepEqual(answer.lost, ['lost 1', 'lost 2']);
    assert.deepEqual(
      answer.overview.new.history.map(({ timeline }) => timeline),
      [1, 2],
    );
  });

  test('the second node against the third: the fork is the second promotion', async () => {
    const answer = await ask(second, third);
    assert.equal(answer.fork, `2 ${formatLsn(left(third, 3, 2).at)}`);
    assert.deepEqual(answer.lost, ['lost of the second']);
  });

  test('both promoted to timeline 2: what the old one wrote on its own timeline 2 is lost too', async () => {
    for (const fresh of [second, third]) {
      const answer = await ask(oldPromoted, fresh);
      assert.equal(answer.fork, `1 ${formatLsn(left(second, 2, 1).at)}`);
      assert.deepEqual(answer.lost, ['lost 1', 'lost 2', 'lost 3']);
      assert.match(answer.said, /independently under the same number/);
      assert.match(answer.said, /from the fork on the two differ/);
    }
  });
});

describe('a chain of failovers back and forth (PostgreSQL 12)', () => {
  /** The same two machines in turn, as each failover left them. */
  const stages: Server[] = [];
  let stranger: Server;

  before(async () => {
    let primary = await newPrimary(12);
    await write(primary, 'shared');
    for (let stage = 0; stage < 3; stage++) {
      await primary.stop();
      const standby = await standbyOf(primary);
      await primary.start();
      await standby.start();
      await write(primary, `kept ${stage}`);
      await standby.caughtUpWith(primary);
      await standby.stop();
      if (stage === 0) stranger = await standby.copy();
      await write(primary, `lost ${stage}`);
      await primary.stop('kill');
      stages.push(primary);
      await standby.start();
      await standby.promote();
      primary = standby;
    }
    await write(primary, 'after');
    await primary.stop();
    stages.push(primary);
    // It saw in the archive that timelines 2 to 4 exist, replayed none of them, and takes the next number.
    for (let timeline = 2; timeline <= 4; timeline++) {
      const [from, to] = [primary, stranger].map(({ dataDirectory }) =>
        join(dataDirectory, 'pg_wal', historyFileName(timeline)),
      );
      cpSync(from, to);
      chownSync(to, OWNER.uid, OWNER.gid);
    }
    await promoteAlone(stranger);
    await write(stranger, 'on timeline 5');
    await stranger.stop();
  });

  test('each former primary forks from the last one where the next was promoted', async () => {
    for (let stage = 0; stage < 3; stage++) {
      const answer = await ask(stages[stage], stages[3]);
      const timeline = stage + 1;
      assert.equal(answer.fork, `${timeline} ${formatLsn(left(stages[3], 4, timeline).at)}`);
      assert.deepEqual(answer.lost, [`lost ${stage}`]);
      assert.match(answer.said, /Verified: the [\d,]+ bytes of WAL before it/);
    }
  });

  test('a history that misses timelines its node never replayed still has the fork', async () => {
    const text = readFileSync(join(stranger.dataDirectory, 'pg_wal', '00000005.history'), 'utf8');
    assert.deepEqual(
      parseHistoryFile(text, 5, 'x').map(({ timeline }) => timeline),
      [1, 5],
    );
    const first = await ask(stages[0], stranger);
    assert.equal(first.fork, `1 ${formatLsn(left(stranger, 5, 1).at)}`);
    assert.deepEqual(first.lost, ['lost 0']);
    // The last primary of the chain, given up for the stranger: all that came after timeline 1 is lost.
    const last = await ask(stages[3], stranger);
    assert.equal(last.fork, first.fork);
    assert.deepEqual(last.lost, ['kept 1', 'kept 2', 'after']);
  });
});

describe('recovered to a point in time, broken off, started again (PostgreSQL 14)', () => {
  let archive: string;
  let old: Server;
  let recovered: Server;
  let fresh: Server;
  let switched: Lsn;

  before(async () => {
    archive = temporaryDirectory('archive');
    old = await newPrimary(14, {
      archive_mode: 'on',
      archive_command: `cp %p ${archive}/%f`,
      wal_buffers: '32kB',
    });
    await write(old, 'shared');
    await old.stop();
    recovered = await old.copy();
    fresh = await standbyOf(old);
    await old.start();
    await fresh.start();
    await write(old, 'kept');
    await old.query(`SELECT pg_create_restore_point('before the accident')`);
    await write(old, 'the accident', 'work since');
    await fresh.caughtUpWith(old);
    await fresh.stop();
    await write(old, 'lost');
    await old.query('SELECT pg_switch_wal()');
    await recoverTo(recovered, {
      archive_mode: 'off',
      restore_command: `cp ${archive}/%f %p`,
      recovery_target_name: 'before the accident',
    });
    await write(recovered, 'after the recovery');
    await recovered.stop();
    // More than WAL buffers hold: whole pages are written while the transaction runs, and the last record is cut where a page ends.
    const client = await old.connect();
    await client.query('BEGIN');
    await client.query(
      `INSERT INTO work (note) SELECT repeat(md5(g::text), 40) FROM generate_series(1, 2000) g`,
    );
    await old.stop('kill');
    await fresh.start();
    await fresh.promote();
    await write(fresh, 'after');
    await fresh.stop();
    switched = left(fresh, 2, 1).at;
  });

  test('a node recovered to a point in time forked in the past, for the reason its history gives', async () => {
    const { at, reason } = left(recovered, 2, 1);
    const answer = await ask(old, recovered);
    assert.equal(answer.fork, `1 ${formatLsn(at)}`);
    assert.deepEqual(answer.lost, ['the accident', 'work since', 'lost']);
    assert.match(reason, /at restore point "before the accident"/);
    assert.equal(answer.overview.new.history[0].reason, reason);
  });

  test('the old primary crashed in the middle of a record: what was committed before is there', async () => {
    const answer = await ask(old, fresh);
    assert.equal(answer.fork, `1 ${formatLsn(switched)}`);
    assert.deepEqual(answer.lost, ['lost']);
    assert.equal(answer.incomplete, false, answer.said);
    assert.equal(answer.overview.old.endLsn % 8192 === 0, false);
  });

  test('started again after the promotion: its own later writes are lost too', async () => {
    const again = await old.copy();
    await again.start();
    await write(again, 'late');
    await again.query('CHECKPOINT');
    await write(again, 'later');
    await again.stop('kill');
    const answer = await ask(again, fresh);
    assert.equal(answer.fork, `1 ${formatLsn(switched)}`);
    assert.deepEqual(answer.lost, ['lost', 'late', 'later']);
    assert.equal(answer.incomplete, false, answer.said);
  });
});

describe('timelines past 0000000A, clean ends, and an old primary that follows the new one (PostgreSQL 18)', () => {
  let old: Server;
  let fresh: Server;
  let behind: Server;
  let ancestor: Server;
  let switched: Lsn;

  before(async () => {
    old = await newPrimary(18);
    await write(old, 'shared');
    for (let timeline = 2; timeline <= 11; timeline++) {
      await old.stop();
      await promoteAlone(old);
    }
    await old.stop();
    fresh = await standbyOf(old);
    ancestor = await standbyOf(old);
    await old.start();
    await fresh.start();
    await ancestor.start();
    await write(old, 'kept');
    await ancestor.caughtUpWith(old);
    await ancestor.stop();
    await write(old, 'kept too');
    await fresh.caughtUpWith(old);
    await fresh.stop();
    behind = await fresh.copy();
    await write(old, 'lost');
    await old.stop();
    await fresh.start();
    await fresh.promote();
    await write(fresh, 'after');
    switched = left(fresh, 12, 11).at;
  });

  test('history files are numbered in hexadecimal', async () => {
    assert.ok(existsSync(join(fresh.dataDirectory, 'pg_wal', '0000000C.history')));
    const answer = await ask(old, fresh);
    assert.equal(answer.fork, `11 ${formatLsn(switched)}`);
    assert.equal(answer.overview.new.timeline, 12);
    assert.equal(answer.overview.old.state, 'shut down');
    assert.deepEqual(answer.lost, ['lost']);
    assert.equal(answer.incomplete, false, answer.said);
  });

  test('an old side that is a plain ancestor lost nothing', async () => {
    const answer = await ask(ancestor, fresh);
    assert.equal(answer.overview.fork.diverged, false);
    assert.deepEqual(answer.lost, []);
    assert.match(answer.said, /the new primary has everything it had/);
  });

  test('a new side that is behind and was not promoted has not forked yet', async () => {
    const answer = await ask(old, behind);
    assert.equal(answer.fork, `11 ${formatLsn(switched)}`);
    assert.deepEqual(answer.lost, ['lost']);
    assert.match(answer.said, /has not forked yet/);
  });

  test('set to follow the new primary without being rewound, the old one keeps what it lost', async () => {
    const follower = await old.copy();
    follow(follower, fresh);
    await follower.start();
    // The new primary's history does not hold what it has replayed: it waits for ever.
    const refused =
      /new timeline 12 forked off current database system timeline 11 before current recovery point|not in this server's history/;
    while (!refused.test(follower.log())) await new Promise((resolve) => setTimeout(resolve, 20));
    await follower.stop('fast');
    const answer = await ask(follower, fresh);
    assert.equal(answer.fork, `11 ${formatLsn(switched)}`);
    assert.deepEqual(answer.lost, ['lost']);
  });

  test('rebuilt as a standby of the new primary, it is not said that nothing was lost', async () => {
    await fresh.stop();
    const rebuilt = await standbyOf(fresh);
    await fresh.start();
    await rebuilt.start();
    await rebuilt.caughtUpWith(fresh);
    await rebuilt.stop();
    const answer = await ask(rebuilt, fresh);
    assert.deepEqual(answer.lost, []);
    assert.equal(answer.incomplete, true);
    assert.match(answer.said, /standby .* timeline 12/);
  });
});
