/** Every sort of DDL that a lost transaction may hold, with rows before, between and after. */

/** What both sides have. */
export const BEFORE = `
  CREATE SCHEMA moving; CREATE ROLE clerk;
  CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE TYPE pair AS (x int, y text); CREATE DOMAIN positive AS int CHECK (VALUE > 0);
  CREATE TABLE plain (id int PRIMARY KEY, v text); INSERT INTO plain SELECT i, 'v' || i FROM generate_series(1, 20) i;
  CREATE TABLE altered (id int PRIMARY KEY, a text, b varchar(10), c int, gone text DEFAULT 'x', n int);
  INSERT INTO altered SELECT i, 'a' || i, 'b', i FROM generate_series(1, 20) i;
  CREATE TABLE widened (id int PRIMARY KEY, amount int DEFAULT 5, price numeric(8,2) CHECK (price > 0)); CREATE INDEX widened_amount ON widened (amount);
  INSERT INTO widened SELECT i, i, i + 0.5 FROM generate_series(1, 20) i;
  CREATE TABLE swap_a (id int PRIMARY KEY, v text); CREATE TABLE swap_b (id int PRIMARY KEY, w int); INSERT INTO swap_a VALUES (1, 'a'); INSERT INTO swap_b VALUES (2, 2);
  CREATE TABLE doomed (id int PRIMARY KEY); CREATE TABLE doomed_too (id int REFERENCES doomed); INSERT INTO doomed VALUES (1);
  CREATE TABLE emptied (id serial PRIMARY KEY, v text); INSERT INTO emptied (v) SELECT 'x' FROM generate_series(1, 30);
  CREATE TABLE referring (id int PRIMARY KEY, e int REFERENCES emptied); INSERT INTO referring VALUES (1, 1);
  CREATE TABLE emptied_too (id int PRIMARY KEY, big text); INSERT INTO emptied_too SELECT i, repeat('b', 3000) FROM generate_series(1, 20) i;
  CREATE TABLE vacuumed (id int PRIMARY KEY, v text); INSERT INTO vacuumed SELECT i, repeat('v', 500) FROM generate_series(1, 200) i;
  CREATE TABLE clustered (id int PRIMARY KEY, v text); INSERT INTO clustered SELECT i, 'c' || i FROM generate_series(1, 50) i;
  CREATE TABLE pg_temp_12345 (id int PRIMARY KEY, v text);
  CREATE TABLE parent (id int, region text NOT NULL, v text DEFAULT 'p') PARTITION BY LIST (region);
  CREATE TABLE north PARTITION OF parent FOR VALUES IN ('north'); CREATE TABLE west PARTITION OF parent FOR VALUES IN ('west'); INSERT INTO parent VALUES (1, 'north'), (2, 'west');
  CREATE TABLE ancestor (id int, kind text); CREATE TABLE heir (extra int) INHERITS (ancestor); INSERT INTO heir VALUES (1, 'k', 9);
  CREATE SEQUENCE counter; CREATE SEQUENCE old_counter; SELECT nextval('counter'); CREATE INDEX plain_v ON plain (v); CREATE TABLE "Odd ""name" ("a""b" int PRIMARY KEY, "line
break" text);
`;

