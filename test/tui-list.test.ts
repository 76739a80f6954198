import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { commitLsnText, FakeClient } from './support/fake-client.js';
import { startTui } from './support/tui-driver.js';

async function openList(client: FakeClient, columns = 80, rows = 24) {
  const tui = await startTui({ client, columns, rows });
  await tui.see('fork at 0/B9DF928');
  await tui.press('enter');
  await tui.see('commit time');
  return tui;
}

describe('the list of lost transactions', () => {
  it('shows for each its mark, time, xid, database, tables, rows by operation, size and verdict', async () => {
    const tui = await openList(new FakeClient({ transactions: 100 }));
    await tui.see(
      /02:45:47\.191 +744 shop +orders.* 40 +20 +3 +50k ↳ depends/,
      /749 billing +ledger +2 +· +· 1\.6k ✓ clean/,
    );
    await tui.quit();
  });

  it('moves by arrows and by vim keys alike', async () => {
    const tui = await openList(new FakeClient({ transactions: 1000 }));
    await tui.press('j', 'j', 'down', 'k');
    await tui.see(/▸ +02:45:47\.186 +740/);
    await tui.press('ctrl-d');
    await tui.see(/▸ .* 749 /);
    await tui.press('G');
    await tui.see(/▸ .* 1737 /, '1,000/1,000');
    await tui.press('g');
    await tui.see(/▸ .* 738 /);
    await tui.press('pagedown', 'pageup', 'end', 'home');
    await tui.see(/▸ .* 738 /, '1/1,000');
    await tui.quit();
  });

  it('never asks for more lines than a few screens hold, however long it is', async () => {
    const client = new FakeClient({ transactions: 1_000_000 });
    const tui = await openList(client);
    await tui.press('G');
    await tui.see('1,000,000/1,000,000', /▸ .* 1000737 /);
    await tui.press('pageup', 'pageup');
    await tui.see(/▸ .* 1000703 /);
    assert.ok(client.largestRows <= 64, `asked for ${client.largestRows} lines at once`);
    assert.ok(client.calls.get('rows')! < 20, `asked ${client.calls.get('rows')} times`);
    await tui.quit();
  });

  it('shows placeholders rather than wait for a slow answer, and keys keep working meanwhile', async () => {
    const tui = await openList(new FakeClient({ transactions: 1_000_000, delay: 150 }));
    await tui.see(/▸ .* 738 /);
    await tui.press('G');
    await tui.see(/▸ +…/, '1,000,000/1,000,000');
    await tui.press('k', 'k');
    await tui.see('999,998/1,000,000');
    await tui.see(/▸ .* 1000735 /);
    await tui.quit();
  });

  it('marks a line that is not answered yet', async () => {
    const tui = await openList(new FakeClient({ transactions: 1_000_000, delay: 60 }));
    await tui.see(/▸ .* 738 /);
    await tui.press('G', 'space');
    await tui.see(/▸● .* 1000737 /, '1 transaction marked, 1 row');
    await tui.quit();
  });

  it('a hundred keys in one chunk all count', async () => {
    const tui = await openList(new FakeClient({ transactions: 1000 }));
    await tui.type('j'.repeat(100));
    await tui.see('101/1,000', /▸ .* 838 /);
    await tui.quit();
  });

  it('fills while WAL is read, with bytes, rate and time left, and can be scrolled from the first line on', async () => {
    const client = new FakeClient({ transactions: 100_000, atOnce: 30 });
    const tui = await openList(client);
    await tui.see(/reading the old primary’s WAL: 0% of 77\.4 MB, 240 MB\/s/, '30 transactions');
    await tui.press('G');
    await tui.see(/▸ .* 767 /);
    client.read(50_000);
    await tui.see('50,000 transactions', '50% of 77.4 MB', /▸ .* 767 /);
    client.read();
    await tui.see('all WAL read', '100,000 transactions', /▸ .* 767 /);
    await tui.press('G');
    await tui.see(/▸ .* 100737 /);
    await tui.quit();
  });

  it('space marks and moves on; the footer counts transactions and rows', async () => {
    const tui = await openList(new FakeClient({ transactions: 100 }));
    await tui.see('nothing marked');
    await tui.press('space', 'space', 'space');
    await tui.see('3 transactions marked, 4 rows', /●├ 02:45:47\.184/);
    await tui.press('k', 'space');
    await tui.see('2 transactions marked, 2 rows');
    await tui.quit();
  });

  it('v begins a range that space marks and u unmarks', async () => {
    const tui = await openList(new FakeClient({ transactions: 100 }));
    await tui.press('v', 'j', 'j', 'j');
    await tui.see('range of 4');
    await tui.press('space');
    await tui.see('4 transactions marked, 5 rows');
    await tui.press('v', 'k', 'u');
    await tui.see('2 transactions marked');
    await tui.quit();
  });

  it('a marks exactly what the filter shows, i inverts it', async () => {
    const tui = await openList(new FakeClient({ transactions: 70 }));
    await tui.press('/');
    await tui.type('table:ledger');
    await tui.press('enter');
    await tui.see('10 of 70', /filter table:ledger/);
    await tui.press('a');
    await tui.see('10 transactions marked, 20 rows');
    await tui.press('c');
    await tui.see('all lost transactions');
    await tui.press('i');
    await tui.see('60 transactions marked');
    await tui.quit();
  });

  it('a pressed right after a filter means what the filter will show', async () => {
    const tui = await openList(new FakeClient({ transactions: 70, delay: 40 }));
    await tui.press('/');
    await tui.type('table:ledger');
    await tui.press('enter', 'a');
    await tui.see('10 transactions marked');
    await tui.quit();
  });

  it('a pressed right after a filter that is refused marks nothing', async () => {
    const tui = await openList(new FakeClient({ transactions: 70, delay: 40 }));
    await tui.press('/');
    await tui.type('rows:many');
    await tui.press('enter', 'a');
    await tui.see('is no value or range');
    await tui.settled();
    await tui.see('nothing marked');
    await tui.quit();
  });

  it('t marks all of a table, and asks which when there are several', async () => {
    const tui = await openList(new FakeClient({ transactions: 70 }));
    await tui.press('j', 'j', 'j', 'j', 't');
    await tui.see('10 transactions marked, 20 rows', 'public.ledger');
    await tui.press('j', 'j', 't');
    await tui.see('which table?', '▸ public.orders', 'public.stock');
    await tui.press('j', 'enter');
    await tui.see('30 transactions marked');
    await tui.see('70 transactions, commit order');
    await tui.quit();
  });

  it('a wrong filter is explained under the box, with its place, and stays there to be mended', async () => {
    const tui = await openList(new FakeClient({ transactions: 100 }));
    await tui.press('/');
    await tui.type('table:orders rows:>x');
    await tui.press('enter');
    await tui.see('filter table:orders rows:>x', 'column 14');
    await tui.press('backspace');
    await tui.type('10');
    await tui.press('enter');
    await tui.see('14 of 100');
    await tui.quit();
  });

  it('letters typed into the filter box never act as keys', async () => {
    const tui = await openList(new FakeClient({ transactions: 100 }));
    await tui.press('/');
    await tui.type('qa?i');
    await tui.see('filter qa?i', 'nothing marked');
    await tui.press('escape');
    await tui.see('all lost transactions');
    await tui.quit();
  });

  it('text pasted where nothing is typed does nothing', async () => {
    const tui = await openList(new FakeClient({ transactions: 100 }));
    await tui.type('\x1b[200~a\rq\x1b[201~');
    await tui.settled();
    await tui.see('nothing marked', 'lost transactions');
    await tui.quit();
  });

  it('the filter finds words in the text of rows', async () => {
    const tui = await openList(new FakeClient({ transactions: 70 }));
    await tui.press('/');
    await tui.type('Čapek');
    await tui.press('enter');
    await tui.see('0 of 70');
    await tui.see('nothing passes this filter');
    await tui.press('escape');
    await tui.see('70 transactions');
    await tui.press('/');
    await tui.type('blaise op:update');
    await tui.press('enter');
    await tui.see('10 of 70');
    await tui.quit();
  });

  it(': jumps to an xid and to an LSN, and says when nothing fits', async () => {
    const tui = await openList(new FakeClient({ transactions: 100_000 }));
    await tui.press(':');
    await tui.type('50738');
    await tui.press('enter');
    await tui.see(/▸ .* 50738 /, '50,001/100,000');
    await tui.press(':');
    await tui.type(commitLsnText(77));
    await tui.press('enter');
    await tui.see(/▸ .* 815 /);
    await tui.press(':');
    await tui.type('soon');
    await tui.press('enter');
    await tui.see('nothing fits soon');
    await tui.quit();
  });

  it('sorts by the column chosen, turns around when chosen again, and the cursor stays on its transaction', async () => {
    const tui = await openList(new FakeClient({ transactions: 700 }));
    await tui.press('j', 'j', 's', 'r');
    await tui.see('by rows, backwards', 'row↓', /▸ .* 740 /);
    await tui.press('g');
    await tui.see(/▸ .* 744 /);
    await tui.press('s', 'r');
    await tui.see(/, by rows$/m, 'row↑', /▸ .* 744 /);
    await tui.quit();
  });

  it('a key that does not work says why', async () => {
    const tui = await openList(new FakeClient({ transactions: 100 }));
    await tui.press('U');
    await tui.see('nothing is marked: Space marks');
    await tui.press('z');
    await tui.see('z does nothing here: ? shows the keys');
    await tui.quit();
  });

  it('taking all marks away asks first, and Enter means no', async () => {
    const tui = await openList(new FakeClient({ transactions: 100 }));
    await tui.press('a');
    await tui.see('100 transactions marked');
    await tui.press('U');
    await tui.see('Take the marks from 100 transactions?');
    await tui.press('enter');
    await tui.see('100 transactions marked, ');
    await tui.press('U', 'y');
    await tui.see('nothing marked');
    await tui.quit();
  });

  it('says what is peculiar: began before the fork, in doubt, cannot be decoded, catalog changes', async () => {
    const tui = await openList(new FakeClient({ transactions: 100 }), 120, 30);
    await tui.see('began before the fork');
    await tui.press(':');
    await tui.type('749');
    await tui.press('enter');
    await tui.see('in doubt: prepared as transfer-17');
    await tui.press('k', 'k');
    await tui.see('1 cannot be decoded', /! .* 746 /);
    await tui.press('k');
    await tui.see('its beginning is not in this WAL');
    await tui.press(':');
    await tui.type('751');
    await tui.press('enter');
    await tui.see(/§ .* 751 /, 'creates table public.returns');
    await tui.quit();
  });

  it('an incident that lost nothing says so', async () => {
    const tui = await openList(new FakeClient({ transactions: 0 }));
    await tui.see('nothing was lost');
    await tui.press('enter');
    await tui.see('the list is empty');
    await tui.quit();
  });
});
