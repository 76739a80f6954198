/** A working day in a few seconds: every sort of transaction that leaves rows behind, on tables of every sort of key. */
import type pg from 'pg';
import { type BuiltIncident, buildIncident } from '../servers/incident.js';
import type { Server, Settings } from '../servers/server.js';

/**
 * Tables of the workload. `scratch` alone is truncated, which cannot be undone. Generated columns came with 12, keys over partitions
 * and rows that move between them with 11.
 */
function schemaFor(major: number): string {
  const generated = 'GENERATED ALWAYS AS (length("sel""ect")) STORED';
  const schema = major >= 12 ? SCHEMA : SCHEMA.replace(generated, '');
  return major >= 11 ? schema : schema.replace(', PRIMARY KEY (id, day)) PARTITION', ') PARTITION');
}

const SCHEMA = `
  CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
  CREATE DOMAIN positive AS int CHECK (value > 0);
  CREATE TYPE place AS (street text, number int);
  CREATE TABLE account (id int PRIMARY KEY, owner text NOT NULL, balance numeric(12,2), feeling mood, home place,
    tags text[], seen timestamptz DEFAULT now(), extra jsonb, span int4range, points positive);
  CREATE TABLE keyless (a int, b text, c float8);
  CREATE TABLE whole (id int PRIMARY KEY, v text); ALTER TABLE whole REPLICA IDENTITY FULL;
  CREATE TABLE by_index (code text NOT NULL, v int); CREATE UNIQUE INDEX by_index_code ON by_index (code);
  ALTER TABLE by_index REPLICA IDENTITY USING INDEX by_index_code;
  CREATE TABLE "Odd ""table" ("the key" bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "sel""ect" text, gen int GENERATED ALWAYS AS (length("sel""ect")) STORED);
  CREATE TABLE document (id int PRIMARY KEY, title text, body text, raw bytea); ALTER TABLE document ALTER raw SET STORAGE EXTERNAL;
  CREATE TABLE scratch (id int PRIMARY KEY, v text);
  CREATE FUNCTION slow(text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$BEGIN PERFORM pg_catalog.pg_sleep(0.1); RETURN $1; END$$;
  CREATE TABLE raced (id int, v text); CREATE INDEX ON raced (slow(v)); ALTER TABLE raced ADD PRIMARY KEY (id);
  CREATE TABLE parted (id int, day date, v text, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
  CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
  CREATE TABLE parted_2 PARTITION OF parted FOR VALUES FROM ('2026-02-01') TO ('2026-03-01');
  CREATE TABLE altered (id int PRIMARY KEY, gone text, kept text);
  INSERT INTO altered SELECT i, 'gone', 'kept ' || i FROM generate_series(1, 20) i;
  ALTER TABLE altered DROP COLUMN gone; ALTER TABLE altered ADD COLUMN added int DEFAULT 42; ALTER TABLE altered ADD COLUMN late text;
  INSERT INTO account SELECT i, 'owner ' || i, i * 1.25, 'ok', ROW('Main St'::text, i)::place, ARRAY['a', NULL, 'b "q"'], '2026-01-01', '{"k": [1, null]}', int4range(i, i + 10), i FROM generate_series(1, 300) i;
  INSERT INTO keyless SELECT i % 10, 'text ' || i, i / 3.0 FROM generate_series(1, 100) i;
  INSERT INTO whole SELECT i, 'v' || i FROM generate_series(1, 50) i;
  INSERT INTO by_index SELECT 'code ' || i, i FROM generate_series(1, 50) i;
  INSERT INTO "Odd ""table" ("sel""ect") SELECT 'line' || chr(10) || i FROM generate_series(1, 20) i;
  INSERT INTO document SELECT i, 'title ' || i, (SELECT string_agg(md5(i || '.' || g), '') FROM generate_series(1, 300) g), decode(repeat(lpad(to_hex(i), 2, '0'), 5000), 'hex') FROM generate_series(1, 20) i;
  INSERT INTO scratch SELECT i, 'scratch' FROM generate_series(1, 10) i;
  INSERT INTO parted SELECT i, date '2026-01-01' + i, 'p' FROM generate_series(1, 50) i;
`;

