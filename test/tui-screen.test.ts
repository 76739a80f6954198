import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { textWidth } from '../source/bytes/text-width.js';
import { FakeClient } from './support/fake-client.js';
import { startTui } from './support/tui-driver.js';

describe('the screen', () => {
  for (const [columns, rows] of [
    [80, 24],
    [200, 50],
    [60, 12],
    [137, 33],
  ]) {
    it(`at ${columns}×${rows} no screen is ever taller or wider than the terminal`, async () => {
      const tui = await startTui({ client: new FakeClient({ transactions: 500 }), columns, rows });
      for (const keys of [
        ['enter'],
        ['/'],
        ['escape'],
        ['s'],
        ['escape'],
        ['j', 'j', 'j', 'enter'],
        ['tab'],
        ['tab'],
        ['escape'],
        ['?'],
        ['escape'],
        ['e'],
      ]) {
        await tui.press(...keys);
        await tui.settled();
        const lines = await tui.lines();
        assert.equal(lines.length, rows);
        for (const line of lines) assert.ok(textWidth(line) <= columns, line);
        assert.match(lines[0], /forkpoint/);
        assert.equal(tui.screen.scrolledOut, 0);
      }
      await tui.quit();
    });
  }

  it('sends nothing while nothing happens', async () => {
    const tui = await startTui({ client: new FakeClient({ transactions: 500 }) });
    await tui.press('enter');
    await tui.see('commit time');
    await tui.settled();
    const before = tui.stdout.bytes;
    await new Promise((resolve) => setTimeout(resolve, 700));
    assert.equal(tui.stdout.bytes, before);
    await tui.quit();
  });

  it('one step of the cursor at 120×40, scrolling or not, sends no more bytes than tig does: 454', async () => {
    const tui = await startTui({ client: new FakeClient({ transactions: 500 }), columns: 120, rows: 40 });
    await tui.press('enter');
    await tui.see('commit time');
    await tui.settled();
    for (let step = 0; step < 45; step++) {
      const before = tui.stdout.bytes;
      await tui.press('j');
      await tui.settled();
      const cost = tui.stdout.bytes - before;
      assert.ok(cost > 0 && cost <= 454, `${cost} bytes in step ${step}`);
    }
    await tui.quit();
  });

  it('follows the terminal when it is resized, and says when that is too small', async () => {
    const tui = await startTui({ client: new FakeClient({ transactions: 500 }) });
    await tui.press('enter');
    await tui.see('commit time');
    await tui.resize(130, 40);
    await tui.see('2026-11-21 02:45:47.184429', 'commit LSN', 'q quit');
    assert.equal((await tui.lines()).length, 40);
    await tui.resize(40, 10);
    await tui.see('40×10 is too small');
    await tui.resize(80, 24);
    await tui.see('commit time', 'q quit');
    await tui.quit();
  });

  it('gives the terminal back: main screen, cursor, wrapping and paste mode as they were', async () => {
    const tui = await startTui({ client: new FakeClient({ transactions: 5 }) });
    assert.match(tui.screen.raw, /^\x1b\[\?1049h\x1b\[\?25l/);
    assert.equal(await tui.quit(), 130);
    await tui.screen.lines();
    assert.match(tui.screen.raw, /\x1b\[\?7h\x1b\[\?2004l\x1b\[\?25h\x1b\[\?1049l/);
    assert.equal(tui.screen.terminal.buffer.active.type, 'normal');
  });

  for (const [signal, code] of [
    ['SIGTERM', 143],
    ['SIGHUP', 129],
    ['SIGINT', 130],
  ] as const) {
    it(`gives the terminal back on ${signal}, with the exit code a shell expects`, async () => {
      const tui = await startTui({ client: new FakeClient({ transactions: 5 }) });
      process.emit(signal, signal);
      assert.equal(await tui.ended, code);
      await tui.screen.lines();
      assert.equal(tui.screen.terminal.buffer.active.type, 'normal');
    });
  }

  it('gives the terminal back when a defect throws, and tells the defect', async () => {
    const client = new FakeClient({ transactions: 5 });
    const tui = await startTui({ client });
    await tui.press('enter');
    await tui.see('commit time');
    client.rows = () => Promise.resolve([{ broken: true }] as never);
    client.read(5);
    client.setView = () => Promise.resolve({ length: 1, total: 1, growing: false });
    await tui.press('S');
    await assert.rejects(tui.ended);
    await tui.screen.lines();
    assert.equal(tui.screen.terminal.buffer.active.type, 'normal');
  });

  it('escape leads out of everything: detail, list, timeline, and asks before it leaves the incident', async () => {
    const tui = await startTui({ client: new FakeClient({ transactions: 500 }) });
    await tui.press('enter');
    await tui.see('commit time');
    await tui.press('enter');
    await tui.see('[Rows]');
    await tui.press('escape');
    await tui.see('commit time');
    await tui.press('escape');
    await tui.see('fork at');
    await tui.press('escape');
    await tui.see('Leave this incident');
    await tui.press('escape');
    await tui.see('fork at');
    await tui.press('escape', 'y');
    await tui.see('Which is the OLD primary');
    await tui.quit();
  });

  it('help shows every key of the screen below it and says which do not work now', async () => {
    const tui = await startTui({ client: new FakeClient({ transactions: 500 }), columns: 120, rows: 60 });
    await tui.press('enter');
    await tui.see('commit time');
    await tui.press('?');
    await tui.see(
      'Keys that work here',
      'jump to an xid, an LSN or a time',
      'nothing is marked: Space marks',
      'Verdicts',
    );
    await tui.press('escape');
    await tui.see('commit time');
    await tui.quit();
  });

  it('without colours every meaning is still there', async () => {
    const tui = await startTui({ client: new FakeClient({ transactions: 500 }), env: { NO_COLOR: '1' } });
    await tui.press('enter', 'space');
    await tui.see('commit time', /●/, /▸/);
    assert.doesNotMatch(tui.screen.raw, /\x1b\[([\d;]*;)?(3[0-8]|9[0-7])(;[\d;]*)?m/);
    await tui.quit();
  });

  it('the picture of the fork is sent to the clipboard as plain text of 80 columns', async () => {
    const tui = await startTui({ client: new FakeClient({ transactions: 500 }), columns: 200, rows: 50 });
    await tui.see('LOST  500 transactions');
    await tui.press('y');
    await tui.see('sent to the terminal’s clipboard');
    const sent = /\x1b\]52;c;([^\x07]*)\x07/.exec(tui.screen.raw);
    assert.ok(sent);
    const text = Buffer.from(sent[1], 'base64').toString('utf8');
    assert.match(text, /fork at 0\/B9DF928/);
    for (const line of text.split('\n')) assert.ok(textWidth(line) <= 80, line);
    await tui.quit();
  });
});
