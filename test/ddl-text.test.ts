/** Stored definitions read offline, held against what each server says of them by its own pg_get_ functions. */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { openCatalog } from '../source/catalog/open.js';
import type { CatalogSnapshot } from '../source/catalog/snapshot.js';
import { pgAttributeDefault } from '../source/catalog/tables/attributes.js';
import { CONSTRAINT_BY_OID, pgConstraint } from '../source/catalog/tables/constraints.js';
import { INDEX_BY_OID, pgIndex } from '../source/catalog/tables/indexes.js';
import { pgType } from '../source/catalog/tables/types.js';
import { constraintText } from '../source/ddl/constraint-text.js';
import { Expressions } from '../source/ddl/expressions.js';
import { indexText } from '../source/ddl/index-text.js';
import { CannotTellError, reasonOf } from '../source/ddl/node-tree.js';
import { partitionBoundText, partitionKeyText } from '../source/ddl/partition-text.js';
import { readControlFile } from '../source/timeline/control-file.js';
import { initdb, type Server, stopAllServers } from './servers/server.js';
import { EVERY_MAJOR, majors } from './support/matrix.js';
import { seeded } from './support/seeded.js';

after(stopAllServers);

const MAJORS = majors(...EVERY_MAJOR);

const SCHEMA = `
  CREATE SCHEMA "Odd ""one";
  CREATE TYPE mood AS ENUM ('sad', 'it''s fine'); CREATE TYPE pair AS (x int, y text);
  CREATE DOMAIN posint AS int DEFAULT 7 CHECK (VALUE > 0) CHECK (VALUE <> 13);
  CREATE DOMAIN shout AS text COLLATE "C" NOT NULL CHECK (VALUE = upper(VALUE));
  CREATE SEQUENCE "Odd ""one"."the seq";
  CREATE FUNCTION "Odd ""one".twice(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 * 2';
  CREATE FUNCTION va(int, VARIADIC int[]) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1';
  CREATE FUNCTION named(a int, b int DEFAULT 3) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1';
  CREATE FUNCTION eq(mood, int) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT true';
  CREATE OPERATOR "Odd ""one".=== (LEFTARG = mood, RIGHTARG = int, PROCEDURE = eq);
  CREATE TABLE base (id serial PRIMARY KEY, "Big" text COLLATE "C", n numeric(10,2), UNIQUE (n, "Big"));
  CREATE TABLE d (
    c1 int DEFAULT 1, c2 int DEFAULT -1, c3 bigint DEFAULT 1, c4 bigint DEFAULT -9223372036854775808, c5 numeric DEFAULT 1.5,
    c6 numeric(5,1) DEFAULT -1.5, c7 text DEFAULT 'it''s', c8 text DEFAULT E'back\\\\slash', c9 varchar(5) DEFAULT 'abc', c10 char(3) DEFAULT 'x',
    c11 bool DEFAULT true, c12 timestamptz DEFAULT now(), c13 timestamptz DEFAULT CURRENT_TIMESTAMP, c14 timestamptz DEFAULT CURRENT_TIMESTAMP(3),
    c15 date DEFAULT CURRENT_DATE, c16 date DEFAULT '2026-01-02', c17 timestamp DEFAULT localtimestamp, c18 interval DEFAULT '1 day 02:00',
    c19 text DEFAULT CURRENT_USER, c20 name DEFAULT session_user, c21 int[] DEFAULT '{1,2}', c22 int[] DEFAULT ARRAY[1,2,3], c23 text[] DEFAULT ARRAY[]::text[],
    c24 jsonb DEFAULT '{"a": [1, null]}', c25 mood DEFAULT 'it''s fine', c26 posint DEFAULT 5, c27 float8 DEFAULT 1.5, c28 float8 DEFAULT '-0',
    c29 bigint DEFAULT nextval('"Odd ""one"."the seq"'), c30 int DEFAULT "Odd ""one".twice(3), c31 int DEFAULT 1 + 2 * 3, c32 text DEFAULT 'a' || 'b',
    c33 text DEFAULT coalesce(NULL, 'x'), c34 int DEFAULT greatest(1, 2), c35 int DEFAULT CASE WHEN true THEN 1 ELSE 2 END,
    c36 int DEFAULT CASE 3 WHEN 3 THEN 1 WHEN 4 THEN 9 END, c37 bytea DEFAULT '\\xdeadbeef', c38 uuid DEFAULT '00000000-0000-0000-0000-000000000001',
    c39 pair DEFAULT ROW(1, 'x'), c40 int DEFAULT va(1, 2, 3), c41 int DEFAULT named(b => 1, a => 2), c42 varchar(20) DEFAULT now(),
    c43 int DEFAULT '5'::text::int, c44 text DEFAULT 5, c45 bool DEFAULT (NOT (1 = 2 OR 2 > 3 AND 1 < 2)), c46 int DEFAULT NULL, c47 "char" DEFAULT 'x',
    c48 bit(3) DEFAULT B'101', c49 inet DEFAULT '10.0.0.1/8', c50 money DEFAULT 5, c51 timestamp DEFAULT (now() AT TIME ZONE 'UTC'),
    c52 int DEFAULT extract(year from date '2026-01-01'), c53 text DEFAULT substring('abc' from 2 for 1), c54 text DEFAULT trim(both 'x' from 'xax'),
    c55 int DEFAULT position('b' in 'abc'), c56 xml DEFAULT '<a/>', c57 int4range DEFAULT '[1,5)', c58 regclass DEFAULT 'base', c59 interval(3) DEFAULT '1.2345 s',
    c60 text DEFAULT (ARRAY['a','b'])[1], c61 text DEFAULT ('x' COLLATE "C"), c62 bool DEFAULT (1 IS DISTINCT FROM 2), c63 int DEFAULT nullif(1, 2),
    c64 bool DEFAULT (1 = ANY (ARRAY[1,2])), c65 bool DEFAULT (true IS NOT UNKNOWN), c66 int DEFAULT - (5), c67 int DEFAULT (ROW(4,'y')::pair).x, c68 text DEFAULT '"q" (p) {b} \\ <>',
    c69 bool DEFAULT ('sad'::mood OPERATOR("Odd ""one".===) 3), c70 timestamptz DEFAULT date_trunc('day', now()) + interval '1 day', c71 text DEFAULT md5(random()::text),
    c72 bool DEFAULT ((1,2) = (1,2)), c73 oid DEFAULT 5, c74 smallint DEFAULT 3, c75 real DEFAULT 2.5, c76 text DEFAULT '', c77 time DEFAULT '01:02:03',
    CHECK (c1 > 0 AND c1 < 10), CHECK (c7 IN ('a', 'b') OR c7 IS NULL), CHECK (c9 ~ '^[a-z]+$'), CHECK (c3 BETWEEN 1 AND 5), CHECK (c7 LIKE 'a%'),
    CHECK (c39 IS NOT NULL), CHECK (NOT c11), CHECK (c11 IS TRUE), CHECK (length(c7) > 3 AND (c21)[1] > 0 AND c21[1:2] = '{1,2}'), CHECK (c12 > '2020-01-01'),
    CONSTRAINT "odd ""name" CHECK ((c39).y = 'z') NO INHERIT, CHECK (c25 <> 'sad'), CHECK (c24 ? 'a'), CHECK (c9 = 'x'), CHECK (c10 = 'abc'));
  ALTER TABLE d ADD CONSTRAINT later CHECK (c1 <> 3) NOT VALID;
  CREATE TABLE ref (a int, b text, n numeric(10,2), r int4range, g point, e mood, arr int[],
    CONSTRAINT fk FOREIGN KEY (a) REFERENCES base ON DELETE CASCADE ON UPDATE SET NULL DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT fk2 FOREIGN KEY (n, b) REFERENCES base (n, "Big") MATCH FULL ON DELETE SET DEFAULT,
    CONSTRAINT ex EXCLUDE USING gist (r WITH &&) WHERE (a > 3), CONSTRAINT defer_me UNIQUE (a) DEFERRABLE);
  CREATE INDEX i1 ON ref (a, b DESC, n NULLS FIRST, e DESC NULLS LAST); CREATE UNIQUE INDEX i2 ON ref (lower(b), (a + 1)) WHERE a > 0 AND b IS NOT NULL;
  CREATE INDEX i3 ON ref (b text_pattern_ops, b COLLATE "C"); CREATE INDEX i4 ON ref USING gist (g); CREATE INDEX i5 ON ref USING gin (arr);
  CREATE INDEX i6 ON ref USING hash (b) WITH (fillfactor = 70); CREATE INDEX i7 ON ref USING brin (a) WITH (pages_per_range = 4);
  CREATE INDEX i8 ON ref ((b || 'x'), (b COLLATE "C"), "Odd ""one".twice(a), coalesce(a, 3)); CREATE INDEX i9 ON ref (e, arr, r); CREATE INDEX i10 ON d (c9, c10, c26, c38);
  CREATE INDEX i11 ON d (c11) WHERE c11; CREATE INDEX i12 ON d ((c7::varchar(5)), (c44::text));
  CREATE TABLE p1 (a int, b text, c date) PARTITION BY RANGE (c, lower(b)); CREATE TABLE p1a PARTITION OF p1 FOR VALUES FROM ('2026-01-01', 'a') TO ('2026-02-01', MAXVALUE);
  CREATE TABLE p2 (a int, b text COLLATE "C") PARTITION BY LIST (b COLLATE "POSIX" text_pattern_ops); CREATE TABLE p2a PARTITION OF p2 FOR VALUES IN ('x', 'it''s', NULL);
`;