/** What is lost. Every entry is one transaction (or several, or none that commits). */
const LOST: readonly string[] = [
  `INSERT INTO account (id, owner, balance, feeling) VALUES (1000, 'O''Brien \\ "quoted"', 'NaN', 'happy')`,
  `UPDATE account SET balance = balance + 1, tags = tags || 'new'::text WHERE id BETWEEN 10 AND 40`,
  `UPDATE account SET id = id + 5000 WHERE id IN (50, 51)`,
  `DELETE FROM account WHERE id BETWEEN 60 AND 70`,
  `BEGIN; INSERT INTO account (id, owner) VALUES (1001, 'kept'); SAVEPOINT a; INSERT INTO account (id, owner) VALUES (1002, 'rolled back');
   ROLLBACK TO a; SAVEPOINT b; UPDATE account SET owner = 'nested' WHERE id = 1001; SAVEPOINT c; INSERT INTO account (id, owner) VALUES (1003, 'inner'); RELEASE c; RELEASE b; COMMIT`,
  `BEGIN; DELETE FROM account WHERE id BETWEEN 80 AND 99; ROLLBACK`,
  `INSERT INTO account (id, owner) VALUES (1, 'upsert'), (1004, 'fresh') ON CONFLICT (id) DO UPDATE SET owner = excluded.owner, seen = '2026-02-02 02:02:02.000002+00'`,
  `INSERT INTO account (id, owner) VALUES (2, 'ignored') ON CONFLICT DO NOTHING`,
  `UPDATE account SET owner = 'again' WHERE id = 5; UPDATE account SET owner = 'and again' WHERE id = 5`,
  `BEGIN; UPDATE account SET owner = 'one' WHERE id = 6; UPDATE account SET owner = 'two' WHERE id = 6; DELETE FROM account WHERE id = 6; COMMIT`,
  `UPDATE keyless SET b = 'changed', c = 'Infinity' WHERE a = 3; DELETE FROM keyless WHERE a = 4; INSERT INTO keyless VALUES (NULL, NULL, NULL), (7, 'seven', 'NaN')`,
  `UPDATE whole SET v = NULL WHERE id = 1; DELETE FROM whole WHERE id = 2`,
  `UPDATE by_index SET code = 'moved' WHERE v = 3; DELETE FROM by_index WHERE v = 4; UPDATE by_index SET v = -5 WHERE code = 'code 5'`,
  `INSERT INTO "Odd ""table" ("sel""ect") VALUES (E'a\\nb\\t\\\\'), (NULL); UPDATE "Odd ""table" SET "sel""ect" = 'longer than before' WHERE "the key" = 2; DELETE FROM "Odd ""table" WHERE "the key" = 3`,
  `INSERT INTO document VALUES (100, 'new', repeat('compressible ', 4000), decode(repeat('deadbeef', 3000), 'hex'))`,
  `UPDATE document SET title = 'body untouched' WHERE id = 1; UPDATE document SET raw = decode(repeat('ff00', 4000), 'hex') WHERE id = 2; DELETE FROM document WHERE id = 3`,
  `BEGIN; INSERT INTO document VALUES (101, 'twice', repeat('x', 9000), NULL); UPDATE document SET body = body || 'y' WHERE id = 101; COMMIT`,
  `UPDATE parted SET v = 'same partition' WHERE id = 1; UPDATE parted SET day = day + 31 WHERE id = 2; DELETE FROM parted WHERE id = 3; INSERT INTO parted VALUES (90, '2026-02-11', 'new')`,
  `UPDATE altered SET kept = 'changed' WHERE id = 1; DELETE FROM altered WHERE id = 2; INSERT INTO altered VALUES (100, 'k', NULL, 'late')`,
  `TRUNCATE scratch`,
  `INSERT INTO scratch VALUES (77, 'after the truncate')`,
  `SELECT pg_logical_emit_message(true, 'note', 'said in passing'); INSERT INTO whole VALUES (99, 'with a message')`,
  `BEGIN; INSERT INTO account (id, owner) VALUES (2000, 'two-phase'); SAVEPOINT s; UPDATE account SET owner = 'in it' WHERE id = 2000; PREPARE TRANSACTION 'resolved'`,
  `COMMIT PREPARED 'resolved'`,
  `BEGIN; INSERT INTO account (id, owner) VALUES (2001, 'in doubt'); PREPARE TRANSACTION 'in doubt'`,
  `BEGIN; INSERT INTO account (id, owner) VALUES (2002, 'taken back'); PREPARE TRANSACTION 'aborted'`,
  `ROLLBACK PREPARED 'aborted'`,
];

/** Runs each statement list the way psql would: one simple query each. */
async function runAll(client: pg.ClientBase, statements: readonly string[]): Promise<void> {
  for (const statement of statements) await client.query(statement);
}

/**
 * Two clients upsert the same new key at the same moment: both find it free and write a speculative tuple, and while the slow index,
 * which comes first, is being served, one takes the key. The other has to take its tuple back.
 */
async function race(old: Server): Promise<void> {
  const clients = await Promise.all([0, 1].map(() => old.connect()));
  const upsert = `INSERT INTO raced VALUES (1, 'first') ON CONFLICT (id) DO UPDATE SET v = 'second'`;
  await Promise.all(clients.map((client) => client.query(upsert)));
}

/** Several clients at once on the same tables, so that their records interleave. */
async function interleaved(old: Server): Promise<void> {
  const clients = await Promise.all([0, 1, 2, 3].map(() => old.connect()));
  await Promise.all(
    clients.map(async (client, n) => {
      for (let i = 0; i < 25; i++) {
        const id = 100 + ((n * 37 + i * 11) % 150);
        await client.query('BEGIN');
        await client.query(`INSERT INTO keyless VALUES (${n}, 'client ${n} round ${i}', ${i})`);
        await client.query(`UPDATE account SET balance = ${n}.${i + 10} WHERE id = ${100 + n * 40 + i}`);
        await client.query(i % 5 === 4 ? 'ROLLBACK' : 'COMMIT');
        await client.query(
          `INSERT INTO whole VALUES (${id + 1000}, 'first') ON CONFLICT (id) DO UPDATE SET v = whole.v || '+'`,
        );
      }
    }),
  );
}

