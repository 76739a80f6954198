import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { LocalClient } from '../source/incident/local-client.js';
import type { ExportRequest } from '../source/incident/model.js';
import { FakeClient } from './support/fake-client.js';
import { scratchDirectory } from './support/scratch.js';
import { startTui, type Tui, temporarySessions } from './support/tui-driver.js';

let directory: string;

beforeEach(() => {
  directory = scratchDirectory('export');
});

async function openExport(client: FakeClient, ...keys: string[]): Promise<Tui> {
  const tui = await startTui({ client });
  await tui.press('enter');
  await tui.see(/▸ .* 738 /);
  await tui.press(...keys, 'e');
  await tui.see('── preview');
  return tui;
}

async function setPath(tui: Tui, path: string): Promise<void> {
  await tui.press('j', 'j', 'j', 'j', 'j', 'j', 'enter', 'ctrl-u');
  await tui.type(path);
  await tui.press('enter');
  await tui.see(/▸ +\[ Write \]/);
}

describe('the export', () => {
  it('takes the marked transactions, shows first what it will write, then writes it and sums it up', async () => {
    const client = new FakeClient({ transactions: 100 });
    const tui = await openExport(client, 'space', 'space');
    await tui.see('(•) marked (2)', '-- xid 738, redo', '-- xid 739, redo', './forkpoint-redo-0-B9DF928');
    const path = join(directory, 'lost.sql');
    await setPath(tui, path);
    await tui.press('enter');
    await tui.see('✓ Written: 2 transactions', 'sha256', 'lost.sql');
    await tui.see('run it on the NEW primary:', 'psql -X -v ON_ERROR_STOP=1 -d shop -f /');
    const text = readFileSync(path);
    await tui.see(createHash('sha256').update(text).digest('hex'));
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.deepEqual(client.exported, {
      format: 'sql',
      transactions: [0, 1],
      filter: undefined,
      undo: false,
      guard: true,
      ddl: false,
      output: path,
      overwrite: false,
    });
    await tui.press('escape');
    await tui.see('commit time');
    await tui.quit();
  });

  it('is stopped by Escape, says that nothing of it is kept, and can be written after all', async () => {
    const client = new FakeClient({ transactions: 100 });
    client.exportsForever = true;
    const tui = await openExport(client);
    const path = join(directory, 'lost.sql');
    await setPath(tui, path);
    await tui.press('enter');
    await tui.see('1 of 100 transactions', 'Esc stop');
    await tui.press('escape');
    await tui.see('✗ the export was stopped', 'Esc back');
    assert.equal(existsSync(path), false);
    client.exportsForever = false;
    await tui.press('w');
    await tui.see(/Written.*: 100 transactions/);
    await tui.quit();
  });

  it('stopped on a real incident, leaves no file and no half of one', async () => {
    const sample = (side: string): string =>
      fileURLToPath(new URL(`../../samples/shop/${side}`, import.meta.url));
    const client = new LocalClient();
    await client.open({ old: sample('old'), new: sample('new') });
    const done = new Promise<void>((resolve) =>
      client.onProgress(({ phase }) => phase === 'done' && resolve()),
    );
    await done;
    const request: ExportRequest = { format: 'sql', undo: false, guard: true, ddl: false };
    const path = join(directory, 'lost.sql');
    const writing = client.export({ ...request, output: path });
    const outcome = assert.rejects(writing, /stopped: nothing of it is kept/);
    await client.stopExport();
    await outcome;
    assert.deepEqual(readdirSync(directory), []);
    assert.ok((await client.export({ ...request, output: path })).transactions > 200);
    await client.close();
  });

  it('never replaces a file unasked, and Enter means no', async () => {
    const client = new FakeClient({ transactions: 100 });
    const path = join(directory, 'precious.sql');
    writeFileSync(path, 'precious');
    const tui = await openExport(client, 'space');
    await setPath(tui, path);
    await tui.press('enter');
    await tui.see('is there already.', 'Replace it?');
    await tui.press('enter');
    await tui.see('── preview');
    assert.equal(readFileSync(path, 'utf8'), 'precious');
    assert.equal(client.exported, undefined);
    await tui.press('w');
    await tui.see('Replace it?');
    await tui.press('y');
    await tui.see('✓ Written');
    assert.match(readFileSync(path, 'utf8'), /xid 738/);
    await tui.quit();
  });

  it('walking through the form with Enter never writes anything', async () => {
    const client = new FakeClient({ transactions: 100 });
    const tui = await openExport(client, 'space');
    for (let step = 0; step < 6; step++) await tui.press('enter', 'j');
    await tui.press('enter', 'escape');
    await tui.settled();
    assert.equal(client.exported, undefined);
    await tui.quit();
  });

  it('a choice changes the preview and the offered name', async () => {
    const tui = await openExport(new FakeClient({ transactions: 100 }), 'space');
    await tui.press('j', 'space');
    await tui.see('(•) undo, for the old', '-- xid 738, undo', 'forkpoint-undo-');
    await tui.press('j', 'space');
    await tui.see(
      '(•) wal2json',
      'forkpoint-lost-0-B9DF928.jsonl',
      'wal2json tells what happened: it has no undo',
    );
    await tui.quit();
  });

  it('with nothing marked it takes what the filter shows, and says how many', async () => {
    const client = new FakeClient({ transactions: 700 });
    const tui = await startTui({ client });
    await tui.press('enter');
    await tui.see(/▸ .* 738 /);
    await tui.press('/');
    await tui.type('table:ledger');
    await tui.press('enter');
    await tui.see('100 of 700');
    await tui.press('e');
    await tui.see('(•) what the filter shows (100)', '( ) all (700)');
    const path = join(directory, 'ledger.sql');
    await setPath(tui, path);
    await tui.press('w');
    await tui.see(/Written.*: 100 transactions/);
    assert.equal(client.exported?.filter, 'table:ledger');
    assert.equal(client.exported?.transactions, undefined);
    await tui.quit();
  });

  it('rows that had to be left out are said loudly', async () => {
    const tui = await openExport(new FakeClient({ transactions: 100 }), 'a');
    await setPath(tui, join(directory, 'all.sql'));
    await tui.press('w');
    await tui.see('! Written, but incomplete', '!! LEFT OUT: 1 change', 'its page is not in this WAL');
    await tui.quit();
  });

  it('a failure says what, where and what next, and leaves the form to try again', async () => {
    const tui = await openExport(new FakeClient({ transactions: 100 }), 'space');
    await setPath(tui, join(directory, 'no', 'such', 'directory.sql'));
    await tui.press('w');
    await tui.see('✗ ENOENT', '── preview');
    assert.ok(!existsSync(join(directory, 'no')));
    await tui.quit();
  });
});

