/** The kinds of WAL that are measured: what each old primary did alone after the cut. */
import type { Server, Settings } from '../servers/server.js';

/** One kind of work. */
export interface Shape {
  readonly name: string;
  readonly description: string;
  /** Tables and procedures, there on both sides. */
  readonly schema: string;
  /** Settings of its own. */
  readonly settings?: Settings;
  /** What both sides have written since the last checkpoint, before the cut. */
  readonly shared?: (old: Server, scale: number) => Promise<void>;
  /** What is lost. `scale` 1 writes some 60 to 120 MB of WAL. */
  readonly work: (old: Server, scale: number) => Promise<void>;
  /** What the new primary does after its promotion; nothing when it is not said. */
  readonly after?: (promoted: Server, scale: number) => Promise<void>;
}

/** Runs a procedure `work(client, n)` with several clients at once. */
export async function clients(old: Server, count: number, n: number): Promise<void> {
  const connections = await Promise.all(Array.from({ length: count }, () => old.connect()));
  await Promise.all(
    connections.map((client, number) => client.query(`CALL work(${number}, ${Math.ceil(n)})`)),
  );
  await Promise.all(connections.map((client) => client.end()));
}

const ACCOUNTS = `
  CREATE TABLE account (id int PRIMARY KEY, balance int NOT NULL, filler text);
  CREATE TABLE teller (id int PRIMARY KEY, balance int NOT NULL);
  CREATE TABLE history (account int, teller int, delta int, at timestamptz DEFAULT now(), filler text);
  INSERT INTO account SELECT i, 0, repeat('x', 80) FROM generate_series(1, 200000) i;
  INSERT INTO teller SELECT i, 0 FROM generate_series(1, 100) i;`;

const PAYMENT = `
      a := 1 + floor(random() * 200000); t := client * 25 + 1 + floor(random() * 25); d := floor(random() * 1000);
      UPDATE account SET balance = balance + d WHERE id = a;
      UPDATE teller SET balance = balance + d WHERE id = t;
      INSERT INTO history (account, teller, delta) VALUES (a, t, d);`;

