/** What the sample's shop does before, during and after the failover. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Server } from '../test/servers/server.js';
import { Clerk } from './shop.js';

const SHOP = 'shop';

async function clerk(server: Server, seed: number): Promise<Clerk> {
  return new Clerk(await server.connect(SHOP), seed);
}

/** A till, a web shop or a store room: its kinds of work, over and over, with a customer's pauses between. */
async function serve(worker: Clerk, times: number, kinds: readonly (() => Promise<void>)[]): Promise<void> {
  for (let time = 0; time < times; time++) {
    await worker.pause(80, 600);
    await worker.pick(kinds)();
  }
}

/** The shop's clients at once. Rows are always locked in the order of their keys, so that nobody waits in a circle. */
async function trade(server: Server, seed: number, times: number): Promise<void> {
  const [web, till, store, office] = await Promise.all([1, 2, 3, 4].map((n) => clerk(server, seed + n)));
  await Promise.all([
    serve(web, times, [() => web.order(120), () => web.order(120), () => web.fillCart()]),
    serve(till, times, [() => till.order(120), () => till.order(110)]),
    serve(store, times, [() => store.ship(), () => store.receiveGoods(store.sku(), store.number(5, 50))]),
    serve(office, Math.ceil(times / 2), [
      () =>
        office.register(
          `${office.pick(['Wanda', 'Xaver', 'Yara'])} Tollan`,
          `tollan.${office.number(1, 30)}@example.com`,
        ),
      async () => {
        await office.query(
          `UPDATE customers SET tags = array_append(tags, 'vip'), preferences = preferences || '{"gift": true}'
          WHERE customer_id = $1`,
          [office.number(1, 120)],
        );
      },
    ]),
  ]);
}

/** The nightly price list: COPY into an emptied table, one transaction. */
async function importPrices(old: Server, office: Clerk): Promise<void> {
  const file = join(old.socketDirectory, 'prices.csv');
  const prices = await office.query('SELECT sku, round(price * 1.04, 2) AS price FROM products ORDER BY sku');
  writeFileSync(file, prices.map(({ sku, price }) => `${sku},${price},2026-12-01\n`).join(''));
  await office.transaction(async () => {
    await office.query('TRUNCATE price_import');
    await office.query(`COPY price_import FROM '${file}' (FORMAT csv)`);
  });
}

/** While the standby follows. What it leaves open is committed after the cut. */
export async function beforeTheCut(old: Server): Promise<Clerk> {
  await trade(old, 100, 6);
  const sale = await clerk(old, 110);
  await sale.query('BEGIN');
  await sale.query(
    `UPDATE products SET price = round(price * 0.9, 2), title = title || ' (sale)' WHERE sku IN ('SKU-0003', 'SKU-0004')`,
  );
  return sale;
}

/** After the cut, on the old primary alone: all of this is lost. */
export async function afterTheCut(old: Server, sale: Clerk): Promise<void> {
  const office = await clerk(old, 200);
  const trading = trade(old, 210, 58);

  await office.pause(900, 1200);
  await sale.query(
    `UPDATE products SET price = round(price * 0.9, 2), title = title || ' (sale)' WHERE sku = 'SKU-0005'`,
  );
  await sale.query('COMMIT');

  await importPrices(old, office);
  await office.transaction(async () => {
    await office.query(`UPDATE products SET description = 'withdrawn by mistake'`);
  }, 'ROLLBACK');
  await office.transaction(async () => {
    await office.query(`INSERT INTO orders (customer_id, total) VALUES (7, 99.00)`);
    await office.query('SAVEPOINT discount');
    await office.query(`UPDATE orders SET total = total / 0.5 WHERE customer_id = 7 AND total = 99.00`);
    await office.query('ROLLBACK TO discount');
    await office.query('SAVEPOINT discount');
    await office.query(`UPDATE orders SET total = total * 0.5 WHERE customer_id = 7 AND total = 99.00`);
    await office.query('RELEASE discount');
  });
  await office.pause(500, 800);
  await office.query(
    `DELETE FROM carts WHERE session_id IN ('session-2', 'session-4', 'session-7', 'session-9')`,
  );
  await office.register('Quentin Abara', 'quentin.abara@example.com');
  await office.query(
    `UPDATE customers SET home = ROW('New Quay 1', '20457', 'Altmoor')::address WHERE customer_id = 42`,
  );
  await office.query(
    `UPDATE customers SET name = 'Mona Hollis-Bekker', email = 'mona.hollis-bekker@example.com' WHERE customer_id = 17`,
  );
  for (const counted of [410, 408, 412]) {
    await office.query(`UPDATE stock SET on_hand = $1, counted_at = now() WHERE sku = 'SKU-0010'`, [counted]);
  }
  await office.transaction(async () => {
    const [{ order_id }] = await office.query('SELECT min(order_id) AS order_id FROM invoices');
    await office.query(`UPDATE invoices SET issued = issued + 1 WHERE order_id = $1`, [order_id]);
  });
  await office.query(
    `DELETE FROM orders WHERE order_id IN (SELECT order_id FROM orders WHERE status = 'new' ORDER BY 1 LIMIT 3)`,
  );
  await trading;

  await office.query('BEGIN');
  await office.query(`INSERT INTO payments (order_id, method, amount, provider)
    SELECT order_id, 'transfer', total, '{"bank": "settlement 17"}' FROM orders WHERE status = 'new' ORDER BY 1 LIMIT 2`);
  await office.query(`PREPARE TRANSACTION 'bank-settlement-17'`);
  await sale.query('BEGIN');
  await sale.query(`UPDATE stock SET on_hand = 0 WHERE sku = 'SKU-0140'`);
}

/** On the new primary: the shop goes on, knowing nothing of what was lost. */
export async function afterThePromotion(promoted: Server): Promise<void> {
  const office = await clerk(promoted, 300);
  const trading = trade(promoted, 310, 9);
  await office.register('Quentin Abara', 'quentin.abara@example.com');
  await office.query(`DELETE FROM orders WHERE customer_id = 42`);
  await office.query(`DELETE FROM customers WHERE customer_id = 42`);
  await office.query(`UPDATE stock SET on_hand = 405, counted_at = now() WHERE sku = 'SKU-0010'`);
  await office.query(`UPDATE customers SET name = 'Mona Hollis-Bekker' WHERE customer_id = 17`);
  await trading;
}