describe('the session', () => {
  it('brings marks, filter and place back after the connection was lost', async () => {
    const sessions = temporarySessions();
    const first = await startTui({ client: new FakeClient({ transactions: 1000 }), sessions });
    await first.press('enter');
    await first.see(/▸ .* 738 /);
    await first.press('space', 'space', ':');
    await first.type('1000');
    await first.press('enter');
    await first.see(/▸ .* 1000 /);
    process.emit('SIGHUP', 'SIGHUP');
    assert.equal(await first.ended, 129);

    const second = await startTui({ client: new FakeClient({ transactions: 1000 }), sessions });
    await second.see('This incident was looked at before', '2 marked (2 row changes)');
    await second.press('enter', 'enter');
    await second.see('2 transactions marked, 2 rows', /▸ .* 1000 /);
    await second.quit();
  });

  it('waits for the reading to reach the marks, and does not take them up when the transactions are others', async () => {
    const sessions = temporarySessions();
    const first = await startTui({ client: new FakeClient({ transactions: 1000 }), sessions });
    await first.press('enter');
    await first.see(/▸ .* 738 /);
    await first.press('G', 'space');
    await first.see('1 transaction marked');
    await new Promise((resolve) => setTimeout(resolve, 600));
    await first.quit();

    const growing = new FakeClient({ transactions: 1000, atOnce: 10 });
    const second = await startTui({ client: growing, sessions });
    await second.see('looked at before');
    await second.press('y', 'enter');
    await second.see('1 mark comes back when the reading reaches it');
    growing.read();
    await second.see('1 transaction marked');
    await second.quit();

    const shorter = await startTui({ client: new FakeClient({ transactions: 500 }), sessions });
    await shorter.see('looked at before');
    await shorter.press('y');
    await shorter.see('the marks are not taken up');
    await shorter.quit();
  });

  it('begins afresh when asked to, and offers the incident in the picker', async () => {
    const sessions = temporarySessions();
    const first = await startTui({ client: new FakeClient({ transactions: 100 }), sessions });
    await first.press('enter');
    await first.see(/▸ .* 738 /);
    await first.press('a');
    await first.see('100 transactions marked');
    assert.equal(await first.quit(), 130);
    await first.screen.lines();
    assert.match(first.screen.raw, /100 marked transactions kept/);

    const again = await startTui({ client: new FakeClient({ transactions: 100 }), sessions });
    await again.see('looked at before');
    await again.press('n', 'enter');
    await again.see('nothing marked');
    await again.quit();

    const picker = await startTui({
      client: () => new FakeClient({ transactions: 100 }),
      sessions,
      request: {},
    });
    await picker.see('Begun before', '100 marked: /srv/old');
    await picker.press('enter', 'enter');
    await picker.see('resumed: 100 transactions marked');
    await picker.quit();
  });

  it('is readable by its owner only, and holds no password', async () => {
    const { openSessionStore } = await import('../source/incident/session.js');
    const store = openSessionStore(join(directory, 'state'));
    store.save({
      format: 1,
      old: '/srv/old',
      new: 'postgres://admin@new/shop',
      systemIdentifier: '1',
      forkLsn: 100,
      savedAt: 1,
      marks: [[0, 5]],
      checks: [],
      markedTransactions: 6,
      markedRows: 6,
      filter: '',
      order: { key: 'commit', descending: false },
    });
    const [session] = store.list();
    assert.deepEqual(session.marks, [[0, 5]]);
    assert.equal(statSync(join(directory, 'state')).mode & 0o777, 0o700);
    const { readdirSync } = await import('node:fs');
    const names = readdirSync(join(directory, 'state'));
    assert.equal(names.length, 1);
    assert.equal(statSync(join(directory, 'state', names[0])).mode & 0o777, 0o600);
    writeFileSync(join(directory, 'state', names[0]), 'half a fi');
    assert.deepEqual(store.list(), []);
  });
});