const NEWER: readonly (readonly [since: number, sql: string])[] = [
  [
    11,
    `CREATE TABLE p3 (a int) PARTITION BY HASH (a); CREATE TABLE p3a PARTITION OF p3 FOR VALUES WITH (modulus 4, remainder 1); CREATE TABLE p2d PARTITION OF p2 DEFAULT;
        CREATE UNIQUE INDEX i20 ON ref (a) INCLUDE (b, n); CREATE INDEX ON p1 (a, c)`,
  ],
  [
    12,
    `CREATE TABLE g (a int, b int GENERATED ALWAYS AS (a * 2 + 1) STORED, c text GENERATED ALWAYS AS ('x' || a::text) STORED)`,
  ],
  [13, `CREATE INDEX i21 ON ref USING btree (a) WITH (deduplicate_items = off)`],
  [
    14,
    `CREATE TYPE r AS RANGE (subtype = float8); CREATE TABLE m (a int4multirange DEFAULT '{[1,3)}', b r); CREATE INDEX ON m (a, b)`,
  ],
  [
    15,
    `CREATE TABLE nn (a int, b int, UNIQUE NULLS NOT DISTINCT (a)); CREATE UNIQUE INDEX i22 ON nn (b) NULLS NOT DISTINCT; CREATE TABLE fk3 (a int, b int, PRIMARY KEY (a, b)); CREATE TABLE fk4 (a int, b int, FOREIGN KEY (a, b) REFERENCES fk3 ON DELETE SET NULL (b))`,
  ],
  [
    18,
    `CREATE TABLE w (id int4range, span daterange, CONSTRAINT wpk PRIMARY KEY (id, span WITHOUT OVERLAPS), v int NOT NULL, vv int GENERATED ALWAYS AS (v + 1) VIRTUAL, CHECK (v > 3) NOT ENFORCED);
        CREATE TABLE wf (id int4range, span daterange, FOREIGN KEY (id, PERIOD span) REFERENCES w (id, PERIOD span))`,
  ],
];

