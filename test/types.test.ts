/**
 * Every type against the servers themselves: random values are stored, their bytes read from disk, and our text compared
 * with what the server prints.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import type { TypeLookup } from '../source/catalog/model.js';
import {
  formatTypeName,
  isNumericType,
  outputFunction,
  UndecodableValueError,
} from '../source/types/registry.js';
import { initdb, type Server, stopAllServers } from './servers/server.js';
import { majors } from './support/matrix.js';
import { loadTypes, readStored } from './support/stored-values.js';
import { COLUMN_TYPES, SAMPLES, SEED, setup, valuesOf } from './support/type-samples.js';

after(stopAllServers);

/** Majors to prove; FORKPOINT_MAJORS=10,11 asks for others. */
const MAJORS = majors(14, 18);

/** The settings that our text is defined under. */
const SETTINGS = `SET DateStyle = 'ISO, YMD'; SET TimeZone = 'UTC'; SET IntervalStyle = 'postgres'; SET bytea_output = 'hex';
  SET xmloption = 'content'; SET lc_monetary = 'C'; SET check_function_bodies = off`;

for (const major of MAJORS) {
  describe(`types of PostgreSQL ${major}`, { timeout: 120_000 + SAMPLES * 500 }, () => {
    let server: Server;
    let types: TypeLookup;
    const columns = COLUMN_TYPES.filter((column) => major >= (column.since ?? 0));
    const inserted = new Map<string, number>();
    let proven = 0;

    before(async () => {
      server = await (await initdb(major)).start();
      await server.query(`${SETTINGS}; SET extra_float_digits = ${major >= 12 ? 1 : 3}; ${setup(major)}`);
      for (const [index, column] of columns.entries()) {
        const table = `t${index}`;
        await server.query(
          `CREATE TABLE ${table} (id int, v ${column.type}) WITH (autovacuum_enabled = false)`,
        );
        // Nothing goes out of line: these tests are about what lies in the row.
        await server.query(
          `UPDATE pg_attribute SET attstorage = 'm' WHERE attrelid = '${table}'::regclass AND attstorage IN ('x', 'e')`,
        );
        const values = valuesOf(column);
        const [{ n }] = await server.query(`SELECT store($1, $2, $3) AS n`, [table, column.type, values]);
        inserted.set(column.type, Number(n) / values.length);
      }
      types = await loadTypes(server);
      await server.query('CHECKPOINT');
    });

    test('type names', async () => {
      for (const declared of DECLARED_TYPES) {
        const table = 'declared';
        await server.query(`DROP TABLE IF EXISTS ${table}; CREATE TABLE ${table} (v ${declared})`);
        const [{ oid, typmod, name }] = await server.query(
          `SELECT atttypid::int4 AS oid, atttypmod AS typmod, format_type(atttypid, atttypmod) AS name
           FROM pg_attribute, set_config('search_path', '', true)
           WHERE attrelid = 'public.declared'::regclass AND attname = 'v'`,
        );
        const ours = formatTypeName(Number(oid), Number(typmod), types);
        assert.equal(ours, name);
      }
      const numeric = async (type: string) =>
        isNumericType(Number((await server.query(`SELECT '${type}'::regtype::int4 AS oid`))[0].oid), types);
      for (const type of ['int2', 'int4', 'int8', 'oid', 'float4', 'float8', 'numeric', 'positive'])
        assert.equal(await numeric(type), true, type);
      for (const type of ['text', 'money', 'int4[]', 'mood', 'pair', 'date', 'xid'])
        assert.equal(await numeric(type), false, type);
    });

    test('names from the catalog', async () => {
      const kinds = [
        'regclass',
        'regtype',
        'regproc',
        'regprocedure',
        'regoper',
        'regoperator',
        'regnamespace',
      ];
      kinds.push('regrole', 'regconfig', 'regdictionary', ...(major >= 13 ? ['regcollation'] : []));
      const oids = [0, 1259, 23, 1242, 96, 11, 10, 3748, 3765, 100, 999_999];
      const names = new Map<string, string>();
      const named: TypeLookup = { ...types, registeredName: (kind, oid) => names.get(`${kind} ${oid}`) };
      for (const kind of kinds) {
        const [{ type }] = await server.query(`SELECT '${kind}'::regtype::int4 AS type`);
        for (const oid of oids) {
          const [{ text }] = await server.query(`SELECT $1::oid::${kind}::text AS text`, [oid]);
          if (text !== String(oid) && oid !== 0) names.set(`${kind} ${oid}`, text);
          const bytes = Buffer.alloc(4);
          bytes.writeUInt32LE(oid);
          assert.equal(outputFunction(Number(type), named)(bytes, 0, 4), text, `${kind} ${oid}`);
        }
      }
      await server.query(`CREATE ROLE plain; CREATE ROLE "odd ""one"; CREATE TABLE acl (id int, v aclitem)`);
      await server.query(
        `INSERT INTO acl SELECT row_number() OVER (), a FROM unnest(ARRAY[makeaclitem(0, 10, 'SELECT', false),
           makeaclitem('plain'::regrole, 10, 'INSERT', true),
           makeaclitem('"odd ""one"'::regrole, 'plain'::regrole, 'TRUNCATE', false)]) a;
         UPDATE acl SET v = 'plain=a*rwdDxtXU*CTc/postgres' WHERE id = 1; CHECKPOINT`,
      );
      for (const { oid, name } of await server.query(
        `SELECT oid::int4, oid::regrole::text AS name FROM pg_authid`,
      ))
        names.set(`regrole ${oid}`, name);
      const stored = await readStored(server, 'acl');
      for (const { id, text } of await server.query(`SELECT id, v::text AS text FROM acl`))
        assert.equal(
          outputFunction(1033, named)(stored.get(Number(id))!, 0, stored.get(Number(id))!.length),
          text,
        );
      assert.throws(
        () => outputFunction(1033, types)(stored.get(2)!, 0, stored.get(2)!.length),
        UndecodableValueError,
      );
    });

    test('values compressed in place', async () => {
      const [setting] = await server.query<{ enumvals: string[] }>(
        `SELECT enumvals FROM pg_settings WHERE name = 'default_toast_compression'`,
      );
      const methods = setting?.enumvals ?? ['pglz'];
      for (const method of methods) {
        const table = `squeezed_${method}`;
        await server.query(`CREATE TABLE ${table} (id int, v text${major >= 14 ? ` COMPRESSION ${method}` : ''});
          UPDATE pg_attribute SET attstorage = 'm' WHERE attrelid = '${table}'::regclass AND attname = 'v';
          INSERT INTO ${table} SELECT i, string_agg(CASE WHEN j % 3 = i % 3 THEN repeat('ab', i) ELSE md5(i::text || j % i) END, ',')
            FROM generate_series(1, 60) i, generate_series(1, 20 + i * 3) j GROUP BY i;
          CHECKPOINT`);
        const stored = await readStored(server, table);
        const rows = await server.query(
          `SELECT id, v, length(v) > pg_column_size(v) AS squeezed FROM ${table}`,
        );
        assert.ok(rows.filter((row) => row.squeezed).length > 20);
        for (const { id, v } of rows) assert.equal(stored.get(Number(id))!.toString(), v);
      }
    });

    for (const [index, column] of columns.entries()) {
      test(column.type, async () => {
        const accepted = inserted.get(column.type)!;
        assert.ok(accepted > 0.2, `the server took ${accepted * 100} % of the samples of ${column.type}`);
        const table = `t${index}`;
        const [{ oid }] = await server.query(
          `SELECT atttypid::int4 AS oid FROM pg_attribute WHERE attrelid = $1::regclass AND attname = 'v'`,
          [table],
        );
        const output = outputFunction(Number(oid), types);
        const stored = await readStored(server, table);
        const printed = await server.query(
          `SELECT id, format('%s', v) AS text, pg_column_size(v) IS NULL AS missing FROM ${table}`,
        );
        assert.equal(stored.size, printed.length);
        const ours: { id: number; text: string }[] = [];
        for (const { id, text, missing } of printed) {
          const bytes = stored.get(Number(id));
          if (missing) assert.equal(bytes, null);
          else ours.push({ id: Number(id), text: put(output, bytes!, text) });
          // Before 12 the server prints more digits of a float than it needs to read it back.
          if (!missing && !(column.floats && major < 12)) assert.equal(ours.at(-1)!.text, text);
        }
        if (column.lossy) return;
        const [{ send, comparable }] = await server.query<{ send: string; comparable: boolean }>(
          `SELECT CASE WHEN typsend <> 0 AND typname <> 'refcursor' THEN typsend::regproc::text END AS send,
             -- Geometric types are equal when their areas are.
             typcategory <> 'G' AND EXISTS (SELECT FROM pg_operator WHERE oprname = '=' AND oprleft = t.oid AND oprright = t.oid) AS comparable
           FROM pg_type t WHERE oid = $1`,
          [oid],
        );
        const differences = ['NOT same(t.v, o.text::TYPE)'];
        if (send) differences.push(`${send}(t.v) IS DISTINCT FROM ${send}(o.text::TYPE)`);
        if (comparable) differences.push('t.v IS DISTINCT FROM o.text::TYPE');
        const unequal = await server.query(
          `SELECT t.id, o.text FROM ${table} t JOIN unnest($1::int[], $2::text[]) o (id, text) USING (id)
           WHERE ${differences.join(' OR ').replaceAll('TYPE', column.type)}`,
          [ours.map((value) => value.id), ours.map((value) => value.text)],
        );
        assert.deepEqual(unequal, [], 'our text does not read back as the value it came from');
        proven += ours.length;
      });
    }

    test('how many values were tried', (context) => {
      context.diagnostic(
        `PostgreSQL ${major}: ${proven} values of ${columns.length} types (seed ${SEED}: FORKPOINT_SEED=${SEED} repeats them)`,
      );
      assert.ok(proven > columns.length * 50);
    });
  });
}

