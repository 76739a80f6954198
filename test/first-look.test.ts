/** What is shown before reading has reached it: nothing of it may be wrong, and nothing may jump when the reading takes its place. */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { ForkpointError } from '../source/bytes/errors.js';
import type { ListView } from '../source/incident/client.js';
import { LocalClient } from '../source/incident/local-client.js';
import type { ListedTransaction, Progress } from '../source/incident/model.js';
import { openIncident } from '../source/incident/open.js';
import { createWorkerClient } from '../source/incident/worker-client.js';
import type { FirstLooked } from '../source/transactions/first-look.js';
import { rowCount } from '../source/transactions/transaction.js';
import { readIncident } from './support/against-the-server.js';
import { FakeClient } from './support/fake-client.js';
import { type RecordedIncident, recordedIncidents } from './support/recorded.js';
import { startTui } from './support/tui-driver.js';

/** An incident of which a first look is all there is of ten transactions, until reading reaches them. */
class LookedAt extends FakeClient {
  reached = false;

  constructor() {
    super({ transactions: 12, atOnce: 0 });
  }

  override async view(): Promise<ListView> {
    const view = await super.view();
    return this.reached ? view : { ...view, firstLook: 10 };
  }

  override async rows(from: number, count: number): Promise<ListedTransaction[]> {
    if (this.reached) return super.rows(from, count);
    return (await this.#looks()).slice(from, from + count);
  }

  override async locate(text: string): Promise<number | undefined> {
    return this.reached ? super.locate(text) : undefined;
  }

  /** Two at the beginning were not seen: that they are lost is only known once all is read. */
  async #looks(): Promise<ListedTransaction[]> {
    const rows = await new FakeClient({ transactions: 12 }).transactions([2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    return rows.map((row, line) => ({ ...row, index: -1 - line, verdict: 'pending', firstLook: true }));
  }
}

describe('a first look at what was lost', () => {
  let recorded: Record<string, RecordedIncident>;

  before(() => {
    recorded = recordedIncidents('pg16');
  });

  for (const walLevel of ['logical', 'replica']) {
    it(`sees at wal_level=${walLevel} what reading finds to be committed, in its order, before it is known where to begin`, async () => {
      const directories = recorded[walLevel];
      let seen: readonly FirstLooked[] = [];
      const opened = await openIncident(
        { old: directories.oldDataDirectory, new: directories.newDataDirectory },
        {
          early: ({ look }) => {
            while (look.step(1000));
            seen = look.transactions;
          },
        },
      );
      opened.close();
      const incident = await readIncident(directories);
      const lost = Array.from({ length: incident.length }, (_, index) => incident.transaction(index));
      incident.close();
      assert.ok(seen.length > 100, `it saw ${seen.length}`);
      const byLsn = new Map(lost.map((transaction) => [transaction.commitLsn, transaction]));
      for (const { xid, commitLsn, commitEndLsn, commitTime, updates, deletes } of seen) {
        const known = byLsn.get(commitLsn);
        if (!known) {
          // Some wrote into what only looked like tables.
          continue;
        }
        assert.equal(known.state, 'committed');
        assert.deepEqual(
          { xid, commitEndLsn, commitTime },
          { xid: known.xid, commitEndLsn: known.commitEndLsn, commitTime: known.commitTime },
        );
        if (known.straddlesFork || known.changesCatalog) continue;
        assert.equal(updates, known.updates);
        assert.ok(deletes >= known.deletes);
      }
      const seenAt = new Set(seen.map(({ commitLsn }) => commitLsn));
      const last = seen[seen.length - 1].commitLsn;
      const unseen = lost.filter(
        (each) =>
          each.state === 'committed' &&
          each.commitLsn <= last &&
          !each.straddlesFork &&
          rowCount(each) > 0 &&
          !seenAt.has(each.commitLsn),
      );
      assert.deepEqual(
        unseen.map(({ xid }) => xid),
        [],
      );
      assert.ok([...seenAt].filter((lsn) => !byLsn.has(lsn)).length * 20 < seen.length);
    });
  }

  it('stands in the list at once and gives way to what is read, each transaction once and all in commit order', async () => {
    const { oldDataDirectory, newDataDirectory } = recorded.logical;
    const client = new LocalClient();
    let looks = 0;
    const checks: Promise<void>[] = [];
    const check = async (): Promise<void> => {
      const { length, firstLook = 0 } = await client.view();
      const rows = await client.rows(0, length + firstLook);
      const lsns = rows.map(({ commitLsn, state }) => (state === 'prepared' ? Number.MAX_VALUE : commitLsn));
      assert.deepEqual(
        lsns,
        [...lsns].sort((a, b) => a - b),
      );
      assert.equal(new Set(rows.map(({ commitLsn }) => commitLsn)).size, rows.length);
      for (const { firstLook: only, index, verdict } of rows) {
        assert.equal(only === true, index < 0);
        if (only) assert.equal(verdict, 'pending');
      }
      looks = Math.max(looks, firstLook);
    };
    const done = new Promise<void>((resolve) => {
      client.onProgress(({ phase, firstSight }) => {
        checks.push(check());
        assert.equal(firstSight !== undefined, phase === 'opening');
        if (firstSight)
          checks.push(
            client.rows(0, firstSight.lines.length).then((rows) => {
              assert.deepEqual(firstSight.lines, rows);
              assert.ok(firstSight.length >= rows.length);
            }),
          );
        if (phase === 'opening')
          checks.push(
            client.view().then((view) => {
              assert.equal(view.length, 0);
              assert.equal(view.growing, true);
            }),
          );
        if (phase === 'done' || phase === 'failed') resolve();
      });
    });
    await client.open({ old: oldDataDirectory, new: newDataDirectory });
    await done;
    await Promise.all(checks);
    assert.ok(looks > 0);
    assert.equal((await client.view()).firstLook, 0);
    await client.close();
  });

  it('asks what a filter hides only of what is read, and waits with questions about rows until they can be answered', async () => {
    const { oldDataDirectory, newDataDirectory } = recorded.logical;
    const client = new LocalClient();
    const early = new Promise<void>((resolve) => client.onProgress(() => resolve()));
    const opening = client.open({ old: oldDataDirectory, new: newDataDirectory });
    await early;
    const filtered = await client.setView('op:delete', { key: 'commit', descending: false });
    assert.deepEqual([filtered.length, filtered.firstLook], [0, 0]);
    await assert.rejects(client.setView('op:nothing', { key: 'commit', descending: false }));
    const preview = client.preview({ format: 'sql', undo: false, guard: false, ddl: false }, 5);
    await opening;
    assert.ok((await preview).lines.length > 0);
    await client.close();
  });

  it('comes from a thread that begins before it is asked, and tells whoever listens later how far it is; asked for something else, it opens that', async () => {
    const { oldDataDirectory, newDataDirectory } = recorded.logical;
    const request = { old: oldDataDirectory, new: newDataDirectory };
    const heard: Progress[] = [];
    const client = createWorkerClient(request);
    try {
      // Until both sides are known, nobody having asked for anything.
      while (!(await client.view().catch(() => undefined)));
      client.onProgress((progress) => heard.push(progress));
      await client.view();
      assert.ok(heard.length > 0);
      const overview = await client.open({ ...request });
      assert.ok(overview.fork.diverged);
      await assert.rejects(client.open({ ...request, old: newDataDirectory }), ForkpointError);
      assert.equal((await client.overview()).fork.lsn, overview.fork.lsn);
    } finally {
      await client.close();
    }
  });

  it('says what stands in the way of opening only when asked to open', async () => {
    const request = { old: '/nowhere/old', new: '/nowhere/new' };
    const client = createWorkerClient(request);
    try {
      await assert.rejects(client.view());
      await assert.rejects(client.open(request), /old primary: \/nowhere\/old does not exist/);
      const { oldDataDirectory, newDataDirectory } = recorded.logical;
      const overview = await client.open({ old: oldDataDirectory, new: newDataDirectory });
      assert.ok(overview.fork.diverged);
    } finally {
      await client.close();
    }
  });

  it('can be looked at, and neither marked nor opened until reading has reached it; the cursor stays on its transaction', async () => {
    const client = new LookedAt();
    const tui = await startTui({ client });
    await tui.see('fork at');
    await tui.press('enter');
    await tui.see('commit time', '740', '0 and more');
    await tui.press('j', 'j', 'j');
    await tui.see(/▸ .* 743 …/, 'a first look');
    await tui.press('space');
    await tui.see('the reading has not reached it');
    await tui.press('enter');
    await tui.see('the reading has not reached it', 'commit time');
    client.reached = true;
    client.read();
    await tui.see(/▸ .* 743 .*missing/, '6/12 transactions');
    await tui.press('space');
    await tui.see('1 transaction marked');
    await tui.press('enter');
    await tui.see('xid 744');
    await tui.quit();
  });
});