/** What is lost, one transaction an entry. */
const LOST: readonly string[] = [
  `BEGIN; INSERT INTO plain VALUES (100, 'before'); CREATE TABLE made (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name varchar(20) NOT NULL DEFAULT 'it''s', at timestamptz DEFAULT now(),
     amount numeric(10,2) CHECK (amount > 0), tags text[] DEFAULT '{}', UNIQUE (name), note text COLLATE "C"); INSERT INTO made (name, amount) VALUES ('one', 1.5), ('two', 2); INSERT INTO plain VALUES (101, 'after'); COMMIT`,
  `INSERT INTO made (name) VALUES ('later')`,
  `CREATE TABLE with_serial (id serial PRIMARY KEY, parent int REFERENCES plain ON DELETE CASCADE, j jsonb DEFAULT '{"a": 1}', m mood DEFAULT 'ok') WITH (fillfactor = 70)`,
  `INSERT INTO with_serial (parent) VALUES (1), (2)`,
  `CREATE TABLE copied AS SELECT id, v, id * 2 AS twice FROM plain`,
  `CREATE UNLOGGED TABLE fleeting (id int)`,
  `CREATE TEMP TABLE passing (id int); INSERT INTO passing VALUES (1); INSERT INTO plain VALUES (102, 'with a temporary table')`,
  `BEGIN; CREATE TABLE short_lived (id int PRIMARY KEY, v text); INSERT INTO short_lived VALUES (1, 'x'); UPDATE short_lived SET v = 'y'; DROP TABLE short_lived; INSERT INTO plain VALUES (103, 'short'); COMMIT`,
  `BEGIN; UPDATE altered SET a = 'before' WHERE id = 1; ALTER TABLE altered ADD COLUMN fast int DEFAULT 42; UPDATE altered SET a = 'between' WHERE id = 2; ALTER TABLE altered ADD COLUMN stable timestamptz DEFAULT now(); INSERT INTO altered (id, a, c) VALUES (100, 'after', 1); COMMIT`,
  `ALTER TABLE altered DROP COLUMN gone; ALTER TABLE altered RENAME COLUMN a TO renamed; ALTER TABLE altered ALTER b TYPE varchar(50), ALTER c SET DEFAULT 7, ALTER c SET NOT NULL, ALTER id DROP DEFAULT; UPDATE altered SET renamed = 'renamed' WHERE id = 3`,
  `ALTER TABLE altered ADD COLUMN late text; UPDATE altered SET late = 'x' WHERE id = 4; ALTER TABLE altered ALTER late SET DEFAULT 'y'; INSERT INTO altered (id) VALUES (101)`,
  `ALTER TABLE altered ADD CHECK (c < 1000), ADD CONSTRAINT unique_n UNIQUE (n), ADD CONSTRAINT self FOREIGN KEY (n) REFERENCES altered, ALTER n SET STORAGE PLAIN, ALTER c SET STATISTICS 50`,
  `BEGIN; UPDATE widened SET amount = 0 WHERE id = 1; ALTER TABLE widened ALTER amount TYPE bigint, ALTER price TYPE numeric(12,4); UPDATE widened SET amount = 5000000000 WHERE id = 2; INSERT INTO widened VALUES (100, DEFAULT, 1); COMMIT`,
  `UPDATE widened SET price = price + 1 WHERE id < 5; DELETE FROM widened WHERE id = 7`,
  `BEGIN; ALTER TABLE swap_a RENAME TO swap_c; ALTER TABLE swap_b RENAME TO swap_a; ALTER TABLE swap_c RENAME TO swap_b; INSERT INTO swap_a VALUES (3, 3); INSERT INTO swap_b VALUES (3, 'b'); COMMIT`,
  `BEGIN; INSERT INTO plain VALUES (110, 'old name'); ALTER TABLE plain RENAME TO plainer; INSERT INTO plainer VALUES (111, 'new name'); ALTER TABLE plainer SET SCHEMA moving; INSERT INTO moving.plainer VALUES (112, 'new schema'); COMMIT`,
  `DROP TABLE doomed, doomed_too`,
  `DROP INDEX moving.plain_v; CREATE UNIQUE INDEX plain_lower ON moving.plainer (lower(v), id DESC) WHERE id > 0; CREATE INDEX ON moving.plainer USING hash (v)`,
  `BEGIN; INSERT INTO emptied (v) VALUES ('lost in the truncate'); TRUNCATE emptied RESTART IDENTITY CASCADE; INSERT INTO emptied (v) VALUES ('first again'); INSERT INTO referring VALUES (5, 1); COMMIT`,
  `INSERT INTO emptied (v) VALUES ('second')`,
  `BEGIN; TRUNCATE emptied_too; INSERT INTO emptied_too VALUES (1, 'a'); TRUNCATE emptied_too; INSERT INTO emptied_too VALUES (2, repeat('t', 5000)); COMMIT`,
  `BEGIN; CREATE TABLE truncated_young (id int PRIMARY KEY, v text); INSERT INTO truncated_young VALUES (1, 'gone'); TRUNCATE truncated_young; INSERT INTO truncated_young VALUES (2, 'stays'); COMMIT`,
  `BEGIN; SAVEPOINT a; TRUNCATE altered; ROLLBACK TO a; UPDATE altered SET renamed = 'not truncated' WHERE id = 5; COMMIT`,
  `DELETE FROM vacuumed`,
  `VACUUM vacuumed`,
  `INSERT INTO vacuumed VALUES (1, 'after the vacuum')`,
  `CLUSTER clustered USING clustered_pkey`,
  `UPDATE clustered SET v = 'after cluster' WHERE id = 3`,
  `VACUUM FULL clustered`,
  `DELETE FROM clustered WHERE id = 4`,
  `INSERT INTO pg_temp_12345 VALUES (1, 'a table of somebody who likes odd names'); UPDATE pg_temp_12345 SET v = 'still his'`,
  `CREATE TABLE south PARTITION OF parent FOR VALUES IN ('south', 'down'); INSERT INTO parent VALUES (3, 'south', 's')`,
  `CREATE TABLE east (id int, region text NOT NULL, v text); INSERT INTO east VALUES (4, 'east', 'e'); ALTER TABLE parent ATTACH PARTITION east FOR VALUES IN ('east'); ALTER TABLE parent DETACH PARTITION west; INSERT INTO west VALUES (9, 'anything')`,
  `ALTER TABLE parent ADD COLUMN everywhere int DEFAULT 3; UPDATE parent SET everywhere = 4 WHERE id = 1; ALTER TABLE ancestor ADD COLUMN inherited text; UPDATE heir SET inherited = 'yes'`,
  `CREATE TABLE measurements (id int, at date NOT NULL, v float8) PARTITION BY RANGE (at); CREATE TABLE measurements_1 PARTITION OF measurements FOR VALUES FROM ('2026-01-01') TO ('2026-02-01'); INSERT INTO measurements VALUES (1, '2026-01-05', 1.5)`,
  `CREATE SEQUENCE made_sequence AS smallint START 5 INCREMENT 2 CYCLE; ALTER SEQUENCE counter INCREMENT 10 OWNED BY clustered.id; DROP SEQUENCE old_counter; SELECT nextval('made_sequence')`,
  `CREATE TYPE colour AS ENUM ('red', 'it''s green'); CREATE TYPE place AS (street text, number int); CREATE TYPE span AS RANGE (SUBTYPE = float8, SUBTYPE_DIFF = float8mi); CREATE DOMAIN mail AS text NOT NULL DEFAULT 'a@b' CHECK (VALUE LIKE '%@%');
     CREATE TABLE typed (id int PRIMARY KEY, c colour, p place, s span, m mail, cs colour[]); INSERT INTO typed VALUES (1, 'red', ROW('Main', 1)::place, '[1,2)', 'x@y', '{red}')`,
  `ALTER TYPE mood ADD VALUE 'happy' BEFORE 'ok'`,
  `ALTER TYPE pair ADD ATTRIBUTE z date; ALTER DOMAIN positive ADD CONSTRAINT small CHECK (VALUE < 1000); ALTER TYPE colour RENAME TO hue; ALTER TABLE typed ALTER m DROP NOT NULL`,
  `CREATE SCHEMA fresh; CREATE TABLE fresh.inside (id int PRIMARY KEY); INSERT INTO fresh.inside VALUES (1); ALTER SCHEMA moving RENAME TO moved`,
  `ALTER TABLE "Odd ""name" ADD COLUMN "new ""line
" int DEFAULT 1; INSERT INTO "Odd ""name" VALUES (1, 'odd', 2)`,
  `ALTER TABLE clustered REPLICA IDENTITY FULL; ALTER TABLE clustered SET (fillfactor = 80), ENABLE ROW LEVEL SECURITY; ALTER TABLE vacuumed OWNER TO clerk; ALTER INDEX clustered_pkey RENAME TO clustered_key`,
  `ALTER TABLE moved.plainer DROP CONSTRAINT plain_pkey CASCADE; ALTER TABLE moved.plainer ADD CONSTRAINT plainer_key PRIMARY KEY (id, v)`,
];