/** Declarations whose typmods and quoting differ, and format_type's words for them. */
const DECLARED_TYPES = [
  ...[
    'bool',
    'int2',
    'int4',
    'int8',
    'float4',
    'float8',
    'text',
    'name',
    '"char"',
    'oid',
    'oidvector',
    'int2vector',
  ],
  ...[
    'char',
    'char(7)',
    'bpchar',
    'varchar',
    'varchar(20)',
    'varchar(20)[]',
    'bit',
    'bit(5)',
    '"bit"',
    'varbit',
    'bit varying(9)',
  ],
  ...[
    'numeric',
    'numeric(10)',
    'numeric(10,2)',
    'numeric(1000,1000)[]',
    'decimal(3,3)',
    'time',
    'time(0)',
    'timetz',
    'time(6) with time zone',
  ],
  ...[
    'timestamp',
    'timestamp(3)',
    'timestamptz',
    'timestamp(3) with time zone[]',
    'interval',
    'interval(3)',
    'interval year',
  ],
  ...[
    'interval year to month',
    'interval day to second(3)',
    'interval hour to minute',
    'interval minute to second',
    'interval second(0)[]',
  ],
  ...[
    'mood',
    'mood[]',
    'pair',
    'positive',
    'int4range',
    'text_range',
    'hstore',
    'citext[]',
    'json',
    'jsonb',
    'xml',
    'uuid',
    'regclass',
  ],
  ...[
    '"Odd schema"."Odd ""type"""',
    '"Odd schema"."select"[]',
    'plain."table"',
    '_text',
    'bpchar[]',
    '"bit"[]',
  ],
];

function put(output: ReturnType<typeof outputFunction>, bytes: Buffer, expected: string): string {
  try {
    // Somewhere in a page, as a row's bytes are.
    const page = Buffer.concat([Buffer.alloc(3, 0xee), bytes, Buffer.alloc(5, 0xee)]);
    return output(page, 3, 3 + bytes.length);
  } catch (error) {
    throw new Error(`${expected} could not be read from ${bytes.toString('hex')}`, { cause: error });
  }
}
