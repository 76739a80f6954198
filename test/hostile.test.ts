/**
 * Names and values chosen to break out of whatever they are written into, on servers whose settings turn every literal's meaning round:
 * the files go through psql as an operator would run them, and what comes back are the same bytes.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import pg from 'pg';
import { type BuiltIncident, buildIncident, serverHashes } from './servers/incident.js';
import { type Server, stopAllServers } from './servers/server.js';
import { exportSql, runSql } from './support/exported-sql.js';
import { majors } from './support/matrix.js';
import { seeded } from './support/seeded.js';

after(stopAllServers);

const MAJORS = majors(10, 18);

const PSQL = spawnSync('psql', ['--version']).status === 0;

/** What a psql line, a comment, a string, a guard, a format or a reader's eye could trip over. */
const PIECES: readonly string[] = [
  '\n\\! touch pwned\n',
  '\r\\! touch pwned\r\n',
  '\\! touch pwned',
  "'; DROP TABLE victim; --",
  '--',
  '/*',
  '*/',
  '$guard$',
  '$$',
  '$guard1$',
  "'",
  "''",
  '"',
  '""',
  '\\',
  '\\\\',
  "\\'",
  '\\x00',
  '\\u0041',
  '%',
  '%s',
  ':name',
  ":'name'",
  ':"name"',
  ';',
  '\\;',
  '\\gexec',
  '\\.',
  '\n\\.\n',
  '\t',
  '\v',
  '\f',
  '\b',
  '\u0001',
  '\u001b[2J',
  '\u001b]0;title\u0007',
  '\u007f',
  '\u0085',
  '\u009b1m',
  '\u00a0',
  '\u00ad',
  '\u200b',
  '\u200e',
  '\u202e',
  '\u2066',
  '\u2028',
  '\u2029',
  '\ufeff',
  '\ufffd',
  '\u{e0041}',
  '\ufe0f',
  'é',
  'ß',
  '𝄞',
  '👩‍👩‍👧',
  '{',
  '}',
  '(',
  ')',
  '[',
  ']',
  ',',
  'NULL',
  'null',
  ' ',
  '',
  'a',
  '0',
  '-0',
  'BEGIN;',
  'COMMIT;',
];

const next = seeded(Number(process.env['FORKPOINT_SEED'] ?? 20261121));
const random = () => (next(1_000_000) - 1) / 1_000_000;
const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)];
const nasty = (pieces: number): string =>
  Array.from({ length: 1 + Math.floor(random() * pieces) }, () => pick(PIECES)).join('');

/** At most 63 bytes, as names are cut. */
function nastyName(prefix: string): string {
  let name = prefix;
  for (const character of nasty(6)) if (Buffer.byteLength(name + character) <= 60) name += character;
  return name;
}

const quoted = (name: string) => pg.escapeIdentifier(name);
const literal = (text: string) => pg.escapeLiteral(text);

const HOSTILE: Readonly<Record<string, string>> = {
  standard_conforming_strings: 'off',
  escape_string_warning: 'on',
  DateStyle: "'SQL, DMY'",
  IntervalStyle: 'sql_standard',
  bytea_output: 'escape',
  TimeZone: "'Asia/Kathmandu'",
  extra_float_digits: '-15',
  backslash_quote: 'off',
  client_encoding: "'LATIN1'",
  array_nulls: 'off',
  xmloption: 'document',
  search_path: 'evil, pg_catalog',
  transform_null_equals: 'on',
  quote_all_identifiers: 'on',
  default_transaction_isolation: "'serializable'",
  default_transaction_read_only: 'on',
  statement_timeout: "'20ms'",
  row_security: 'on',
  check_function_bodies: 'off',
};

/** A schema that would be found first, were the file to rely on the search_path. */
const EVIL = `
  CREATE SCHEMA evil;
  CREATE FUNCTION evil.setval(regclass, bigint, boolean) RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN RAISE 'hijacked'; END $$;
  CREATE FUNCTION evil.never(text, text) RETURNS boolean LANGUAGE sql AS 'SELECT true';
  CREATE OPERATOR evil.= (LEFTARG = text, RIGHTARG = text, PROCEDURE = evil.never);
  CREATE FUNCTION evil.never(int, int) RETURNS boolean LANGUAGE sql AS 'SELECT true';
  CREATE OPERATOR evil.= (LEFTARG = int, RIGHTARG = int, PROCEDURE = evil.never);
  CREATE TYPE evil.text AS ENUM ('not a text'); CREATE TYPE evil.int4 AS ENUM ('not an int4');`;

const TYPES = [
  'text',
  'varchar(2000)',
  'name',
  'bytea',
  'json',
  'jsonb',
  'xml',
  'text[]',
  'float8',
  'float4',
  'interval',
  'timestamptz',
  'timestamp',
  'date',
  'timetz',
  'money',
  'numeric',
  'inet',
  'bit varying',
  'point',
  'int4range',
  'tsvector',
  'bool',
  'interval[]',
  'timestamptz[]',
  'uuid',
];