const NEWER: readonly (readonly [since: number, sql: string])[] = [
  [
    11,
    `CREATE INDEX parent_id ON parent (id); CREATE UNIQUE INDEX included ON clustered (id) INCLUDE (v); CREATE TABLE hashed (id int PRIMARY KEY) PARTITION BY HASH (id); CREATE TABLE hashed_0 PARTITION OF hashed FOR VALUES WITH (MODULUS 1, REMAINDER 0); INSERT INTO hashed VALUES (1)`,
  ],
  [
    12,
    `CREATE TABLE generated (id int PRIMARY KEY, twice int GENERATED ALWAYS AS (id * 2) STORED); INSERT INTO generated VALUES (4)`,
  ],
  [
    12,
    `ALTER TABLE generated ADD COLUMN thrice int GENERATED ALWAYS AS (id * 3) STORED; INSERT INTO generated VALUES (5)`,
  ],
  [13, `ALTER TABLE generated ALTER COLUMN twice DROP EXPRESSION; INSERT INTO generated VALUES (6, 1)`],
  [
    15,
    `CREATE TABLE distinct_nulls (a int UNIQUE NULLS NOT DISTINCT); INSERT INTO distinct_nulls VALUES (NULL)`,
  ],
  [
    18,
    `CREATE TABLE modern (id int CONSTRAINT id_there NOT NULL, v int NOT NULL, w int GENERATED ALWAYS AS (v + 1) VIRTUAL); INSERT INTO modern VALUES (1, 2)`,
  ],
];