/** What the server says, by object. */
async function serverTexts(server: Server): Promise<Map<string, string>> {
  const client = await server.connect();
  await client.query(
    `SET search_path = ''; SET TimeZone = 'UTC'; SET DateStyle = 'ISO, YMD'; SET extra_float_digits = 1; SET lc_monetary = 'C'`,
  );
  const { rows } = await client.query<{ key: string; text: string }>(`
    SELECT 'default ' || adrelid::oid || ' ' || adnum AS key, pg_get_expr(adbin, adrelid) AS text FROM pg_catalog.pg_attrdef
    UNION ALL SELECT 'constraint ' || oid, pg_get_constraintdef(oid) FROM pg_catalog.pg_constraint WHERE contype <> 't'
    UNION ALL SELECT 'index ' || indexrelid::oid, pg_get_indexdef(indexrelid) FROM pg_catalog.pg_index
    UNION ALL SELECT 'key ' || oid, pg_get_partkeydef(oid) FROM pg_catalog.pg_class WHERE relkind = 'p'
    UNION ALL SELECT 'bound ' || oid, pg_get_expr(relpartbound, oid) FROM pg_catalog.pg_class WHERE relpartbound IS NOT NULL
    UNION ALL SELECT 'domain ' || oid, pg_get_expr(typdefaultbin, 0) FROM pg_catalog.pg_type WHERE typdefaultbin IS NOT NULL AND typtype = 'd'`);
  await client.end();
  return new Map(rows.map(({ key, text }) => [key, text]));
}

