/**
 * The fork against PostgreSQL's own word: wherever pg_rewind of the same major answers, it says the same. And where histories are
 * broken or missing, so that neither can tell: the fork named by hand.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ForkpointError } from '../source/bytes/errors.js';
import { formatLsn, type Lsn, parseLsn } from '../source/bytes/lsn.js';
import { type Server, stopAllServers } from './servers/server.js';
import { type Answer, ask, newPrimary, promoteAlone, recoverTo, standbyOf, write } from './support/nodes.js';
import { findPgRewind, pgRewind, type RewindAnswer } from './support/pg-rewind.js';
import { CLI } from './support/program.js';
import { startPty } from './support/pty-driver.js';
import { scratchDirectory } from './support/scratch.js';

const MAJOR = 15;
const rewind = findPgRewind(MAJOR);
const without = rewind === undefined && `there is no pg_rewind of PostgreSQL ${MAJOR} on this machine`;

let old: Server;
let fresh: Server;
/** The old primary, recovered and stopped cleanly: what pg_rewind wants of its target. */
let oldStopped: Server;
/** The old primary, promoted by itself: to the same timeline number as the new one, and once more to another. */
let oldPromoted: Server;
let oldPromotedTwice: Server;
let third: Server;
let recovered: Server;
let left: Server;
/** Stopped cleanly while the standby followed, and that standby promoted. */
let handedOver: Server;
let successor: Server;
const scratch = scratchDirectory('forks');

before(async () => {
  old = await newPrimary(MAJOR);
  await write(old, 'shared');
  await old.stop();
  recovered = await old.copy();
  fresh = await standbyOf(old);
  third = await standbyOf(old, fresh);
  await old.start();
  await fresh.start();
  await third.start();
  await write(old, 'kept');
  await old.query(`SELECT pg_create_restore_point('here')`);
  await old.query('CHECKPOINT');
  await write(old, 'kept too');
  await third.caughtUpWith(old);
  await fresh.stop();
  await third.stop();
  await write(old, 'lost');
  await old.query('CHECKPOINT');
  await write(old, 'lost too');
  await old.stop('kill');

  // Recovery to a point takes the WAL from the old primary's directory.
  execFileSync('cp', ['-a', `${old.dataDirectory}/pg_wal/.`, `${recovered.dataDirectory}/pg_wal`]);
  await recoverTo(recovered, { restore_command: 'false', recovery_target_name: 'here' });
  await write(recovered, 'after the recovery');
  await recovered.stop();

  oldStopped = await old.copy();
  await oldStopped.start();
  await oldStopped.stop();
  oldPromoted = await old.copy();
  await promoteAlone(oldPromoted);
  await write(oldPromoted, 'lost on timeline 2');
  await oldPromoted.stop();
  oldPromotedTwice = await oldPromoted.copy();
  await promoteAlone(oldPromotedTwice);
  await write(oldPromotedTwice, 'lost on timeline 3');
  await oldPromotedTwice.stop();

  await fresh.start();
  await fresh.promote();
  await third.start();
  await write(fresh, 'after');
  await third.caughtUpWith(fresh);
  await third.stop();
  left = await third.copy();
  await write(fresh, 'lost of the second');
  await fresh.stop();
  await third.start();
  await third.promote();
  await write(third, 'after all');
  await third.stop();

  handedOver = await third.copy();
  successor = await standbyOf(third);
  await handedOver.start();
  const primary_conninfo = `host=${handedOver.socketDirectory} port=${handedOver.port} user=postgres`;
  successor.configure({ primary_conninfo });
  await successor.start();
  await write(handedOver, 'handed over');
  await successor.caughtUpWith(handedOver);
  await handedOver.stop();
  await successor.promote();
  await write(successor, 'taken over');
  await successor.stop();
});

after(stopAllServers);

/** Our answer in pg_rewind's terms. */
function inItsTerms({ overview: { fork } }: Answer): RewindAnswer {
  if (!fork.diverged) return { kind: 'not required' };
  const at = (place: { timeline: number; lsn: Lsn }) => `${place.timeline} ${formatLsn(place.lsn)}`;
  return { kind: 'rewind', fork: at(fork), checkpoint: at(fork.lastCommonCheckpoint!) };
}

describe(`pg_rewind of PostgreSQL ${MAJOR} says the same`, () => {
  /** Name, target, source, and what is lost. */
  const shapes: readonly [string, () => [Server, Server], readonly string[]][] = [
    ['one promotion', () => [oldStopped, fresh], ['lost', 'lost too']],
    ['a third node as the new primary', () => [oldStopped, third], ['lost', 'lost too']],
    ['the second of two promotions', () => [fresh, third], ['lost of the second']],
    [
      'both promoted, to different numbers',
      () => [oldPromotedTwice, fresh],
      ['lost', 'lost too', 'lost on timeline 2', 'lost on timeline 3'],
    ],
    [
      'both promoted, one of them twice',
      () => [oldPromoted, third],
      ['lost', 'lost too', 'lost on timeline 2'],
    ],
    ['recovered to a point in time', () => [oldStopped, recovered], ['kept too', 'lost', 'lost too']],
    [
      'the new primary given up for one in the past',
      () => [third, recovered],
      ['kept too', 'after', 'after all'],
    ],
    ['a handover, the old one stopped first', () => [handedOver, successor], []],
  ];
  for (const [name, nodes, lost] of shapes) {
    test(name, { skip: without }, async () => {
      const [target, source] = nodes();
      const answer = await ask(target, source);
      assert.deepEqual(inItsTerms(answer), pgRewind(rewind!, target, source));
      assert.deepEqual(answer.lost, lost);
    });
  }

  test('it takes two promotions to the same number for one history: there we know better', {
    skip: without,
  }, async () => {
    assert.deepEqual(pgRewind(rewind!, oldPromoted, fresh), { kind: 'not required' });
    const answer = await ask(oldPromoted, fresh);
    assert.deepEqual(answer.lost, ['lost', 'lost too', 'lost on timeline 2']);
    assert.equal(answer.fork, (await ask(oldStopped, fresh)).fork);
  });

  test('it fails on a standby that stopped before the promotion: there we say that nothing was lost', {
    skip: without,
  }, async () => {
    assert.throws(() => pgRewind(rewind!, left, third), /could not find previous WAL record/);
    assert.equal((await ask(left, third)).overview.fork.diverged, false);
  });

  test('and once it has rewound the old primary, we do not say that nothing was lost', {
    skip: without,
  }, async () => {
    const target = await oldStopped.copy();
    pgRewind(rewind!, target, fresh, true);
    writeFileSync(join(target.dataDirectory, 'standby.signal'), '');
    const answer = await ask(target, fresh);
    assert.equal(answer.incomplete, true);
    assert.match(answer.said, /it has been rewound or rebuilt|there is WAL of timeline 1 from behind/);
  });
});