/** The transactions of one major. */
export function lostDdl(major: number): string[] {
  // 10 writes the table anew for any default, and what each row got then is in no catalog.
  const stable = /ALTER TABLE altered ADD COLUMN stable [^;]*; /;
  const lost = major >= 11 ? LOST : LOST.map((sql) => sql.replace(stable, ''));
  return [...lost, ...NEWER.filter(([since]) => major >= since).map(([, sql]) => sql)];
}

/** What the new primary does to the same definitions meanwhile. */
export const ON_NEW_PRIMARY = `CREATE TABLE made (id int); ALTER TABLE swap_a ADD COLUMN there int; DROP TABLE doomed_too; INSERT INTO altered (id) VALUES (900)`;

/** DDL that leaves behind everything it takes to undo it. */
export const UNDOABLE: readonly string[] = [
  `CREATE TABLE brief (id serial PRIMARY KEY, v text); INSERT INTO brief (v) VALUES ('x')`,
  `ALTER TABLE altered ADD COLUMN extra int DEFAULT 3; UPDATE altered SET extra = 4 WHERE id = 1`,
  `ALTER TABLE altered RENAME COLUMN a TO renamed; ALTER TABLE altered ALTER c SET DEFAULT 9, ALTER b TYPE varchar(30), ADD CHECK (c > 0), ALTER gone DROP DEFAULT`,
  `UPDATE altered SET renamed = 'changed' WHERE id = 2; DELETE FROM altered WHERE id = 3`,
  `BEGIN; ALTER TABLE swap_a RENAME TO swap_c; ALTER TABLE swap_b RENAME TO swap_a; ALTER TABLE swap_c RENAME TO swap_b; INSERT INTO swap_a VALUES (3, 3); COMMIT`,
  `ALTER TABLE plain SET SCHEMA moving; DROP INDEX moving.plain_v; ALTER TABLE moving.plain ADD UNIQUE (v); INSERT INTO moving.plain VALUES (100, 'new')`,
  `ALTER TABLE widened DROP CONSTRAINT widened_price_check, ALTER amount DROP DEFAULT, REPLICA IDENTITY FULL, SET (fillfactor = 50)`,
  `CREATE SCHEMA passing; CREATE TYPE passing.shade AS ENUM ('dark'); CREATE TABLE passing.here (s passing.shade); INSERT INTO passing.here VALUES ('dark')`,
  `ALTER DOMAIN positive ADD CONSTRAINT small CHECK (VALUE < 1000); CREATE SEQUENCE brief_sequence; ALTER SEQUENCE counter INCREMENT 7; ALTER SCHEMA moving RENAME TO gone_on`,
  `ALTER TABLE parent DETACH PARTITION west; CREATE TABLE south PARTITION OF parent FOR VALUES IN ('south'); INSERT INTO parent VALUES (9, 'south')`,
];

/** DDL that the rows of the catalog do not tell, or not wholly, and what is said of it. */
export const UNTOLD: readonly (readonly [sql: string, said: RegExp])[] = [
  [
    'CREATE VIEW looking AS SELECT * FROM plain',
    /creates view public\.looking: the definition of a view is not reconstructed/,
  ],
  [
    `CREATE FUNCTION twice(int) RETURNS int LANGUAGE sql AS 'SELECT $1 * 2'`,
    /creates function public\.twice\(integer\): the body of a function is not reconstructed/,
  ],
  [
    `CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; CREATE TRIGGER note BEFORE INSERT ON plain FOR EACH ROW EXECUTE PROCEDURE noted()`,
    /creates trigger note on public\.plain: the definition of a trigger is not reconstructed/,
  ],
  [
    'ALTER TABLE widened ADD COLUMN random float8 DEFAULT random()',
    /adds column random to table public\.widened: existing rows got values of a default that is computed for each/,
  ],
  [
    `ALTER TABLE widened ALTER amount TYPE text USING 'a' || amount`,
    /changes the type of column amount of table public\.widened: each row was converted to text by an expression \(USING …\) that the catalog does not keep/,
  ],
  [
    'GRANT SELECT ON plain TO clerk',
    /changes the privileges on table public\.plain: who was granted what is not reconstructed/,
  ],
  [
    `COMMENT ON TABLE plain IS 'said of it'`,
    /also changes the catalog: pg_description: what it changed there is not reconstructed/,
  ],
];
