import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { FakeClient } from './support/fake-client.js';
import { startTui, type Tui } from './support/tui-driver.js';

/** Opens the transaction at a position in commit order. */
async function openTransaction(
  index: number,
  columns = 80,
  rows = 24,
  client = new FakeClient({ transactions: 500 }),
): Promise<Tui> {
  const tui = await startTui({ client, columns, rows });
  await tui.press('enter');
  await tui.see(/▸ .* 738 /);
  await tui.press(...Array.from({ length: index }, () => 'j'), 'enter');
  await tui.see(`xid ${738 + index}`, /change 1\/\d/);
  return tui;
}

describe('a transaction opened', () => {
  it('shows an update as before and after by column, with an arrow at what changed', async () => {
    const tui = await openTransaction(1);
    await tui.see('UPDATE public.orders', /column +before +after/, /^ {4}id \(key\) +100 +100$/m);
    await tui.see(
      /^ {2}→ state +open +paid$/m,
      /^ {2}→ total +17\.50 +19\.99$/m,
      /^ {4}customer +Blaise +Blaise$/m,
    );
    await tui.quit();
  });

  it('shows an insert with its new row only and a delete with its old row only', async () => {
    const inserted = await openTransaction(7);
    await inserted.see('INSERT public.orders', /column +after$/m);
    await inserted.seeNot('before');
    await inserted.quit();
    const deleted = await openTransaction(3);
    await deleted.see('DELETE public.orders', /column +before$/m);
    await deleted.seeNot('after');
    await deleted.quit();
  });

  it('says what is unknown instead of showing a value, and never passes NULL off as text', async () => {
    const toast = await openTransaction(2);
    await toast.see(/picture +‹not in WAL›|picture +‹unchanged TOAST› +‹unchanged TOAST›/);
    await toast.quit();
    const key = await openTransaction(5);
    await key.see(/\? state +‹not in WAL› +paid/);
    await key.quit();
    const nulls = await openTransaction(4);
    await nulls.see(/memo +‹NULL›/);
    await nulls.quit();
  });

  it('a row that could not be decoded is loud, and says what would help', async () => {
    const tui = await openTransaction(9);
    await tui.see(
      '!! 1 cannot be decoded exactly',
      'relation 1663/5/16499',
      '!! its page is not in this WAL',
      'left out of exports',
    );
    await tui.quit();
  });

  it('values from strangers cannot act on the terminal', async () => {
    const tui = await openTransaction(3);
    await tui.see('evil \\x1b[31mred\\x1b[0m \\u202egnp.exe⏎second line\\x07');
    assert.ok(!tui.screen.raw.includes('\x1b[31mred'));
    assert.ok(!tui.screen.raw.includes('\u202e'));
    assert.ok(!tui.screen.raw.includes('\x07'));
    await tui.quit();
  });

  it('wide characters do not break the columns', async () => {
    const tui = await openTransaction(10, 100);
    const lines = await tui.lines();
    const customer = lines.find((line) => line.includes('平仮名'));
    assert.ok(customer);
    await tui.quit();
    const update = await openTransaction(8, 100);
    await update.see(/customer +Blaise {26,} +Blaise$/m);
    await update.quit();
  });

  it('shortens a long value, says how long it is, and w shows all of it', async () => {
    const tui = await openTransaction(6);
    await tui.press('J');
    await tui.see('… 4.9 kB in all, w shows it');
    await tui.press('w');
    await tui.seeNot('in all, w shows it');
    await tui.press('ctrl-f');
    await tui.see('x'.repeat(60));
    await tui.press('w');
    await tui.see('… 4.9 kB in all, w shows it');
    await tui.quit();
  });

  it('scrolls to the very end and back, whatever the heights', async () => {
    const tui = await openTransaction(6);
    await tui.press('G');
    await tui.see('63/63 DELETE public.orders', /note +note 662/);
    const lines = await tui.lines();
    assert.ok(
      lines[20].includes('note 662') || lines[19].includes('note 662'),
      'the last line of the last change is at the bottom',
    );
    await tui.press('k', 'j', 'g');
    await tui.see('1/63 INSERT', 'change 1/63');
    for (let step = 0; step < 70; step++) await tui.press('ctrl-d');
    await tui.see('63/63 DELETE');
    await tui.press('K', 'K');
    await tui.press('J');
    await tui.see('DELETE public.orders');
    await tui.quit();
  });

  it('searches rows forwards and backwards, and points at what it found', async () => {
    const tui = await openTransaction(6);
    await tui.press('/');
    await tui.type('note 66');
    await tui.press('enter');
    await tui.see('»61/63 DELETE', '/note 66');
    await tui.press('n');
    await tui.see('»62/63');
    await tui.press('N', 'N');
    await tui.see('note 66 is not found further up');
    await tui.press('/', 'ctrl-u');
    await tui.type('no such thing');
    await tui.press('enter');
    await tui.see('no such thing is not found further down');
    await tui.quit();
  });

  it('a long search says how far it has come, goes on from there, and is stopped by a key', async () => {
    const searchedFrom: number[] = [];
    class Slow extends FakeClient {
      override async searchChanges(_index: number, _needle: string, from: number) {
        searchedFrom.push(from);
        if (searchedFrom.length > 2) return new Promise<undefined>(() => {});
        await setTimeout(150);
        return { at: from + 16, found: false };
      }
    }
    const tui = await openTransaction(6, 80, 24, new Slow({ transactions: 500 }));
    await tui.press('/');
    await tui.type('note');
    await tui.press('enter');
    await tui.see('searching for note … 50 %  Esc stops');
    assert.deepEqual(searchedFrom, [0, 16, 32]);
    await tui.press('escape');
    await tui.see('the search was stopped', '[Rows]');
    await tui.quit();
  });

  it('rows are numbered up to what the header says while they are still being counted, and by what was counted then', async () => {
    let goOn = (): void => {};
    const counted = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    class Counting extends FakeClient {
      override async changes(index: number, from: number, count: number) {
        if (count === 0) await counted;
        const { changes, total } = await super.changes(index, from, count);
        const more = count > 0;
        return { changes, total: more ? 40 : total + 1, more };
      }
    }
    const tui = await openTransaction(6, 80, 24, new Counting({ transactions: 500 }));
    await tui.see('63 rows:', '1/63 INSERT', 'change 1/63');
    goOn();
    await tui.see('1/64 INSERT', 'change 1/64');
    await tui.quit();
  });

  it('shows redo and undo SQL, scrolled and searched like the rows', async () => {
    const tui = await openTransaction(6);
    await tui.press('tab');
    await tui.see('[Redo SQL]', '-- xid 744, redo', 'BEGIN;');
    await tui.press('/');
    await tui.type('row 60;');
    await tui.press('enter');
    await tui.see('» UPDATE stock -- row 60;');
    await tui.press('tab');
    await tui.see('[Undo SQL]', '-- xid 744, undo');
    await tui.press('shift-tab', 'shift-tab');
    await tui.see('[Rows]');
    await tui.quit();
  });

  it('goes on to the next and the previous transaction, and says where the list ends', async () => {
    const tui = await openTransaction(1);
    await tui.press(']');
    await tui.see('xid 740');
    await tui.press('[');
    await tui.see('xid 739');
    await tui.press('[');
    await tui.see('xid 738');
    await tui.press('[');
    await tui.see('this is the first of the list');
    await tui.press('space');
    await tui.see(/^● committed/m);
    await tui.press('escape');
    await tui.see('1 transaction marked', /▸●/);
    await tui.quit();
  });

  it('names types and has room for long values on a wide screen', async () => {
    const tui = await openTransaction(1, 200, 50);
    await tui.see(/column +type +before +after/, /numeric\(10,2\)/);
    await tui.quit();
  });
});
