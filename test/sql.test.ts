/** Redo and undo, run by real servers under unfriendly settings: what comes out is what went in. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import type pg from 'pg';
import { quoteIdentifier } from '../source/bytes/identifiers.js';
import { quoteLiteral } from '../source/bytes/string-literal.js';
import type { Change, Row, Table } from '../source/rows/row-change.js';
import { fileHeader } from '../source/sql/file-header.js';
import { Tally } from '../source/sql/tally.js';
import { type SqlOptions, transactionLines } from '../source/sql/transaction-sql.js';
import { initdb, type Server } from './servers/server.js';
import { temporaryDirectory } from './servers/temporary.js';
import { describeTable, listedTransaction, readRows, rowChange, textClient } from './support/live-table.js';

const scratch = temporaryDirectory('sql');
const trap = join(scratch, 'a-meta-command-ran');

const SCHEMA = 'Odd "S\u202e\n\\! x';
const TABLE = 'T\n\\! able -- */';

const STRINGS = [
  "it's",
  'back\\slash',
  'new\nline',
  `\\! touch ${trap}\n\\! touch ${trap}\n`,
  `\n\\! touch ${trap}\n\\q\n`,
  '*/ -- ; drop table',
  `:foo :'foo' :"foo" :{?foo}`,
  '\u202eabc\u200b\ufeff\u2028x\u2029',
  '$guard$ x $guard$ $$',
  'é漢😀👩‍👩',
  '\t\r\b\f\u0001\u001b[31m\u009b',
  '',
  ' ',
  "\\'",
  '\\',
  '%s % %%',
  "'; --",
];

const DDL = `
CREATE SCHEMA ${quoteIdentifier(SCHEMA)};
CREATE TYPE public.mood AS ENUM ('sad', 'o''k', '--');
CREATE TYPE public.pair AS (a int, b text);
CREATE DOMAIN public.email AS text CHECK (value <> '');
CREATE TABLE ${quoteIdentifier(SCHEMA)}.${quoteIdentifier(TABLE)} (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "select" text, ${quoteIdentifier('x\ny')} public.mood, p public.pair,
  e public.email, n numeric, f float8, f4 float4, b bool, by bytea, c char(5), vc varchar(200), j json, jb jsonb,
  pt point, bx box, ci circle, i interval, ts timestamp, tz timestamptz, d date, t time, ttz timetz, u uuid, ip inet,
  cd cidr, m macaddr, bt bit(5), vb varbit, mo money, arr text[], iarr int[], pa public.pair[], r int4range,
  mr tsrange, tv tsvector, tq tsquery, q "char", nm name, rc regclass, oi oid, lsn pg_lsn,
  g int GENERATED ALWAYS AS (1) STORED, found text, met text);
CREATE TABLE public.nokey (a int, t text, j json, n numeric, i interval, f float8, c char(3), p public.pair, ip inet, b bool);
`;

const ROWS = `
INSERT INTO ${quoteIdentifier(SCHEMA)}.${quoteIdentifier(TABLE)} (${quoteIdentifier('x\ny')}, e, n, f, f4, b, by, jb, pt, bx, ci, i, ts, tz,
  d, t, ttz, u, ip, cd, m, bt, vb, mo, iarr, pa, r, mr, tv, tq, q, nm, rc, oi, lsn, c) VALUES
 ('o''k', 'a@b', 1.500, '-0', '0.1', true, '\\x00ff5c27', '{"a":1.0}', '(1,2)', '((0,0),(1,1))', '<(1,1),2>',
  '1 mon -1 days +02:03:04.5', 'infinity', '2026-11-21 10:00:00.123456+02', '0044-03-15 BC', '24:00:00',
  '12:00:00+05:30', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '10.1.2.3/24', '10.0.0.0/8', '08:00:2b:01:02:03',
  B'10101', B'1', '-1234.56', '[-1:1]={1,NULL,3}', ARRAY[ROW(1, 'a"b')::public.pair], '[1,5)', '[2020-01-01,)',
  'a:1 b', 'a & b', 'y', 'naïve', 'public.nokey', 4294967295, '1/2', 'a'),
 ('sad', NULL, 'NaN', 'Infinity', '1e-45', false, '', 'null', NULL, NULL, NULL, '-00:00:01', '-infinity', '294276-01-01',
  'infinity', '00:00', '00:00-15', NULL, '::1', 'fe80::/10', NULL, NULL, B'', '0', '{}', '{}', 'empty', NULL, '', '',
  '\\', NULL, 'pg_class', 0, '0/0', NULL),
 (NULL, NULL, '12345678901234567890.123', '-1e-300', '3.4e38', NULL, NULL, '[1, {"b": "x\\n"}]', NULL, NULL, NULL,
  '1 day', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
  NULL, NULL, NULL, NULL, NULL, '     ');
INSERT INTO public.nokey VALUES
 (1, 'x', '{}', 1.0, '1 day', 0, 'a', ROW(NULL, NULL), '1.2.3.4', true),
 (1, 'x', '{}', 1.00, '24:00:00', '-0', 'a', NULL, '1.2.3.4/32', true),
 (1, 'x', '{}', 1.00, '24:00:00', '-0', 'a', NULL, '1.2.3.4/32', true),
 (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
 (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
`;