/**
 * Fills the segment until only little room is left, so that what follows crosses into the next. 10 has large segments alone: those stay
 * as they are.
 */
async function fillSegment(server: Server): Promise<void> {
  if (server.major < 11) return;
  await server.query(
    `SELECT pg_logical_emit_message(false, 'padding', repeat('p', (1048576 - 2000 - (pg_current_wal_insert_lsn() - '0/0') % 1048576)::int))`,
  );
}

/** Two transactions begun while the standby still followed: one commits after the cut, one before the crash not at all. */
class Straddlers {
  #committing: pg.Client | undefined;

  /** To be run while the standby follows. */
  async begin(old: Server): Promise<void> {
    await old.query(
      `INSERT INTO whole VALUES (500, 'on both sides'); UPDATE account SET owner = 'both' WHERE id = 200`,
    );
    this.#committing = await old.connect();
    await this.#committing.query(
      `BEGIN; INSERT INTO whole VALUES (501, 'begun before the fork'); UPDATE account SET owner = 'straddling' WHERE id = 201; SAVEPOINT s; INSERT INTO whole VALUES (502, 'rolled back'); ROLLBACK TO s`,
    );
    const open = await old.connect();
    await open.query(`BEGIN; INSERT INTO whole VALUES (503, 'never committed')`);
  }

  /** To be run after the cut. */
  async commit(): Promise<void> {
    await this.#committing?.query(`DELETE FROM account WHERE id = 202; COMMIT`);
  }
}

/** Everything that is lost, after the cut. */
async function workAlone(old: Server, straddlers: Straddlers): Promise<void> {
  const client = await old.connect();
  const moves = 'UPDATE parted SET day = day + 31 WHERE id = 2; ';
  const lost = old.major >= 11 ? LOST : LOST.map((statement) => statement.replace(moves, ''));
  await runAll(client, lost.slice(0, 8));
  await straddlers.commit();
  await client.query(
    `COPY (SELECT i + 3000, 'copied ' || i FROM generate_series(1, 500) i) TO '${old.dataDirectory}/lines'`,
  );
  await client.query(`COPY account (id, owner) FROM '${old.dataDirectory}/lines'`);
  await fillSegment(old);
  await interleaved(old);
  await race(old);
  // What is left of a segment after a switch is zeros.
  await client.query('SELECT pg_switch_wal()');
  await client.query('CHECKPOINT');
  await fillSegment(old);
  await runAll(client, lost.slice(8));
}

/** What the new primary writes after its promotion, some of it where the lost transactions wrote too. */
async function workOnNewPrimary(promoted: Server): Promise<void> {
  await promoted.query(
    `INSERT INTO account (id, owner) VALUES (1000, 'same key, other row'), (7000, 'only here');
     UPDATE account SET owner = 'changed here' WHERE id = 11; DELETE FROM account WHERE id = 12; DELETE FROM account WHERE id = 61;
     UPDATE whole SET v = 'new primary' WHERE id = 30; CHECKPOINT`,
  );
}

/** The table whose truncation is lost: nothing can undo it. */
export const TRUNCATED = 'public.scratch';

/** What else happens: with what is shared, before and after what is lost, and on the new primary in the end. */
export interface MoreWork {
  readonly settings?: Settings;
  readonly before?: (old: Server) => Promise<void>;
  readonly shared?: (old: Server) => Promise<void>;
  readonly lostFirst?: (old: Server) => Promise<void>;
  readonly lostLast?: (old: Server) => Promise<void>;
  readonly after?: (promoted: Server) => Promise<void>;
}

/** The whole of it, as one real incident. */
export async function buildWorkload(
  major: number,
  walLevel: 'logical' | 'replica',
  more: MoreWork = {},
): Promise<BuiltIncident> {
  const straddlers = new Straddlers();
  return buildIncident({
    major,
    walLevel,
    walSegmentSizeMb: major >= 11 ? 1 : undefined,
    // As an archive would: what was running at the fork can be followed back to its beginning.
    settings: {
      ...(major >= 13 ? { wal_keep_size: '256MB' } : { wal_keep_segments: 256 }),
      ...more.settings,
    },
    before: async (old) => {
      await old.query(schemaFor(major));
      // 10 knows no small segments: what was written until here stays out of those that a recorded incident needs.
      if (major < 11) await old.query('SELECT pg_switch_wal()');
      await more.before?.(old);
    },
    shared: async (old) => {
      await straddlers.begin(old);
      await more.shared?.(old);
    },
    lost: async (old) => {
      await more.lostFirst?.(old);
      await workAlone(old, straddlers);
      await more.lostLast?.(old);
    },
    after: async (promoted) => {
      await workOnNewPrimary(promoted);
      await more.after?.(promoted);
    },
  });
}
