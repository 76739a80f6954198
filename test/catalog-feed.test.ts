/** The catalog between one record and the next: who sees what while WAL is being fed. */
import assert from 'node:assert/strict';
import { rmSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ForkpointError } from '../source/bytes/errors.js';
import type { Catalog, CatalogFeed } from '../source/catalog/catalog.js';
import type { Moment } from '../source/catalog/moment.js';
import { openCatalog } from '../source/catalog/open.js';
import { RelationFile } from '../source/catalog/relation-file.js';
import { linePointerCount, tupleAt } from '../source/heap/page.js';
import { tupleXmin } from '../source/heap/tuple.js';
import { type ControlFile, readControlFile } from '../source/timeline/control-file.js';
import { initdb, type Server, stopAllServers } from './servers/server.js';

after(stopAllServers);

const MAJOR = 17;
const TABLESPACE = 1663;

let server: Server;
let control: ControlFile;
let databaseOid: number;
/** pg_class's file, and what it holds of the tables that the tests change. */
let classFile: RelationFile;
let oids: Record<string, number>;
let fileNodes: Record<string, number>;
/** Kind of registered name → OID → what the server prints. */
let registered: Record<string, Record<string, string>>;
let lsn = 0;

before(async () => {
  server = await initdb(MAJOR, { settings: { wal_level: 'logical', autovacuum: 'off' } });
  await server.start();
  await server.query(`CREATE TABLE renamed (id int PRIMARY KEY, note text);
    CREATE TABLE rewritten (id int);
    CREATE TABLE defaults (id int);
    ALTER TABLE defaults ADD COLUMN n int DEFAULT 42, ADD COLUMN t text DEFAULT 'abc',
      ADD COLUMN long text DEFAULT repeat('long ', 1000);
    CREATE SCHEMA "Mixed Case"; CREATE ROLE "user"; CREATE TYPE "Mixed Case"."table" AS ENUM ('a');
    CREATE FUNCTION "Mixed Case".f(int[], "Mixed Case"."table", char, "char", varchar) RETURNS int LANGUAGE sql AS 'SELECT 1';
    SET search_path = ''`);
  await server.query('CREATE TABLE public.written_early (id int)');
  registered = {};
  for (const [kind, table] of Object.entries({
    regclass: 'pg_class',
    regtype: 'pg_type',
    regproc: 'pg_proc',
    regprocedure: 'pg_proc',
    regnamespace: 'pg_namespace',
    regrole: 'pg_authid',
  })) {
    const rows = await server.query(
      `SELECT oid::int8::text AS oid, oid::${kind}::text AS name FROM pg_catalog.${table}`,
    );
    registered[kind] = Object.fromEntries(rows.map(({ oid, name }) => [oid, name]));
  }
  const classes = await server.query<{ name: string; oid: string; node: string }>(
    'SELECT relname AS name, oid::int8::text, relfilenode::int8::text AS node FROM pg_catalog.pg_class',
  );
  oids = Object.fromEntries(classes.map(({ name, oid }) => [name, Number(oid)]));
  fileNodes = Object.fromEntries(classes.map(({ name, node }) => [name, Number(node)]));
  const [{ oid, path }] = await server.query(
    `SELECT oid::int8::text AS oid, pg_catalog.pg_relation_filepath(1259) AS path FROM pg_catalog.pg_database
     WHERE datname = current_database()`,
  );
  databaseOid = Number(oid);
  await server.stop();
  control = readControlFile(server.dataDirectory);
  classFile = RelationFile.find(join(server.dataDirectory, path), control.pageSize)!;
  lsn = control.checkpointLsn;
});

function open(running: readonly number[] = []): Catalog & CatalogFeed {
  return openCatalog(server.dataDirectory, {
    majorVersion: MAJOR,
    pageSize: control.pageSize,
    startLsn: control.checkpointLsn,
    startNextXid: control.checkpoint.nextXid,
    startRunningXids: new Set(running),
  });
}

interface Place {
  readonly block: number;
  readonly offset: number;
  readonly tuple: Buffer;
}

/** The pg_class tuple of a table, by its name. */
function classTuple(name: string): Place {
  let found: Place | undefined;
  classFile.eachPage((page, block) => {
    for (let offset = 1; offset <= linePointerCount(page); offset++) {
      const place = tupleAt(page, offset);
      if (!place) continue;
      const tuple = Buffer.from(page.subarray(place.start, place.start + place.length));
      if (tuple.includes(`${name}\0`, 28)) found = { block, offset, tuple };
    }
  });
  return found!;
}

function withName(tuple: Buffer, name: string): Buffer {
  const copy = Buffer.from(tuple);
  // relname follows oid, the first column.
  copy.fill(0, tuple[22] + 4, tuple[22] + 4 + 64);
  copy.write(name, tuple[22] + 4);
  return copy;
}

