/** Exports of made-up transactions: what the files hold, and that there is a whole file or none. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, it } from 'node:test';
import { ForkpointError } from '../source/bytes/errors.js';
import type { TransactionWithChanges } from '../source/export/body.js';
import { exportTransactions, previewExport } from '../source/export/export.js';
import type { ExportContext } from '../source/export/format.js';
import { selectionOf } from '../source/export/selection.js';
import { NOTHING_LOST } from '../source/incident/loss-counter.js';
import type { ExportRequest, ExportSummary, SideOverview } from '../source/incident/model.js';
import type { Change, Row, Table } from '../source/rows/row-change.js';
import { NOTHING_BESIDES } from '../source/transactions/lost-besides.js';
import { temporaryDirectory } from './servers/temporary.js';
import { listedTransaction, rowChange } from './support/live-table.js';

function column(name: string, typeName: string, typeOid: number) {
  return { name, typeName, typeOid, numeric: false, notNull: false, generated: '', identity: '' } as const;
}

const orders: Table = {
  id: 1,
  oid: 1,
  database: 'shop',
  schema: 'public',
  name: 'orders',
  columns: [
    column('id', 'integer', 23),
    column('paid', 'boolean', 16),
    column('total', 'numeric(10,2)', 1700),
    column('weight', 'double precision', 701),
    column('photo', 'bytea', 17),
    column('note', 'text', 25),
  ],
  identity: { kind: 'primary-key', columns: [0] },
  uniqueKeys: [],
};

const ROW: Row = ['1', 't', '1.50', 'NaN', '\\x0102', 'q"\\\n=1+1'];
const PAID: Row = ['1', 'f', '1.50', '-0', null, 'q"\\\n=1+1'];

const side: SideOverview = {
  path: '/srv/old',
  kind: 'data-directory',
  majorVersion: 15,
  systemIdentifier: '7000000000000000001',
  state: 'in production',
  timeline: 1,
  history: [],
  checkpointLsn: 0x1000,
  redoLsn: 0x1000,
  checkpointTime: 0,
  endLsn: 0xb000000,
  endReason: '',
  segments: [],
  disagreements: [],
  walLevel: 'logical',
  walSegmentSize: 16 << 20,
  blockSize: 8192,
  running: false,
  warnings: [],
};

type Lost = { transaction: ReturnType<typeof listedTransaction>; changes: Change[] };

function contextOf(lost: readonly Lost[]): ExportContext {
  return {
    version: '1.2.3',
    overview: {
      old: side,
      new: { ...side, path: '/srv/new', timeline: 2 },
      fork: { lsn: 0x9df928, timeline: 1, evidence: [], diverged: true },
      gaps: [],
      warnings: [],
    },
    loss: { ...NOTHING_LOST, transactions: lost.length },
    besides: NOTHING_BESIDES,
    selections: selectionOf(lost.map(({ transaction }) => transaction)),
  };
}

function requestOf(over: Partial<ExportRequest>): ExportRequest {
  return { format: 'sql', undo: false, guard: false, ddl: false, ...over };
}

function run(
  request: ExportRequest,
  lost: readonly Lost[],
  source: Iterable<TransactionWithChanges> = lost,
): ExportSummary {
  const writing = exportTransactions(request, source, contextOf(lost));
  for (;;) {
    const { done, value } = writing.next();
    if (done) return value;
  }
}

const counts = { schema: 'public', table: 'orders', insert: 1, update: 1, delete: 1, truncate: 0 };

function lostOrders(): Lost[] {
  return [
    {
      transaction: listedTransaction({ inserts: 1, updates: 1, deletes: 1, tables: [counts] }),
      changes: [
        rowChange('insert', orders, undefined, ROW),
        rowChange('update', orders, undefined, PAID),
        rowChange('delete', orders, PAID),
      ],
    },
  ];
}

describe('export', () => {
  let directory: string;
  let path: string;
  beforeEach(() => {
    directory = temporaryDirectory('export');
    path = join(directory, 'lost.sql');
  });

  it('writes SQL that says where it comes from, and sums up', () => {
    const summary = run(requestOf({ output: path }), lostOrders());
    const text = readFileSync(path, 'utf8');
    assert.match(text, /^-- forkpoint 1\.2\.3: redo/);
    assert.match(text, /-- fork: 0\/9DF928/);
    assert.match(text, /-- xid 738 {2}committed 2026-11-20 06:45:47\.184429 UTC {2}LSN 0\/A016F40\nBEGIN;/);
    assert.match(
      text,
      /INSERT INTO public\.orders .* VALUES \(1, true, 1\.50, 'NaN', E'\\\\x0102', E'q"\\\\\\n=1\+1'\);/,
    );
    assert.match(text, /UPDATE ONLY public\.orders SET id = 1, paid = false, .* WHERE id = 1;/);
    assert.match(text, /DELETE FROM ONLY public\.orders WHERE id = 1;\nCOMMIT;/);
    assert.match(text, /-- end: 1 transaction, 3 statements, nothing left out\n$/);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.deepEqual(readdirSync(directory), ['lost.sql']);
    const sha256 = createHash('sha256').update(text).digest('hex');
    assert.deepEqual(summary.files, [
      { path, database: 'shop', transactions: 1, statements: 3, bytes: Buffer.byteLength(text), sha256 },
    ]);
  });

  it('leaves out what is not known exactly, loudly', () => {
    const problem = 'its page is not in the WAL';
    const lost = [
      {
        transaction: listedTransaction(),
        changes: [
          { ...rowChange('delete', orders), problem } as Change,
          {
            kind: 'undecodable',
            operation: 'insert',
            lsn: 5,
            xid: 1,
            relation: 'relation 1663/5/7',
            problem,
          } as const,
          rowChange('delete', orders, [{ unknown: 'not-logged' }, ...ROW.slice(1)]),
          rowChange('insert', orders, undefined, [
            ...ROW.slice(0, 5),
            { unknown: 'undecodable', reason: 'x' },
          ]),
        ],
      },
    ];
    const summary = run(requestOf({ output: path }), lost);
    const text = readFileSync(path, 'utf8');
    assert.equal(summary.leftOut, 4);
    assert.equal(summary.statements, 0);
    assert.doesNotMatch(text, /^(INSERT|DELETE|UPDATE)/m);
    assert.match(text, /-- LEFT OUT: insert of relation 1663\/5\/7 at LSN 0\/5: its page is not in the WAL/);
    assert.match(text, /-- end: .* 4 changes LEFT OUT\n$/);
    assert.equal(summary.leftOutReasons.length, 4);
  });

  it('leaves a column alone whose TOASTed value the update did not touch', () => {
    const unchanged = { unknown: 'unchanged' } as const;
    const after = [...PAID.slice(0, 5), unchanged];
    const lost = [{ transaction: listedTransaction(), changes: [rowChange('update', orders, ROW, after)] }];
    run(requestOf({ output: path }), lost);
    assert.match(
      readFileSync(path, 'utf8'),
      /^UPDATE ONLY public\.orders SET paid = false, weight = '-0', photo = NULL WHERE id = 1;$/m,
    );
    run(requestOf({ output: path, undo: true, overwrite: true }), lost);
    assert.match(
      readFileSync(path, 'utf8'),
      /^UPDATE ONLY public\.orders SET paid = true, weight = 'NaN', photo = E'\\\\x0102' WHERE id = 1;$/m,
    );
  });

  it('writes the tables of one TRUNCATE together, and does not undo it', () => {
    const other = { ...orders, name: 'items' };
    const options = { cascade: true, restartIdentity: true };
    const first = { ...rowChange('truncate', orders), truncate: options } as Change;
    const changes = [first, { ...rowChange('truncate', other), lsn: first.lsn, truncate: options } as Change];
    const lost = [{ transaction: listedTransaction({ truncates: 2 }), changes }];
    run(requestOf({ output: path }), lost);
    assert.match(
      readFileSync(path, 'utf8'),
      /^TRUNCATE ONLY public\.orders, ONLY public\.items RESTART IDENTITY;$/m,
    );
    assert.equal(run(requestOf({ output: join(directory, 'undo.sql'), undo: true }), lost).leftOut, 2);
  });

  it('leaves a transaction in doubt out unless it was chosen', () => {
    const changes = [rowChange('insert', orders, undefined, ROW)];
    const lost = [
      { transaction: listedTransaction({ state: 'prepared', gid: 'g\n1', inserts: 1 }), changes },
    ];
    for (const format of ['sql', 'wal2json'] as const) {
      const output = join(directory, format);
      const summary = run(requestOf({ format, output }), lost);
      assert.deepEqual([summary.leftOut, summary.statements], [1, 0]);
      assert.doesNotMatch(readFileSync(output, 'utf8'), /^INSERT|"I"/m);
      const chosen = join(directory, `${format}-chosen`);
      assert.equal(run(requestOf({ format, output: chosen, transactions: [0] }), lost).statements, 1);
    }
    assert.match(
      readFileSync(join(directory, 'sql-chosen'), 'utf8'),
      /-- xid 738 {2}PREPARED, never resolved .*gid g⏎1/,
    );
  });

  it('never slips a transaction in doubt in among others that were marked with it', () => {
    const changes = [rowChange('insert', orders, undefined, ROW)];
    const lost = [
      { transaction: listedTransaction({ index: 0, xid: 700, inserts: 1 }), changes },
      {
        transaction: listedTransaction({ index: 1, xid: 738, state: 'prepared', gid: 'g', inserts: 1 }),
        changes,
      },
    ];
    for (const format of ['sql', 'wal2json'] as const) {
      const output = join(directory, `${format}-among-others`);
      const summary = run(requestOf({ format, output, transactions: [0, 1] }), lost);
      assert.deepEqual([summary.leftOut, summary.statements], [1, 1], format);
    }
    const sql = readFileSync(join(directory, 'sql-among-others'), 'utf8');
    assert.match(sql, /^-- 1 transaction in doubt \(prepared, never resolved\): left out$/m);
    assert.match(sql, /^-- 1 transaction: 1 row inserted/m);
  });

  it('writes DDL as a comment, or as a statement when asked', () => {
    const statement = 'CREATE TABLE public.t (a integer)';
    const change: Change = {
      kind: 'catalog',
      lsn: 1,
      xid: 738,
      description: 'creates\ntable public.t',
      statement,
    };
    const lost = [{ transaction: listedTransaction(), changes: [change] }];
    run(requestOf({ output: path }), lost);
    assert.match(readFileSync(path, 'utf8'), /^-- DDL, reconstructed, not run: CREATE TABLE public\.t/m);
    run(requestOf({ output: path, ddl: true, overwrite: true }), lost);
    assert.match(
      readFileSync(path, 'utf8'),
      /^-- DDL, reconstructed: creates⏎table public\.t\nCREATE TABLE public\.t \(a integer\);$/m,
    );
  });

  it('writes wal2json format 2 as wal2json does', () => {
    const lost = lostOrders();
    const message: Change = {
      kind: 'message',
      lsn: 0x1530888,
      xid: 738,
      transactional: true,
      prefix: 'pre',
      content: Buffer.from('content é'),
    };
    lost[0].changes.push({ ...rowChange('truncate', orders) }, message);
    run(requestOf({ format: 'wal2json', output: path }), lost);
    const head = '"xid":738,"timestamp":"2026-11-20 06:45:47.184429+00"';
    const place = '"lsn":"0/A016F40","nextlsn":"0/A016F70"';
    const type = (name: string, typeName: string, value: string) =>
      `{"name":"${name}","type":"${typeName}","value":${value}}`;
    const columns = (paid: string, weight: string, photo: string) =>
      [
        type('id', 'integer', '1'),
        type('paid', 'boolean', paid),
        type('total', 'numeric(10,2)', '1.50'),
        type('weight', 'double precision', weight),
        type('photo', 'bytea', photo),
        type('note', 'text', '"q\\"\\\\\\n=1+1"'),
      ].join(',');
    const at = (index: number) => {
      const { lsn } = lost[0].changes[index];
      return `${head},"lsn":"0/${lsn.toString(16).toUpperCase()}","schema":"public","table":"orders"`;
    };
    assert.deepEqual(readFileSync(path, 'utf8').trimEnd().split('\n'), [
      `{"action":"B",${head},${place}}`,
      `{"action":"I",${at(0)},"columns":[${columns('true', 'null', '"0102"')}]}`,
      `{"action":"U",${at(1)},"columns":[${columns('false', '-0', 'null')}],"identity":[${type('id', 'integer', '1')}]}`,
      `{"action":"D",${at(2)},"identity":[${columns('false', '-0', 'null')}]}`,
      `{"action":"T",${at(3)}}`,
      `{"action":"M",${head},"lsn":"0/1530888","transactional":true,"prefix":"pre","content":"content é"}`,
      `{"action":"C",${head},${place}}`,
    ]);
  });

  it('writes CSV that no spreadsheet takes for a formula', () => {
    const table = { ...orders, name: '=cmd()' };
    const lost = [
      {
        transaction: listedTransaction(),
        changes: [rowChange('update', table, ROW, [...PAID.slice(0, 5), 'a\u202eb'])],
      },
    ];
    run(requestOf({ format: 'csv', output: path }), lost);
    const [header, line, end] = readFileSync(path, 'utf8').split('\r\n');
    assert.equal(header, 'lsn,xid,commit_time,state,database,schema,table,operation,before,after,note');
    assert.match(
      line,
      /,738,2026-11-20T06:45:47\.184429Z,committed,shop,public,'=cmd\(\),update,"\{""id"":""1"",/,
    );
    assert.match(line, /""note"":""a\\u202eb""\}",$/);
    assert.equal(end, '');
  });

  it('writes a report for people', () => {
    run(requestOf({ format: 'report', output: path }), lostOrders());
    const text = readFileSync(path, 'utf8');
    assert.match(
      text,
      /^# What the failover lost\n\n1 transaction that the old primary had committed is not on/,
    );
    assert.match(text, /\| shop \| public\.orders \| 1 \| 1 \| 1 \| 1 \| 0 \|/);
    assert.match(text, /- \*\*clean\*\* 1 transaction: /);
  });

  it('never writes over an existing file, but replaces one when told to', () => {
    writeFileSync(path, 'precious');
    assert.throws(() => run(requestOf({ output: path }), lostOrders()), /the file exists already/);
    assert.equal(readFileSync(path, 'utf8'), 'precious');
    assert.deepEqual(readdirSync(directory), ['lost.sql']);
    run(requestOf({ output: path, overwrite: true }), lostOrders());
    assert.match(readFileSync(path, 'utf8'), /^-- forkpoint/);
    assert.throws(
      () => run(requestOf({ output: '/dev/full', overwrite: true }), lostOrders()),
      /no regular file/,
    );
  });

  it('does not write over a file that appeared meanwhile', () => {
    const lost = lostOrders();
    const source = (function* () {
      yield* lost;
      writeFileSync(path, 'precious');
    })();
    assert.throws(() => run(requestOf({ output: path }), lost, source), /the file exists already/);
    assert.equal(readFileSync(path, 'utf8'), 'precious');
    assert.deepEqual(readdirSync(directory), ['lost.sql']);
  });

  it('leaves nothing behind when reading fails or the caller stops', () => {
    const lost = lostOrders();
    const failing = (function* () {
      yield* lost;
      throw new ForkpointError({ what: 'invalid record length' });
    })();
    assert.throws(() => run(requestOf({ output: path }), lost, failing), /invalid record length/);
    assert.deepEqual(readdirSync(directory), []);

    const writing = exportTransactions(requestOf({ output: path }), lost, contextOf(lost));
    writing.next();
    assert.equal(readdirSync(directory).length, 1);
    writing.return(undefined as never);
    assert.deepEqual(readdirSync(directory), []);
  });

  it('wants a directory for several databases, and gives each a file', () => {
    const lost = ['shop', 'a/../b', 'empty'].map((database) => ({
      transaction: listedTransaction({ database }),
      changes: [rowChange('insert', orders, undefined, ROW)],
    }));
    assert.throws(() => run(requestOf({ output: path }), lost), /spans 3 databases .*--filter db:/);
    assert.throws(() => run(requestOf({}), lost), /spans 3 databases/);
    assert.equal(existsSync(path), false);
    const target = join(directory, 'many');
    mkdirSync(target);
    const summary = run(requestOf({ output: target }), lost);
    assert.deepEqual(readdirSync(target).sort(), ['a%2F..%2Fb.sql', 'empty.sql', 'shop.sql']);
    assert.equal(summary.files.length, 3);
    for (const file of summary.files) {
      assert.equal(file.transactions, 1);
      assert.match(readFileSync(file.path, 'utf8'), /-- 1 transaction: /);
    }
    assert.throws(() => run(requestOf({ output: target }), lost), /exists already/);
    run(requestOf({ format: 'csv', output: path }), lost);
    assert.equal(readFileSync(path, 'utf8').split('\r\n').length, 5);
  });

  it('says so when the directory is not there', () => {
    assert.throws(
      () => run(requestOf({ output: join(directory, 'no', 'x.sql') }), lostOrders()),
      /no such directory/,
    );
  });

  it('holds a big transaction in little memory and yields while it writes', () => {
    const transaction = listedTransaction({ inserts: 200_000 });
    const change = rowChange('insert', orders, undefined, [...ROW.slice(0, 5), 'x'.repeat(200)]);
    let alive = 0;
    const changes = (function* () {
      for (let i = 0; i < 200_000; i++) {
        alive = i;
        yield change;
      }
    })();
    const request = requestOf({ output: path });
    const writing = exportTransactions(
      request,
      [{ transaction, changes }],
      contextOf([{ transaction, changes: [] }]),
    );
    writing.next();
    assert.ok(alive < 2000, 'a chunk is written before the whole is read');
    let yields = 0;
    while (!writing.next().done) yields++;
    assert.ok(yields > 200);
    assert.ok(statSync(path).size > 60_000_000);
  });

  it('previews the first lines', () => {
    const lost = lostOrders();
    const preview = previewExport(requestOf({}), lost, contextOf(lost), 5);
    assert.equal(preview.lines.length, 5);
    assert.equal(preview.more, true);
    assert.match(preview.lines[0], /^-- forkpoint/);
    const whole = previewExport(requestOf({ format: 'csv' }), lost, contextOf(lost), 100);
    assert.deepEqual([whole.lines.length, whole.more], [4, false]);
  });

  it('refuses options that mean nothing', () => {
    assert.throws(() => run(requestOf({ format: 'csv', undo: true, output: path }), lostOrders()), /--undo/);
  });
});
