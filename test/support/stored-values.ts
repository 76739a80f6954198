/** Values as a real server stores them: its types as a lookup, and the bytes of a two-column table's rows on disk. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inlineVarlenaData } from '../../source/bytes/varlena.js';
import type { AttributeDefinition, TypeDefinition, TypeLookup } from '../../source/catalog/model.js';
import { AttributeForm, createDeformedTuple, deformTuple } from '../../source/heap/deform.js';
import { linePointerCount, tupleAt } from '../../source/heap/page.js';
import type { Server } from '../servers/server.js';

const PAGE_SIZE = 8192;
const ALIGNMENTS: Readonly<Record<string, 1 | 2 | 4 | 8>> = { c: 1, s: 2, i: 4, d: 8 };

/** pg_enc number of UTF8. */
const UTF8 = 6;

/** Every type of database `postgres`, read with SQL. */
export async function loadTypes(server: Server, encoding = UTF8): Promise<TypeLookup> {
  const attributes = new Map<number, AttributeDefinition[]>();
  for (const row of await server.query(
    `SELECT attrelid::int4, attnum, attname, atttypid::int4, atttypmod, attlen, attbyval, attalign, attisdropped
     FROM pg_attribute WHERE attnum > 0 ORDER BY attrelid, attnum`,
  )) {
    const list = attributes.get(Number(row.attrelid)) ?? [];
    attributes.set(Number(row.attrelid), list);
    list.push({
      number: Number(row.attnum),
      name: row.attname,
      typeOid: Number(row.atttypid),
      typmod: Number(row.atttypmod),
      length: Number(row.attlen),
      byValue: Boolean(row.attbyval),
      alignment: ALIGNMENTS[row.attalign],
      notNull: false,
      dropped: Boolean(row.attisdropped),
      generated: '',
      identity: '',
    });
  }
  const labels = new Map<number, Map<number, string>>();
  for (const row of await server.query('SELECT oid::int4, enumtypid::int4, enumlabel FROM pg_enum')) {
    const map = labels.get(Number(row.enumtypid)) ?? new Map<number, string>();
    labels.set(Number(row.enumtypid), map.set(Number(row.oid), row.enumlabel));
  }
  const ranges = new Map<number, number>();
  const multirange = server.major >= 14 ? 'rngmultitypid::int4' : '0';
  for (const row of await server.query(
    `SELECT rngtypid::int4, rngsubtype::int4, ${multirange} AS multirange FROM pg_range`,
  )) {
    ranges.set(Number(row.rngtypid), Number(row.rngsubtype));
    ranges.set(Number(row.multirange), Number(row.rngtypid));
  }
  const types = new Map<number, TypeDefinition>();
  for (const row of await server.query(
    `SELECT t.oid::int4, nspname, typname, typtype, typcategory, typlen, typbyval, typalign, typdelim, typelem::int4,
       typarray::int4, typbasetype::int4, typtypmod, typrelid::int4, p.proname
     FROM pg_type t JOIN pg_namespace n ON n.oid = typnamespace JOIN pg_proc p ON p.oid = typoutput`,
  )) {
    const oid = Number(row.oid);
    types.set(oid, {
      oid,
      schema: row.nspname,
      name: row.typname,
      kind: row.typtype,
      category: row.typcategory,
      length: Number(row.typlen),
      byValue: Boolean(row.typbyval),
      alignment: ALIGNMENTS[row.typalign],
      delimiter: row.typdelim,
      elementOid: Number(row.typelem),
      arrayOid: Number(row.typarray),
      baseOid: Number(row.typbasetype),
      baseTypmod: Number(row.typtypmod),
      rangeOid: ranges.get(oid) ?? 0,
      attributes: Number(row.typrelid) === 0 ? undefined : attributes.get(Number(row.typrelid)),
      enumLabels: labels.get(oid),
      outputFunction: row.proname,
    });
  }
  return { type: (oid) => types.get(oid), encoding, majorVersion: server.major };
}

/** The datum of column `v`, without its varlena header, by `id`, of every row version in a table (id int4, v …), checkpointed before. */
export async function readStored(
  server: Server,
  table: string,
  database = 'postgres',
): Promise<Map<number, Buffer | null>> {
  const client = await server.connect(database);
  const { rows } = await client.query(
    `SELECT pg_relation_filepath($1::regclass) AS path, attlen, attalign FROM pg_attribute WHERE attrelid = $1::regclass AND attname = 'v'`,
    [table],
  );
  await client.end();
  const [{ path, attlen, attalign }] = rows as { path: string; attlen: number; attalign: string }[];
  const file = readFileSync(join(server.dataDirectory, path));
  const layout = [
    { length: 4, alignment: 4 },
    { length: attlen, alignment: ALIGNMENTS[attalign] },
  ];
  const place = createDeformedTuple(2);
  const stored = new Map<number, Buffer | null>();
  for (let start = 0; start < file.length; start += PAGE_SIZE) {
    const page = file.subarray(start, start + PAGE_SIZE);
    for (let number = 1; number <= linePointerCount(page); number++) {
      const tuple = tupleAt(page, number);
      if (!tuple) continue;
      deformTuple(layout, page, tuple.start, tuple.length, place);
      const id = page.readInt32LE(place.offsets[0]);
      const from = place.offsets[1];
      const to = from + place.lengths[1];
      if (place.forms[1] === AttributeForm.null) stored.set(id, null);
      else if (attlen !== -1) stored.set(id, page.subarray(from, to));
      else stored.set(id, inlineVarlenaData(page, from, to));
    }
  }
  return stored;
}