function withFileNode(tuple: Buffer, from: number, to: number): Buffer {
  const copy = Buffer.from(tuple);
  const needle = Buffer.alloc(4);
  needle.writeUInt32LE(from);
  // The oid itself may be the same number: relfilenode lies behind relname.
  copy.writeUInt32LE(to, copy.indexOf(needle, tuple[22] + 68));
  return copy;
}

const classLocator = () => ({ tablespaceOid: TABLESPACE, databaseOid, fileNode: 1259 });
const nextLsn = () => (lsn += 100);
/** A transaction id that nobody had when reading began. */
const xidAfter = (distance: number) => control.checkpoint.nextXid + distance;

function nameOf(catalog: Catalog, table: string, at: Moment): string | undefined {
  return catalog.relationByOid(databaseOid, oids[table], at)?.name;
}

describe('a row version in the catalog', () => {
  test('is seen by its own transaction from its record on, by others from the commit on', () => {
    const catalog = open();
    const { block, offset, tuple } = classTuple('renamed');
    const [start, written, later, committed] = [nextLsn(), nextLsn(), nextLsn(), nextLsn()];
    const xid = xidAfter(0);
    const ownXids = new Set([xid]);
    const first = catalog.relationByOid(databaseOid, oids.renamed, { lsn: start });
    assert.ok(catalog.follows(TABLESPACE, databaseOid, 1259));
    assert.ok(!catalog.follows(TABLESPACE + 1, databaseOid, 1259));
    assert.ok(!catalog.follows(TABLESPACE, databaseOid, fileNodes.renamed));

    catalog.tupleRemoved(classLocator(), block, offset, xid, written);
    catalog.tupleWritten(classLocator(), block, 200, withName(tuple, 'new_name'), xid, written);
    assert.equal(nameOf(catalog, 'renamed', { lsn: written, ownXids }), 'renamed');
    assert.equal(nameOf(catalog, 'renamed', { lsn: later, ownXids }), 'new_name');
    assert.equal(nameOf(catalog, 'renamed', { lsn: later }), 'renamed');
    assert.equal(nameOf(catalog, 'renamed', { lsn: committed + 1 }), 'renamed');

    catalog.transactionEnded([xid], true, committed);
    assert.equal(nameOf(catalog, 'renamed', { lsn: committed }), 'renamed');
    assert.equal(nameOf(catalog, 'renamed', { lsn: committed + 1 }), 'new_name');
    assert.equal(nameOf(catalog, 'renamed', { lsn: later, ownXids }), 'new_name');

    // What did not change is the same object, from moment to moment.
    const at = { lsn: committed + 1 };
    assert.equal(catalog.relationByOid(databaseOid, oids.renamed, { lsn: committed }), first);
    const others = [{ lsn: start }, at].map((moment) =>
      catalog.relationByOid(databaseOid, oids.rewritten, moment),
    );
    assert.equal(others[0], others[1]);
    assert.equal(catalog.types(databaseOid, at), catalog.types(databaseOid, { lsn: committed + 50 }));
  });

  test('is never seen when its transaction aborts, and what it replaced stays and can be replaced again', () => {
    const catalog = open();
    const { block, offset, tuple } = classTuple('renamed');
    const [aborted, renewed] = [xidAfter(1), xidAfter(2)];
    catalog.tupleRemoved(classLocator(), block, offset, aborted, nextLsn());
    catalog.tupleWritten(classLocator(), block, 200, withName(tuple, 'aborted'), aborted, nextLsn());
    catalog.transactionEnded([aborted], false, nextLsn());
    assert.equal(nameOf(catalog, 'renamed', { lsn: nextLsn() }), 'renamed');
    catalog.tupleRemoved(classLocator(), block, offset, renewed, nextLsn());
    catalog.tupleWritten(classLocator(), block, 201, withName(tuple, 'renewed'), renewed, nextLsn());
    const between = nextLsn();
    catalog.transactionEnded([renewed], true, nextLsn());
    assert.equal(nameOf(catalog, 'renamed', { lsn: between }), 'renamed');
    assert.equal(nameOf(catalog, 'renamed', { lsn: nextLsn() }), 'renewed');
  });

  test('of a transaction that ran when reading began is seen only once that commits', () => {
    const early = tupleXmin(classTuple('written_early').tuple, 0);
    const catalog = open([early]);
    const lsn = nextLsn();
    assert.equal(nameOf(catalog, 'written_early', { lsn }), undefined);
    assert.equal(nameOf(catalog, 'written_early', { lsn, ownXids: new Set([early]) }), 'written_early');
    assert.equal(nameOf(catalog, 'renamed', { lsn }), 'renamed');
    const committed = nextLsn();
    catalog.transactionEnded([early], true, committed);
    assert.equal(nameOf(catalog, 'written_early', { lsn: committed }), undefined);
    assert.equal(nameOf(catalog, 'written_early', { lsn: nextLsn() }), 'written_early');
  });

  test('comes from a full-page image as from a record of its own', () => {
    const catalog = open();
    const { block, offset } = classTuple('renamed');
    const xid = xidAfter(3);
    const page = Buffer.from(classFile.page(block)!);
    const place = tupleAt(page, offset)!;
    // xmax: removed by xid; infomask: no longer HEAP_XMAX_INVALID.
    page.writeUInt32LE(xid, place.start + 4);
    page.writeUInt16LE(page.readUInt16LE(place.start + 20) & ~0x0800, place.start + 20);
    catalog.pageImage(classLocator(), block, page, nextLsn());
    const between = nextLsn();
    assert.equal(nameOf(catalog, 'renamed', { lsn: between, ownXids: new Set([xid]) }), undefined);
    catalog.transactionEnded([xid], true, nextLsn());
    assert.equal(nameOf(catalog, 'renamed', { lsn: between }), 'renamed');
    assert.equal(nameOf(catalog, 'renamed', { lsn: nextLsn() }), undefined);
  });

  test('overwritten in place is what was written last', () => {
    const catalog = open();
    const { block, offset, tuple } = classTuple('renamed');
    assert.equal(nameOf(catalog, 'renamed', { lsn: nextLsn() }), 'renamed');
    const data = withName(tuple, 'in_place').subarray(tuple[22]);
    catalog.tupleOverwritten(classLocator(), block, offset, data, nextLsn());
    assert.equal(nameOf(catalog, 'renamed', { lsn: nextLsn() }), 'in_place');
  });
});