export const SHAPES: readonly Shape[] = [
  {
    name: 'small',
    description: 'small transactions: two updates and an insert each, four clients',
    schema: `${ACCOUNTS}
      CREATE PROCEDURE work(client int, n int) LANGUAGE plpgsql AS $$
      DECLARE a int; t int; d int;
      BEGIN
        FOR i IN 1..n LOOP ${PAYMENT}
          COMMIT;
        END LOOP;
      END $$;`,
    work: (old, scale) => clients(old, 4, 20_000 * scale),
  },
  {
    name: 'both',
    description:
      'small transactions, tasks that come and go, and a new primary that has written to the same tables',
    schema: `${ACCOUNTS}
      CREATE TABLE task (id bigserial PRIMARY KEY, account int NOT NULL, note text);
      CREATE PROCEDURE work(client int, n int) LANGUAGE plpgsql AS $$
      DECLARE a int; t int; d int;
      BEGIN
        FOR i IN 1..n LOOP ${PAYMENT}
          INSERT INTO task (account, note) VALUES (a, 'to be done');
          DELETE FROM task WHERE id = (SELECT id FROM task ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED) AND i > 100;
          COMMIT;
        END LOOP;
      END $$;`,
    work: (old, scale) => clients(old, 4, 15_000 * scale),
    after: (promoted, scale) => clients(promoted, 2, 1_000 * scale),
  },
  {
    name: 'copy',
    description: 'bulk loads: multi-inserts of some ten thousand rows a transaction',
    schema: `
      CREATE TABLE event (id bigint, kind text, at timestamptz, amount numeric(12,2), note text);
      CREATE TABLE source AS SELECT i AS id, 'kind ' || i % 17 AS kind, timestamptz '2026-01-01' + i * interval '1 second' AS at,
        (i % 100000) / 7.0 AS amount, repeat('note ', 1 + i % 9) AS note FROM generate_series(1, 10000) i;
      DO $$ BEGIN EXECUTE format('COPY source TO %L', current_setting('data_directory') || '/bench.copy'); END $$;
      CREATE PROCEDURE work(client int, n int) LANGUAGE plpgsql AS $$
      BEGIN
        FOR i IN 1..n LOOP
          EXECUTE format('COPY event FROM %L', current_setting('data_directory') || '/bench.copy');
          COMMIT;
        END LOOP;
      END $$;`,
    work: (old, scale) => clients(old, 2, 40 * scale),
  },
  {
    name: 'wide',
    description: 'wide rows: forty columns of many types and a TOASTed document',
    schema: `
      CREATE TABLE document (id int PRIMARY KEY, ${Array.from({ length: 12 }, (_, i) => `n${i} int, t${i} text, d${i} timestamptz`).join(', ')},
        price numeric, tags text[], body text);
      ALTER TABLE document ALTER body SET STORAGE EXTERNAL;
      CREATE PROCEDURE work(client int, n int) LANGUAGE plpgsql AS $$
      BEGIN
        FOR i IN 1..n LOOP
          INSERT INTO document (id, ${Array.from({ length: 12 }, (_, i) => `n${i}, t${i}, d${i}`).join(', ')}, price, tags, body)
          VALUES (client * 10000000 + i, ${Array.from({ length: 12 }, (_, i) => `i + ${i}, 'text ' || i, now()`).join(', ')},
            i / 3.0, ARRAY['a', 'b' || i], repeat(md5(i::text), 160));
          IF i % 3 = 0 THEN UPDATE document SET n1 = n1 + 1, price = price * 2 WHERE id = client * 10000000 + i; END IF;
          COMMIT;
        END LOOP;
      END $$;`,
    work: (old, scale) => clients(old, 4, 3_000 * scale),
  },
  {
    name: 'tables',
    description: 'many tables: five hundred, written in turn',
    schema: `
      DO $$ BEGIN FOR i IN 1..500 LOOP
        EXECUTE format('CREATE TABLE t%s (id int PRIMARY KEY, v int, note text)', i);
      END LOOP; END $$;
      CREATE PROCEDURE work(client int, n int) LANGUAGE plpgsql AS $$
      BEGIN
        FOR i IN 1..n LOOP
          EXECUTE format('INSERT INTO t%s VALUES ($1, $2, $3)', 1 + (i * 7 + client) % 500) USING client * 10000000 + i, i, 'note ' || i;
          EXECUTE format('UPDATE t%s SET v = v + 1 WHERE id = $1', 1 + (i * 7 + client) % 500) USING client * 10000000 + i;
          COMMIT;
        END LOOP;
      END $$;`,
    work: (old, scale) => clients(old, 4, 25_000 * scale),
  },
  {
    name: 'aborted',
    description: 'mostly aborted: nine of ten transactions roll back',
    schema: `${ACCOUNTS}
      CREATE PROCEDURE work(client int, n int) LANGUAGE plpgsql AS $$
      DECLARE a int; t int; d int;
      BEGIN
        FOR i IN 1..n LOOP ${PAYMENT}
          IF i % 10 = 0 THEN COMMIT; ELSE ROLLBACK; END IF;
        END LOOP;
      END $$;`,
    work: (old, scale) => clients(old, 4, 25_000 * scale),
  },
  {
    name: 'indexes',
    description: 'index-heavy: six indexes on a table, most of the WAL is theirs',
    schema: `
      CREATE TABLE item (id int PRIMARY KEY, a int, b int, c text, d text, e numeric);
      CREATE INDEX ON item (a); CREATE INDEX ON item (b); CREATE INDEX ON item (c); CREATE INDEX ON item (d); CREATE INDEX ON item (e);
      CREATE PROCEDURE work(client int, n int) LANGUAGE plpgsql AS $$
      BEGIN
        FOR i IN 1..n LOOP
          INSERT INTO item VALUES (client * 10000000 + i, (random() * 1e6)::int, i, md5(i::text), md5((i * 7)::text), random()::numeric);
          IF i % 2 = 0 THEN UPDATE item SET a = a + 1 WHERE id = client * 10000000 + i; END IF;
          IF i % 20 = 0 THEN COMMIT; END IF;
        END LOOP;
      END $$;`,
    work: (old, scale) => clients(old, 4, 12_000 * scale),
  },
];