describe('history files that cannot be believed', () => {
  let switched: Lsn;
  let text: string;

  before(() => {
    text = readFileSync(join(fresh.dataDirectory, 'pg_wal', '00000002.history'), 'utf8');
    switched = parseLsn(text.split('\t')[1])!;
  });

  const withHistory = (name: string, content: string | Buffer | undefined): string => {
    const copy = join(scratch, name);
    cpSync(fresh.dataDirectory, copy, { recursive: true });
    const path = join(copy, 'pg_wal', '00000002.history');
    if (content === undefined) rmSync(path);
    else writeFileSync(path, content);
    return copy;
  };
  const complaint = async (asking: Promise<unknown>): Promise<string> => {
    const error = await asking.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    assert.ok(error instanceof ForkpointError, String(error));
    return error.message;
  };

  const broken: readonly [string, () => string | Buffer, RegExp][] = [
    ['empty', () => '', /timeline 2 must have a parent/],
    ['garbage', () => Buffer.from([0x00, 0xff, 0x1b, 0x5b, 0x32, 0x4a]), /expected a numeric timeline ID/],
    [
      'another timeline’s',
      () => `${text}2\t0/FFFFFF0\tno reason\n`,
      /line 2.*|less than the child timeline's ID, 2/,
    ],
    ['out of order', () => `1\t0/2000000\tx\n1\t0/1000000\tx\n`, /line 2/],
    ['cut short', () => '1\t0/', /write-ahead log switchpoint location/],
  ];
  for (const [name, content, rule] of broken) {
    test(`${name}: refused with file, line and rule; read with the fork named by hand`, async () => {
      const copy = withHistory(name, content());
      const said = await complaint(ask(old, copy));
      assert.match(said, rule);
      assert.match(said, /00000002\.history, line \d+.*--fork/);
      assert.doesNotMatch(said, /\u001b/);
      const answer = await ask(old, copy, { fork: switched });
      assert.equal(answer.fork, `1 ${formatLsn(switched)}`);
      assert.deepEqual(answer.lost, ['lost', 'lost too']);
      assert.match(answer.said, /named by hand/);
      assert.match(answer.said, /Verified: the [\d,]+ bytes of WAL before it/);
      assert.match(answer.said, /Verified: from the fork on the two differ/);
    });
  }

  test('a sound history in another place is used instead of the broken one', async () => {
    const copy = withHistory('replaced', 'nonsense');
    const answer = await ask(old, copy, { newWal: [join(fresh.dataDirectory, 'pg_wal')] });
    assert.equal(answer.fork, `1 ${formatLsn(switched)}`);
    assert.deepEqual(answer.lost, ['lost', 'lost too']);
  });

  test('on the screen: refused with file and line, then opened with the fork typed in', async () => {
    const pty = startPty({
      file: process.execPath,
      args: [CLI, old.dataDirectory, withHistory('on-screen', '1\t0/\n')],
      env: { HOME: scratch, XDG_STATE_HOME: join(scratch, 'state') },
      columns: 100,
      rows: 30,
    });
    try {
      await pty.see('invalid timeline history', /00000002\.history, +line 1/, 'f fork');
      await pty.press('f');
      await pty.type(formatLsn(switched));
      await pty.press('enter');
      await pty.see(`The fork is named by hand: ${formatLsn(switched)}`);
      await pty.press('enter');
      await pty.see(`fork at ${formatLsn(switched)}`, 'LOST  2 transactions');
    } finally {
      pty.kill('SIGKILL');
    }
  });

  test('a fork named by hand is not believed against the WAL', async () => {
    const copy = withHistory('named', undefined);
    assert.match(await complaint(ask(old, copy)), /share no timeline.*00000002\.history was not found/);
    assert.match(await complaint(ask(old, copy, { fork: switched + 8 })), /inside a record .*--fork/);
    const { overview } = await ask(old, fresh);
    const later = overview.old.endLsn;
    const earlier = overview.fork.lastCommonCheckpoint!.lsn;
    for (const wrong of [later, earlier]) {
      const said = await complaint(ask(old, copy, { fork: wrong }));
      assert.match(said, new RegExp(`cannot be at ${formatLsn(wrong)}.*--fork ${formatLsn(switched)}`));
    }
    assert.equal((await ask(old, copy, { fork: switched })).fork, `1 ${formatLsn(switched)}`);
  });
});