const VALUES: Readonly<Record<string, readonly string[]>> = {
  float8: ['0.1', '-0', 'NaN', '-Infinity', '1e-310', '1.7976931348623157e308'],
  float4: ['0.1', '-0', 'Infinity', '1e-45', '3.4028235e38'],
  interval: [
    '1 year -2 mons +3 days -04:05:06.789',
    '-1 mon 1 day',
    '-00:00:01',
    '0',
    '178000000 years',
    '1 day -1 microsecond',
  ],
  timestamptz: [
    'infinity',
    '-infinity',
    '0044-03-15 12:00:00+00 BC',
    '294276-12-31 23:59:59.999999+00',
    '2026-02-03 04:05:06.000007+05:45',
  ],
  timestamp: ['infinity', '4713-01-01 00:00:00 BC', '2026-02-03 04:05:06.7'],
  date: ['infinity', '-infinity', '4713-01-01 BC', '5874897-12-31', '2026-02-03'],
  timetz: ['24:00:00-15:59:59', '01:02:03.000004+05:45'],
  money: ['-92233720368547758.08', '1234.5', '0'],
  numeric: ['NaN', '-0.00', `1e${'3'.repeat(3)}`, `0.${'0'.repeat(300)}1`],
  inet: ['::1/64', '10.1.2.3/8'],
  'bit varying': ['', '1010'],
  point: ['(-0,1e-300)', '(NaN,Infinity)'],
  int4range: ['empty', '(,5)', '[1,10)'],
  bool: ['t', 'f'],
  'interval[]': ['{"1 year -2 mons +3 days -04:05:06.789",NULL}', '[-2:-1]={0,"-1 mon 1 day"}'],
  'timestamptz[]': ['{infinity,"0044-03-15 12:00:00+00 BC"}'],
  uuid: ['a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'],
};

/** A value of a type, as an SQL expression. */
function sqlValue(type: string): string {
  if (random() < 0.1) return 'NULL';
  const fixed = VALUES[type];
  if (fixed) return `${literal(pick(fixed))}::${type}`;
  const text = nasty(8);
  if (type === 'name') return `${literal(nastyName(''))}::name`;
  if (type === 'bytea')
    return `decode('${Buffer.from(text).toString('hex')}${pick(['', '00', 'ff', '80'])}', 'hex')`;
  if (type === 'json' || type === 'jsonb')
    return `${literal(JSON.stringify({ [nasty(2)]: [text, 1.5, null, { a: nasty(2) }] }).replaceAll('\\u0000', ''))}::${type}`;
  if (type === 'xml')
    return `xmlelement(name x, ${literal(text.replace(/[^\t\n\r -\ud7ff\ue000-\ufffd]/g, ''))})`;
  if (type === 'text[]') return `ARRAY[${literal(text)}, NULL, ${literal(nasty(2))}]::text[]`;
  if (type === 'tsvector') return `array_to_tsvector(ARRAY[${literal(`x${text}`)}, 'y'])`;
  return `${literal(text)}::${type}`;
}

const SCHEMA_NAME = nastyName('schema');
const ENUM_NAME = nastyName('enum');
const LABELS = Array.from({ length: 5 }, (_, i) => nastyName(`${i}`));
const TABLES = Array.from({ length: 4 }, (_, i) => ({
  name: nastyName(`table${i}`),
  key: nastyName('key'),
  columns: TYPES.map((_type, j) => nastyName(`c${j}`)),
}));

function before(): string {
  const schema = quoted(SCHEMA_NAME);
  return [
    EVIL,
    `CREATE SCHEMA ${schema}; CREATE TYPE ${schema}.${quoted(ENUM_NAME)} AS ENUM (${LABELS.map(literal).join(', ')})`,
    'CREATE TABLE victim (id int)',
    ...TABLES.map(({ name, key, columns }, i) => {
      const list = TYPES.map((type, j) => `${quoted(columns[j])} ${type}`).join(', ');
      // By a key of text, by one of an enum and text, without any.
      const keys = [
        `PRIMARY KEY (${quoted(key)})`,
        `PRIMARY KEY (${quoted(key)}, e)`,
        `UNIQUE (${quoted(key)})`,
        '',
      ][i];
      return `CREATE TABLE ${schema}.${quoted(name)} (n serial, ${quoted(key)} text${i === 2 ? ' NOT NULL' : ''}, e ${schema}.${quoted(ENUM_NAME)} NOT NULL, ${list}${keys ? `, ${keys}` : ''})`;
    }),
  ].join(';\n');
}

function rows(count: number, prefix: string): string[] {
  const schema = quoted(SCHEMA_NAME);
  return TABLES.flatMap(({ name, key, columns }) =>
    Array.from({ length: count }, (_, i) => {
      const values = TYPES.map(sqlValue).join(', ');
      return `INSERT INTO ${schema}.${quoted(name)} (${quoted(key)}, e, ${columns.map(quoted).join(', ')}) VALUES (${literal(`${prefix}${i}${nasty(4)}`)}, ${literal(pick(LABELS))}, ${values})`;
    }),
  );
}