/** Much WAL between the last checkpoint and the cut, some 600 MB at scale 1, and small transactions behind it. */
const LATE: Shape = {
  ...SHAPES[0],
  name: 'late',
  description: 'small transactions after ten times as much WAL without a checkpoint before the cut',
  settings: { max_wal_size: '100GB', checkpoint_timeout: '1h' },
  shared: async (old, scale) => {
    await old.query('CREATE TABLE earlier (id bigint, note text)');
    await old.query(
      `INSERT INTO earlier SELECT i, repeat('note ', 80) FROM generate_series(1, ${1_300_000 * scale}) i`,
    );
  },
};

/** Single transactions of millions of rows, a million each at scale 1. */
const HUGE: Shape = {
  name: 'huge',
  description: 'an insert, an update and a delete of millions of rows, each in one transaction',
  schema: 'CREATE TABLE event (id int PRIMARY KEY, kind text, amount numeric(12,2), note text);',
  work: async (old, scale) => {
    await old.query(
      `INSERT INTO event SELECT i, 'kind ' || i % 17, i / 7.0, 'note ' || i FROM generate_series(1, ${1_000_000 * scale}) i`,
    );
    await old.query("UPDATE event SET kind = 'changed', amount = amount + 1");
    await old.query('DELETE FROM event WHERE id % 2 = 0');
  },
};

/** The same, and a new primary that has written to the same table. */
const HUGE_BOTH: Shape = {
  ...HUGE,
  name: 'huge-both',
  description: `${HUGE.description}, and a new primary that has written to the same table`,
  after: async (promoted) => {
    await promoted.query(
      "INSERT INTO event SELECT i * 1000, 'new', i, 'note' FROM generate_series(1, 1000) i",
    );
  },
};

/** The same in a table that can only be judged by what each row holds: it was emptied in the lost part, and has no key. */
const HUGE_KEYLESS: Shape = {
  ...HUGE,
  name: 'huge-keyless',
  description:
    'an insert, an update and a delete of millions of rows in a table without key that was emptied before',
  schema: 'CREATE TABLE event (id int, kind text, amount numeric(12,2), note text);',
  work: async (old, scale) => {
    await old.query('TRUNCATE event');
    await HUGE.work(old, scale);
  },
};

/** One transaction that makes its table, alters it and fills it, a million rows at scale 1. */
const MADE: Shape = {
  name: 'made',
  description: 'one transaction of millions of rows that makes and alters the table they are in',
  schema: 'CREATE TABLE event (id int PRIMARY KEY, note text);',
  work: async (old, scale) => {
    await old.query(`BEGIN;
      CREATE TABLE made AS SELECT i AS id, 'note ' || i AS note FROM generate_series(1, ${500_000 * scale}) i;
      ALTER TABLE made ADD PRIMARY KEY (id);
      ALTER TABLE made ADD COLUMN kind text;
      INSERT INTO made SELECT i, 'note ' || i, 'late' FROM generate_series(${500_000 * scale + 1}, ${1_000_000 * scale}) i;
      INSERT INTO event SELECT id, note FROM made WHERE id <= 1000;
      COMMIT;`);
  },
};

/** The shape of that name. Throws RangeError when there is none. */
export function shapeNamed(name: string): Shape {
  const shape = [...SHAPES, LATE, HUGE, HUGE_BOTH, HUGE_KEYLESS, MADE].find((each) => each.name === name);
  if (!shape)
    throw new RangeError(
      `there is no shape ${name}; shapes are ${SHAPES.map((each) => each.name).join(', ')}`,
    );
  return shape;
}