/** What the files say of the same object. */
function ownText(rows: CatalogSnapshot, key: string): string {
  const [kind, first, second] = key.split(' ');
  const oid = Number(first);
  switch (kind) {
    case 'default': {
      const row = rows.all(pgAttributeDefault, oid).find((each) => each.number === Number(second));
      return new Expressions(rows, rows.attributes(oid)).text(row!.expression!);
    }
    case 'constraint':
      return constraintText(rows, rows.one(pgConstraint, oid, CONSTRAINT_BY_OID)!);
    case 'index': {
      const index = rows.one(pgIndex, oid, INDEX_BY_OID)!;
      return indexText(rows, index, rows.relation(oid)!.kind === 'I');
    }
    case 'key':
      return partitionKeyText(rows, oid);
    case 'bound':
      return partitionBoundText(rows, rows.relation(oid)!.partitionBound!);
    default:
      return new Expressions(rows).text(rows.one(pgType, oid)!.defaultExpression!);
  }
}

/** Both without what only looks different: pg_get_expr() breaks lines, we escape backslashes so that no setting matters. */
function plain(text: string): string {
  return text
    .replace(/\b[BE]'/g, "'")
    .replaceAll('\\\\', '\\')
    .replace(/\s+/g, ' ')
    .trim();
}

/** Damages stored trees in every way a token can be damaged: what comes of it is text or a reason, never anything else. Returns how many were tried. */
function tryDamaged(rows: CatalogSnapshot): number {
  const chance = seeded(7);
  let tried = 0;
  for (const relation of rows.tables()) {
    for (const { expression } of rows.all(pgAttributeDefault, relation.oid)) {
      const tokens = expression!.split(' ');
      for (let i = 0; i < 40; i++) {
        const damaged = [...tokens];
        const at = chance(tokens.length) - 1;
        const how = chance(4);
        if (how === 1) damaged.splice(at, 1);
        else if (how === 2)
          damaged[at] = ['<>', '{', '}', '(', ')', '-1', '99999', '[', ']', '\\'][chance(10) - 1];
        else if (how === 3) damaged.length = at;
        else damaged.splice(at, 0, tokens[chance(tokens.length) - 1]);
        tried++;
        try {
          new Expressions(rows, rows.attributes(relation.oid)).text(damaged.join(' '));
        } catch (error) {
          assert.ok(reasonOf(error).length > 0);
        }
      }
    }
  }
  return tried;
}

describe('every stored default, check, key, index and partition bound reads as the server writes it', () => {
  for (const major of MAJORS) {
    test(`PostgreSQL ${major}`, async () => {
      const server = await (await initdb(major)).start();
      await server.query(SCHEMA);
      for (const [since, sql] of NEWER) if (major >= since) await server.query(sql);
      const truth = await serverTexts(server);
      const databaseOid = Number(
        (await server.query<{ oid: string }>(`SELECT oid FROM pg_database WHERE datname = 'postgres'`))[0]
          .oid,
      );
      await server.stop();
      const control = readControlFile(server.dataDirectory);
      const catalog = openCatalog(server.dataDirectory, {
        majorVersion: major,
        pageSize: control.pageSize,
        startLsn: control.checkpoint.redoLsn,
        startNextXid: control.checkpoint.nextXid,
        startRunningXids: new Set(),
      });
      const rows = catalog.rows(databaseOid, { lsn: Number.MAX_SAFE_INTEGER })!;
      assert.ok(truth.size > 200);
      const wrong: string[] = [];
      for (const [key, text] of truth) {
        let own: string;
        try {
          own = ownText(rows, key);
        } catch (error) {
          if (!(error instanceof CannotTellError)) throw error;
          own = `cannot tell: ${error.message}`;
        }
        if (plain(own) !== plain(text)) wrong.push(`${key}: ${own}\n    where the server says ${text}`);
      }
      assert.deepEqual(wrong, []);
      assert.ok(tryDamaged(rows) > 1000);
    });
  }
});