/** Settings of database b that would change what literals and names mean. */
const HOSTILE = [
  "DateStyle = 'SQL, DMY'",
  'IntervalStyle = sql_standard',
  "TimeZone = 'Asia/Kolkata'",
  'bytea_output = escape',
  'extra_float_digits = 0',
  'search_path = nowhere',
  'xmloption = document',
];

const psqlVersion = spawnSync('psql', ['--version']);
const hasPsql = psqlVersion.status === 0;

for (const major of [15, 18]) {
  describe(`SQL run by PostgreSQL ${major}`, () => {
    let server: Server;
    let source: pg.Client;
    let target: pg.Client;
    let wide: Table;
    let nokey: Table;
    let wideRows: (string | null)[][];
    let nokeyRows: (string | null)[][];

    before(async () => {
      server = await initdb(major);
      await server.start();
      for (const name of ['a', 'b']) {
        await server.query(`CREATE DATABASE ${name}`);
        const client = await server.connect(name);
        await client.query(DDL);
        if (name === 'a') {
          await client.query(ROWS);
          const table = `${quoteIdentifier(SCHEMA)}.${quoteIdentifier(TABLE)}`;
          for (const text of STRINGS) {
            await client.query(
              `INSERT INTO ${table} ("select", vc, found, met, arr, p, j, c) VALUES ($1::text, $1::text, $1::text, $1::text, ARRAY[$1::text, NULL], ROW(1, $1::text)::public.pair, to_json($1::text), 'ab')`,
              [text],
            );
          }
        }
      }
      for (const setting of HOSTILE) await server.query(`ALTER DATABASE b SET ${setting}`);
      source = await textClient(server, 'a');
      target = await textClient(server, 'b');
      wide = await describeTable(source, SCHEMA, TABLE);
      nokey = await describeTable(source, 'public', 'nokey');
      wideRows = await readRows(source, wide);
      nokeyRows = await readRows(source, nokey);
    });

    after(async () => {
      await source?.end();
      await target?.end();
      await server?.stop('fast');
    });

    function file(changes: readonly Change[], direction: 'redo' | 'undo', guard: boolean): string {
      const tally = new Tally();
      const options: SqlOptions = { direction, guard, ddl: false, inDoubt: false, blockSize: 8192 };
      const lines = [
        ...fileHeader(['test']),
        ...transactionLines(listedTransaction(), changes, options, tally),
      ];
      assert.equal(tally.leftOut, 0, tally.reasons().join('; '));
      return `${lines.join('\n')}\n`;
    }

    async function runByPg(text: string): Promise<void> {
      const client = await server.connect('b');
      try {
        await client.query(text);
      } finally {
        await client.end();
      }
    }

    async function runByPsql(text: string): Promise<void> {
      const path = join(scratch, 'file.sql');
      writeFileSync(path, text);
      const place = ['-h', server.socketDirectory, '-p', String(server.port), '-U', 'postgres', '-d', 'b'];
      execFileSync('psql', [...place, '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-v', 'foo=BOOM', '-f', path], {
        stdio: 'pipe',
      });
    }

    async function holds(
      wideExpected: readonly Row[],
      nokeyExpected: readonly Row[],
      what: string,
    ): Promise<void> {
      const sorted = (rows: readonly Row[]) => rows.map((row) => JSON.stringify(row)).sort();
      assert.deepEqual(sorted(await readRows(target, wide)), sorted(wideExpected), what);
      assert.deepEqual(sorted(await readRows(target, nokey)), sorted(nokeyExpected), what);
    }

    const runners = [
      { name: 'pg', run: runByPg, skip: false },
      { name: 'psql', run: runByPsql, skip: hasPsql ? false : 'no psql on this machine' },
    ];
    for (const { name, run, skip } of runners) {
      for (const guard of [false, true]) {
        for (const conforming of ['on', 'off']) {
          const title = `${name}${guard ? ', guarded' : ''}, standard_conforming_strings ${conforming}`;
          it(`does and undoes everything: ${title}`, { skip }, async () => {
            await server.query(`ALTER DATABASE b SET standard_conforming_strings = ${conforming}`);
            const inserts = [
              ...wideRows.map((row) => rowChange('insert', wide, undefined, row)),
              ...nokeyRows.map((row) => rowChange('insert', nokey, undefined, row)),
            ];
            await run(file(inserts, 'redo', guard));
            await holds(wideRows, nokeyRows, 'inserts');

            // Each row takes the next one's values; its key stays.
            const movedWide = wideRows.map((row, at) => [
              row[0],
              ...wideRows[(at + 1) % wideRows.length].slice(1),
            ]);
            const movedNokey = nokeyRows.map((row, at) =>
              row.map((value, column) => (column === 1 ? `u${at}` : value)),
            );
            const updates = [
              ...movedWide.map((row, at) => rowChange('update', wide, guard ? wideRows[at] : undefined, row)),
              ...movedNokey.map((row, at) => rowChange('update', nokey, nokeyRows[at], row)),
            ];
            await run(file(updates, 'redo', guard));
            await holds(movedWide, movedNokey, 'updates');

            const known = updates.map((change, at) =>
              at < wideRows.length ? { ...change, before: wideRows[at] } : change,
            );
            await run(file([...known].reverse() as Change[], 'undo', guard));
            await holds(wideRows, nokeyRows, 'updates undone');

            const deletes = [
              ...wideRows.map((row) => rowChange('delete', wide, row)),
              ...nokeyRows.map((row) => rowChange('delete', nokey, row)),
            ];
            await run(file(deletes, 'redo', guard));
            await holds([], [], 'deletes');
            await run(file([...deletes].reverse(), 'undo', guard));
            await holds(wideRows, nokeyRows, 'deletes undone');
            await run(file([...inserts].reverse(), 'undo', guard));
            await holds([], [], 'inserts undone');
            assert.equal(existsSync(trap), false, 'psql took a value for a command');
          });
        }
      }
    }

    it('refuses under guard any row but the one expected, and keeps nothing of the transaction', async () => {
      const [row, other] = wideRows;
      await runByPg(file([rowChange('insert', wide, undefined, row)], 'redo', false));
      const almost = row.map((value, column) => (column === 1 ? `${value}x` : value));
      for (const change of [
        rowChange('delete', wide, almost),
        rowChange('update', wide, almost, row),
        rowChange('delete', wide, other),
        rowChange('insert', wide, undefined, row),
      ]) {
        const first = rowChange('insert', nokey, undefined, nokeyRows[0]);
        await assert.rejects(
          runByPg(file([first, change], 'redo', true)),
          change.kind === 'row' && change.operation === 'insert'
            ? /duplicate key/
            : /forkpoint guard: xid 738: .* met 0 rows/,
        );
        await holds([row], [], 'after a refusal');
      }
      await runByPg(file([rowChange('delete', wide, row)], 'redo', true));
      await holds([], [], 'at the end');
    });

    it('reads back any text and any name', async () => {
      const anyText = fc.string({ unit: 'binary', maxLength: 30 }).map((text) => text.replaceAll('\0', ''));
      await fc.assert(
        fc.asyncProperty(anyText, anyText, async (text, name) => {
          const bytes = Buffer.from(name, 'utf8');
          fc.pre(bytes.length > 0 && bytes.length < 64);
          const literal = quoteLiteral(text);
          const identifier = quoteIdentifier(name);
          assert.doesNotMatch(literal + identifier, /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
          const { rows, fields } = await target.query(`SELECT ${literal} AS ${identifier}`);
          assert.equal(fields[0].name, name);
          assert.equal(rows[0][name], text);
        }),
        { numRuns: 300 },
      );
    });
  });
}