function changes(): string[] {
  const schema = quoted(SCHEMA_NAME);
  return TABLES.flatMap(({ name, key, columns }) => [
    ...Array.from({ length: 12 }, (_, i) => {
      const at = Math.floor(random() * TYPES.length);
      return `UPDATE ${schema}.${quoted(name)} SET ${quoted(columns[at])} = ${sqlValue(TYPES[at])}, ${quoted(key)} = ${quoted(key)} || ${literal(nasty(2))} WHERE n = ${i + 1}`;
    }),
    `DELETE FROM ${schema}.${quoted(name)} WHERE n IN (13, 14, 15)`,
  ]);
}

const GID = `gid${nasty(8)}`.slice(0, 60);

for (const major of MAJORS) {
  describe(`hostile names, values and settings on PostgreSQL ${major}`, { timeout: 240_000 }, () => {
    let built: BuiltIncident;

    test('an incident happens', async () => {
      built = await buildIncident({
        major,
        decode: false,
        before: async (old) => {
          await old.query(before());
          for (const statement of rows(16, 'before')) await old.query(statement);
        },
        lost: async (old) => {
          const client = await old.connect();
          for (const statement of [...rows(20, 'lost'), ...changes()]) await client.query(statement);
          await client.query(
            `SELECT pg_logical_emit_message(true, ${literal(nasty(8))}, ${literal(nasty(8))})`,
          );
          await client.query(`BEGIN; INSERT INTO victim VALUES (1); PREPARE TRANSACTION ${literal(GID)}`);
          await client.end();
        },
      });
    });

    /** Turns a server hostile, and runs the file in it. */
    async function run(server: Server, sql: string): Promise<void> {
      for (const [name, value] of Object.entries(HOSTILE)) {
        await server.query(
          `SET default_transaction_read_only = off; SET standard_conforming_strings = on; ALTER DATABASE postgres SET ${name} = ${value}`,
        );
      }
      if (!PSQL) return runSql(server, sql);
      const directory = mkdtempSync(join(tmpdir(), 'forkpoint-hostile-'));
      try {
        const file = join(directory, 'lost.sql');
        writeFileSync(file, sql);
        // In this encoding a character's second byte may look like a backslash: until the file has set its own, psql reads it so.
        const env = { ...process.env, PGCLIENTENCODING: 'SJIS', PGOPTIONS: '' };
        const args = [
          '-X',
          '-q',
          '-v',
          'ON_ERROR_STOP=1',
          '-v',
          'name=expanded',
          '-d',
          server.url,
          '-f',
          file,
        ];
        const result = spawnSync('psql', args, { cwd: directory, env });
        assert.equal(result.status, 0, result.stderr.toString().slice(0, 2000));
        assert.deepEqual(readdirSync(directory), ['lost.sql'], 'a psql command in a value was obeyed');
      } finally {
        rmSync(directory, { recursive: true });
      }
    }

    test('no line begins with a backslash, and none holds a byte that acts or hides', async () => {
      for (const wanted of [{}, { guard: true }, { undo: true }]) {
        const { sql, summary } = await exportSql(built, wanted);
        assert.ok(summary.statements > 100);
        for (const line of sql.split('\n')) {
          assert.doesNotMatch(line, /^\s*\\/, line);
          assert.doesNotMatch(
            line,
            /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u,
            line,
          );
        }
      }
    });

    for (const guard of [false, true]) {
      test(`redo${guard ? ', guarded,' : ''} through ${PSQL ? 'psql' : 'a client'} gives the old primary's tables`, async () => {
        const { sql, summary } = await exportSql(built, { guard });
        assert.deepEqual(
          summary.leftOutReasons.filter((reason) => !/in doubt|pg_db_role_setting/.test(reason)),
          [],
        );
        const server = await built.startAtFork();
        await run(server, sql);
        assert.deepEqual(await hashes(server), built.truth.oldHashes);
        await server.stop('immediate');
      });
    }

    test('undo gives the tables at the fork', async () => {
      const { sql } = await exportSql(built, { undo: true, guard: true });
      const old = await built.startOld();
      await old.query(`ROLLBACK PREPARED ${literal(GID)}`);
      await run(old, sql);
      assert.deepEqual(await hashes(old), built.truth.forkHashes);
      await old.stop('immediate');
    });
  });
}

/** Hashes under settings that are nobody's. */
async function hashes(server: Server): Promise<unknown> {
  await server.query(`SET default_transaction_read_only = off`);
  for (const name of Object.keys(HOSTILE))
    await server.query(
      `SET default_transaction_read_only = off; ALTER DATABASE postgres RESET ${name}; ALTER ROLE postgres RESET ${name}`,
    );
  return serverHashes(server);
}