test('a relation is found by the file it had, whenever it is asked for', () => {
  const catalog = open();
  const { block, offset, tuple } = classTuple('rewritten');
  const newNode = 99_999;
  const xid = xidAfter(4);
  const [oldFile, newFile] = [fileNodes.rewritten, newNode].map((fileNode) => ({
    tablespaceOid: TABLESPACE,
    databaseOid,
    fileNode,
  }));
  const written = nextLsn();
  catalog.tupleRemoved(classLocator(), block, offset, xid, written);
  const rewritten = withFileNode(tuple, oldFile.fileNode, newNode);
  catalog.tupleWritten(classLocator(), block, 200, rewritten, xid, written);
  const between = nextLsn();
  const ownXids = new Set([xid]);
  assert.equal(catalog.relationByLocator(newFile, { lsn: between }), undefined);
  assert.equal(catalog.relationByLocator(newFile, { lsn: between, ownXids })?.name, 'rewritten');
  assert.equal(catalog.relationByLocator(oldFile, { lsn: between, ownXids })?.fileNode, oldFile.fileNode);
  catalog.transactionEnded([xid], true, nextLsn());
  const at = { lsn: nextLsn() };
  assert.equal(catalog.relationByLocator(newFile, { lsn: between }), undefined);
  assert.equal(catalog.relationByLocator(newFile, at)?.fileNode, newNode);
  assert.equal(catalog.relationByLocator(oldFile, at)?.fileNode, oldFile.fileNode);
  assert.equal(catalog.relationByLocator({ ...oldFile, fileNode: 77_777 }, at), undefined);
});

test('names print as the server prints them under an empty search_path', () => {
  const lookup = open().types(databaseOid, { lsn: nextLsn() });
  for (const [kind, names] of Object.entries(registered)) {
    const ours = Object.fromEntries(
      Object.keys(names).map((oid) => [oid, lookup.registeredName?.(kind as 'regclass', Number(oid))]),
    );
    assert.deepEqual(ours, names, kind);
  }
});

test('a default that is newer than its rows comes as it is stored', () => {
  const definition = open().relationByOid(databaseOid, oids.defaults, { lsn: nextLsn() });
  const [id, n, t, long] = definition!.attributes.map(
    ({ missingValue }) => missingValue && Buffer.from(missingValue),
  );
  assert.equal(id, undefined);
  assert.equal(n?.toString('hex'), '2a000000');
  assert.equal(t?.toString('latin1', 4), 'abc');
  assert.equal(long?.toString('latin1', 4), 'long '.repeat(1000));
});

test('what is not there is said to be missing, by its name', () => {
  const catalog = open();
  const at = { lsn: nextLsn() };
  assert.equal(catalog.database(4_000_000), undefined);
  assert.equal(catalog.relationByOid(4_000_000, 1259, at), undefined);
  assert.ok(!catalog.follows(TABLESPACE, 4_000_000, 1259));
  assert.deepEqual(catalog.tables(4_000_000, at), []);
  assert.equal(catalog.types(4_000_000, at).type(23), undefined);

  const directory = join(server.dataDirectory, 'base', String(databaseOid));
  const names = (file: string) => (error: unknown) =>
    error instanceof ForkpointError && error.complaint.where === join(directory, file);
  rmSync(join(directory, '2615'));
  assert.throws(() => open().tables(databaseOid, at), names('2615'));
  truncateSync(join(directory, 'pg_filenode.map'), 100);
  assert.throws(() => open().tables(databaseOid, at), names('pg_filenode.map'));
});
