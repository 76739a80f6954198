import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { IncidentOverview, IncidentRequest } from '../source/incident/model.js';
import { FakeClient, fakeOverview } from './support/fake-client.js';
import { startTui, type Tui } from './support/tui-driver.js';

async function startPicker(request = {}, columns = 80, rows = 24): Promise<Tui> {
  const tui = await startTui({ client: () => new FakeClient({ transactions: 50 }), request, columns, rows });
  return tui;
}

async function typePath(tui: Tui, path: string): Promise<void> {
  await tui.press('p', 'ctrl-u');
  await tui.type(path);
}

describe('the picker', () => {
  it('takes the fork named by hand: typed, completed, checked, and taken back', async () => {
    const client = new FakeClient({ transactions: 50 });
    const tui = await startTui({ client: () => client, request: {} });
    await tui.see('▸ /srv/old');
    await tui.press('enter', 'enter');
    await tui.see('✓ These two go together', 'f fork');
    await tui.press('f');
    await tui.see('fork (LSN)', '0/B9DF928', 'where the new side left timeline 1');
    await tui.type('0-77');
    await tui.press('enter');
    await tui.see('0-77 is no LSN');
    await tui.press('ctrl-u');
    await tui.type('0/b9d');
    await tui.press('tab', 'enter');
    await tui.see('The fork is named by hand: 0/B9DF928');
    await tui.press('enter');
    await tui.see('LOST  50 transactions');
    assert.equal(client.request?.fork, 0xb9df928);
    await tui.press('f');
    await tui.see('fork (LSN) 0/B9DF928');
    await tui.press('ctrl-u', 'enter');
    await tui.seeNot('named by hand');
    await tui.press('enter');
    await tui.see('LOST  50 transactions');
    assert.equal(client.request?.fork, undefined);
    await tui.quit();
  });

  it('proposes what it finds and shows what stands under the cursor', async () => {
    const tui = await startPicker();
    await tui.see('Which is the OLD primary', 'Found on this machine', '▸ /srv/old');
    await tui.see(
      'PostgreSQL 17',
      '7432109876543210987',
      'in production',
      '0/B9C2468',
      '2026-11-21 02:44:47 UTC',
      '6 segments, 96.0 MB',
    );
    await tui.quit();
  });

  it('walks from two proposals to the fork', async () => {
    const tui = await startPicker();
    await tui.see('▸ /srv/old');
    await tui.press('enter');
    await tui.see('Which is the NEW primary', 'old primary  /srv/old');
    await tui.see('▸ /srv/new');
    await tui.press('enter');
    await tui.see('✓ These two go together', 'OLD  /srv/old', 'NEW  /srv/new');
    await tui.press('enter');
    await tui.see('fork at 0/B9DF928', 'LOST  50 transactions');
    await tui.quit();
  });

  it('looks into directories and says why one is no data directory', async () => {
    const tui = await startPicker();
    await tui.see('▸ /srv/old');
    await tui.press('G');
    await tui.see('▸ photos/', 'not a data directory');
    await tui.press('enter');
    await tui.see('▸ ..', '/srv/photos');
    await tui.press('h');
    await tui.see('▸ photos/');
    await tui.quit();
  });

  it('completes a typed path with Tab, lists the candidates, and takes it', async () => {
    const tui = await startPicker();
    await typePath(tui, '/srv/o');
    await tui.press('tab');
    await tui.see('path /srv/o', '/srv/old', '/srv/other');
    await tui.type('l');
    await tui.press('tab');
    await tui.see('path /srv/old/');
    await tui.press('enter');
    await tui.see('Which is the NEW primary');
    await tui.quit();
  });

  it('takes a path or URL typed behind the one it offers for a new one', async () => {
    const tui = await startPicker({ old: '/srv/old' });
    await tui.see('Which is the NEW');
    await tui.press('p');
    await tui.see('path or postgres:// /srv/');
    await tui.type('/home/ph');
    await tui.see('path or postgres:// /home/ph');
    await tui.press('escape', 'p');
    await tui.type('postgres://app@new/shop');
    await tui.see('path or postgres:// postgres://app@new/shop');
    await tui.quit();
  });

  it('goes on beside a typed OLD, where the new one often is', async () => {
    const tui = await startPicker();
    await typePath(tui, '/home');
    await tui.press('enter');
    await tui.see('photos/');
    await typePath(tui, '/srv/old');
    await tui.press('enter');
    await tui.see('Which is the NEW primary', 'running/');
    await tui.quit();
  });

  it('says a long refusal to its end', async () => {
    const tui = await startPicker({ old: '/srv/old', new: '/srv/other' });
    await tui.see('different clusters', '7432109876543210987', '6999999999999999999');
    await tui.quit();
  });

  it('refuses what does not exist, with the reason under the box', async () => {
    const tui = await startPicker();
    await typePath(tui, '/srv/nowhere');
    await tui.press('enter');
    await tui.see('/srv/nowhere does not exist');
    await tui.quit();
  });

  it('refuses a different cluster with both system identifiers, and the same directory twice', async () => {
    const tui = await startPicker({ old: '/srv/old' });
    await tui.see('Which is the NEW primary');
    await typePath(tui, '/srv/other');
    await tui.press('enter');
    await tui.see('different clusters', '7432109876543210987', '6999999999999999999');
    await tui.press('escape');
    await typePath(tui, '/srv/old');
    await tui.press('enter');
    await tui.see('both sides are the same directory');
    await tui.quit();
  });

  it('takes a postgres:// URL for the new side only, and never shows its password', async () => {
    const tui = await startPicker();
    await typePath(tui, 'postgres://admin:secret@new/shop');
    await tui.press('enter');
    await tui.see('choose a directory');
    await tui.press('ctrl-u');
    await tui.type('/srv/old');
    await tui.press('enter');
    await tui.see('Which is the NEW primary');
    await typePath(tui, 'postgres://admin:hunter2@new/shop');
    await tui.press('enter');
    await tui.see('postgres://admin:…@new/shop', 'a live server');
    await tui.seeNot('hunter2');
    await tui.press('s');
    await tui.see('a live server can only be the new side');
    await tui.quit();
  });

  it('warns that a server still runs there', async () => {
    const tui = await startPicker();
    await typePath(tui, '/srv/running');
    await tui.press('enter');
    await tui.see('Which is the NEW primary');
    await typePath(tui, '/srv/new');
    await tui.press('enter');
    await tui.see(/A server is running on it \(process\s+4711\)/);
    await tui.quit();
  });

  it('sides that open with an error come back with what, where and what next', async () => {
    const client = new FakeClient();
    client.open = () =>
      Promise.reject(new Error('checksum of pg_control does not match (global/pg_control) — copy it again'));
    const tui = await startTui({ client });
    await tui.see('✗ checksum of pg_control does not match', 'copy it again', 'NEW  /srv/new');
    await tui.press('escape');
    await tui.see('Which is the NEW primary');
    await tui.quit();
  });

  it('arguments skip what they answer', async () => {
    const both = await startPicker({ old: '/srv/old', new: '/srv/new' });
    await both.see('fork at');
    await both.quit();
    const wrong = await startPicker({ old: '/srv/old', new: '/srv/other' });
    await wrong.see('Which is the NEW primary', 'different clusters');
    await wrong.quit();
  });

  it('swaps the sides when they look exchanged and s is pressed', async () => {
    const requests: string[] = [];
    const tui = await startTui({
      client: () => {
        const client = new FakeClient({ transactions: 5 });
        const open = client.open.bind(client);
        client.open = (request) => {
          requests.push(request.old);
          return open(request);
        };
        return client;
      },
      request: { old: '/srv/promoted', new: '/srv/old' },
      probing: (await import('./support/fake-probing.js')).fakeProbing,
    });
    await tui.see('These look swapped', /Press s to exchange\s+them/);
    assert.deepEqual(requests, []);
    await tui.press('s');
    await tui.see('✓ These two go together');
    await tui.press('enter');
    await tui.see('fork at');
    assert.deepEqual(requests, ['/srv/old']);
    await tui.quit();
  });

  describe('when the sides are being opened already', () => {
    const begin = (client: () => FakeClient, old: string, fresh: string): Promise<Tui> =>
      startTui({ client, request: { old, new: fresh }, begun: true });

    it('is not seen unless opening is left', async () => {
      const tui = await begin(() => new FakeClient({ transactions: 5, delay: 600 }), '/srv/old', '/srv/new');
      await tui.see('Opening');
      await tui.press('escape');
      await tui.see('not opened', '✓ These two go together');
      await tui.press('enter');
      await tui.see('LOST  5 transactions');
      await tui.quit();
    });

    it('says what is wrong with a side, and else why opening failed', async () => {
      const failing = (): FakeClient => {
        const client = new FakeClient();
        client.open = () => Promise.reject(new Error('what the thread said'));
        return client;
      };
      const wrong = await begin(failing, '/srv/old', '/srv/other');
      await wrong.see('Which is the NEW primary', 'different clusters');
      await wrong.seeNot('what the thread said');
      await wrong.quit();
      const sound = await begin(failing, '/srv/old', '/srv/new');
      await sound.see('✗ what the thread said', 'NEW  /srv/new');
      await sound.quit();
    });

    it('comes back when they look exchanged, and what was opened is closed', async () => {
      const clients: FakeClient[] = [];
      const swapped = (request: IncidentRequest): IncidentOverview => ({
        ...fakeOverview(request),
        swapped: request.old === '/srv/promoted' ? 'the old side was promoted' : undefined,
      });
      const connect = (): FakeClient => {
        const client = new FakeClient({ transactions: 5, overview: swapped });
        clients.push(client);
        return client;
      };
      const tui = await begin(connect, '/srv/promoted', '/srv/old');
      await tui.see('These look swapped', /Press s to exchange\s+them/);
      assert.equal(clients[0].closed, true);
      await tui.press('s');
      await tui.see('✓ These two go together');
      await tui.press('enter');
      await tui.see('fork at');
      assert.equal(clients.length, 2);
      await tui.quit();
    });
  });

  it('escape goes back one step, and quits from the first', async () => {
    const tui = await startPicker();
    await tui.see('▸ /srv/old');
    await tui.press('enter');
    await tui.see('Which is the NEW');
    await tui.press('escape');
    await tui.see('Which is the OLD');
    await tui.press('escape');
    assert.equal(await tui.ended, 0);
  });
});
