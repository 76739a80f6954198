/**
 * Damage in places chosen with care: bits flipped, pages and segments torn, swapped, lost. What is then listed is the beginning of the
 * truth, equal row by row, and that the rest is missing is said with file and LSN. Damage of every kind anywhere is fuzz.test.ts.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { ForkpointError } from '../source/bytes/errors.js';
import { formatLsn, type Lsn } from '../source/bytes/lsn.js';
import type { OpenedIncident } from '../source/incident/opened-incident.js';
import { segmentFileName } from '../source/wal/segment-name.js';
import { type BuiltIncident, buildIncident } from './servers/incident.js';
import { stopAllServers } from './servers/server.js';
import { temporaryDirectory } from './servers/temporary.js';
import { everythingLost, readIncident } from './support/against-the-server.js';
import { CLI } from './support/program.js';
import { seeded } from './support/seeded.js';

after(stopAllServers);

const SEGMENT = 1 << 20;
const PAGE = 8192;

/** One lost transaction with all its rows, as text to be compared. */
type Told = string;

function told(incident: OpenedIncident): Told[] {
  return everythingLost(incident).map(({ transaction: t, changes }) =>
    JSON.stringify([
      t.xid,
      t.commitLsn,
      t.commitTime,
      t.state,
      t.database,
      changes.map((change) =>
        change.kind === 'row'
          ? [change.operation, change.table.schema, change.table.name, change.before, change.after]
          : change,
      ),
    ]),
  );
}

describe('damage', { timeout: 240_000 }, () => {
  let built: BuiltIncident;
  let walDirectory: string;
  let spare: string;
  let truth: Told[];
  /** Where the last record ends. */
  let end: Lsn;
  const random = seeded(20261121);

  before(async () => {
    built = await buildIncident({
      major: 17,
      walSegmentSizeMb: 1,
      // Recycled segments behind the end, as on any server that has run for a while.
      settings: { min_wal_size: '8MB', max_wal_size: '16MB' },
      before: async (old) => {
        await old.query(
          `CREATE TABLE account (id int PRIMARY KEY, owner text, gone int, note text);
           INSERT INTO account SELECT i, 'owner ' || i, i, repeat(md5(i::text), 3) FROM generate_series(1, 2000) i;
           CREATE TABLE document (id int PRIMARY KEY, body text); ALTER TABLE document ALTER body SET STORAGE EXTERNAL`,
        );
        for (let i = 0; i < 6; i++) await old.query('SELECT pg_switch_wal(); CHECKPOINT');
      },
      lost: async (old) => {
        const client = await old.connect();
        for (let i = 1; i <= 120; i++) {
          await client.query(
            `UPDATE account SET owner = 'lost ' || ${i}, note = repeat(md5(random()::text), 4) WHERE id % 120 = ${i % 120};
             DELETE FROM account WHERE id = ${i * 7}; INSERT INTO account VALUES (${10_000 + i}, 'new', ${i}, 'n')`,
          );
          if (i % 10 === 0)
            await client.query(`INSERT INTO document VALUES (${i}, repeat(md5('${i}'), ${i * 30}))`);
          if (i === 60) await client.query('CHECKPOINT');
          if (i === 90)
            await client.query('ALTER TABLE account DROP COLUMN gone, ADD COLUMN more text DEFAULT $$m$$');
        }
      },
    });
    walDirectory = join(built.oldDataDirectory, 'pg_wal');
    spare = temporaryDirectory('spare');
    for (const name of segmentNames()) copyFileSync(join(walDirectory, name), join(spare, name));
    const incident = await readIncident(built);
    assert.equal(incident.incomplete, false, incident.overview().warnings.join('; '));
    truth = told(incident);
    end = incident.overview().old.endLsn;
    incident.close();
    assert.ok(truth.length > 120 && end - built.fork > 2 * SEGMENT, `${truth.length}, ${end - built.fork}`);
  });

  beforeEach(() => restore());

  function segmentNames(): string[] {
    return readdirSync(walDirectory).filter((name) => /^[0-9A-F]{24}$/.test(name));
  }

  function fileOf(lsn: Lsn): string {
    return segmentFileName(1, lsn - (lsn % SEGMENT), SEGMENT);
  }

  /** Puts the old primary's WAL back as it fell. */
  function restore(): void {
    for (const name of segmentNames()) rmSync(join(walDirectory, name));
    for (const name of readdirSync(spare)) copyFileSync(join(spare, name), join(walDirectory, name));
  }

  /** Flips bits of the byte at an LSN. */
  function flip(lsn: Lsn, mask: number): void {
    const path = join(walDirectory, fileOf(lsn));
    const bytes = readFileSync(path);
    bytes[lsn % SEGMENT] ^= mask;
    writeFileSync(path, bytes);
  }

  /**
   * Reads the damaged incident: everything told must be true. With `certain` something must be missing; whenever something is, that must be
   * said with a file and an LSN. Gives what was said; undefined when everything was told.
   */
  async function examine(what: string, certain: boolean): Promise<string | undefined> {
    let incident: OpenedIncident;
    try {
      incident = await readIncident(built);
    } catch (error) {
      assert.ok(error instanceof ForkpointError, `${what}: ${error instanceof Error ? error.stack : error}`);
      return error.message;
    }
    try {
      const found = told(incident);
      assert.deepEqual(found, truth.slice(0, found.length), `${what}: not the beginning of the truth`);
      const { warnings } = incident.overview();
      const all = found.length === truth.length;
      if (certain || !all)
        assert.ok(
          incident.incomplete,
          `${what}: ${found.length} of ${truth.length} told as if they were all`,
        );
      if (!incident.incomplete) return undefined;
      assert.ok(
        warnings.some((text) => /[0-9A-F]{24}/.test(text) && /\b[0-9A-F]+\/[0-9A-F]+\b/.test(text)),
        `${what}: no warning names file and LSN: ${warnings.join('; ')}`,
      );
      return warnings.join('; ');
    } finally {
      incident.close();
    }
  }

  test('a bit flipped anywhere in the lost records is said, and never becomes a row', async () => {
    let noticed = 0;
    for (let i = 0; i < 60; i++) {
      const at = built.fork + random(end - built.fork) - 1;
      const mask = 1 << (random(8) - 1);
      flip(at, mask);
      if (await examine(`bit ${mask} at ${formatLsn(at)}`, false)) noticed++;
      restore();
    }
    // The rest hit padding between records.
    assert.ok(noticed > 50, `${noticed} of 60`);
  });

  test('a flipped bit in any field of any page header is said', async () => {
    const firstPage = built.fork - (built.fork % PAGE) + PAGE;
    const lastPage = end - (end % PAGE);
    const pages = [firstPage, lastPage, lastPage - PAGE, lastPage - (lastPage % SEGMENT)];
    for (let i = 0; i < 4; i++) pages.push(firstPage + PAGE * (random((lastPage - firstPage) / PAGE) - 1));
    for (const page of pages) {
      // xlp_magic, xlp_info, xlp_tli, xlp_pageaddr, xlp_rem_len
      for (const offset of [0, 2, 4, 9, 10, 12, 16]) {
        const mask = offset === 2 ? 1 : 1 << (random(8) - 1);
        flip(page + offset, mask);
        await examine(`page ${formatLsn(page)}, header byte ${offset}, bit ${mask}`, true);
        restore();
      }
    }
  });

  test('damage on the very last page is said while a whole record follows it', async () => {
    const lastPage = end - (end % PAGE);
    for (let i = 0; i < 20; i++) {
      const at = lastPage + 24 + random(end - lastPage - 24) - 1;
      flip(at, 0xff);
      await examine(`byte at ${formatLsn(at)}, the end is ${formatLsn(end)}`, false);
      restore();
    }
  });

  test('garbage behind the last record changes nothing', async () => {
    const file = join(walDirectory, fileOf(end));
    const bytes = readFileSync(file);
    for (let at = (end % SEGMENT) + 64; at < SEGMENT; at++) {
      if (at % PAGE >= 24) bytes[at] ^= random(256) - 1;
    }
    writeFileSync(file, bytes);
    const incident = await readIncident(built);
    assert.deepEqual(told(incident), truth);
    incident.close();
  });

  test('a page of zeros, a page written twice, a torn page are said', async () => {
    for (let i = 0; i < 8; i++) {
      const page =
        built.fork - (built.fork % PAGE) + PAGE * random(Math.floor((end - built.fork) / PAGE) - 2);
      const path = join(walDirectory, fileOf(page));
      const bytes = readFileSync(path);
      const at = page % SEGMENT;
      if (i % 3 === 0) bytes.fill(0, at, at + PAGE);
      else if (i % 3 === 1) bytes.copy(bytes, at, (at + PAGE) % SEGMENT, ((at + PAGE) % SEGMENT) + PAGE);
      else bytes.fill(0, at + 4096, at + PAGE);
      writeFileSync(path, bytes);
      await examine(`page ${formatLsn(page)}, way ${i % 3}`, true);
      restore();
    }
  });

  test('a segment truncated, emptied, swapped, doubled or gone is said', async () => {
    const first = built.fork - (built.fork % SEGMENT);
    const last = end - (end % SEGMENT);
    const path = (lsn: Lsn) => join(walDirectory, fileOf(lsn));
    const swap = (a: Lsn, b: Lsn) => {
      renameSync(path(a), join(walDirectory, 'aside'));
      renameSync(path(b), path(a));
      renameSync(join(walDirectory, 'aside'), path(b));
    };
    const middle = first + SEGMENT;
    assert.ok(middle < last);
    const ways: [string, () => void][] = [
      ['the middle one truncated', () => truncateSync(path(middle), 5 * PAGE)],
      ['the middle one truncated within a page', () => truncateSync(path(middle), 5 * PAGE + 100)],
      ['the middle one emptied', () => truncateSync(path(middle), 0)],
      ['the last one truncated', () => truncateSync(path(last), PAGE)],
      ['the last one emptied', () => truncateSync(path(last), 0)],
      ['the middle one gone', () => rmSync(path(middle))],
      ['the first one gone', () => rmSync(path(first))],
      ['the first one emptied', () => truncateSync(path(first), 0)],
      ['the last one gone', () => rmSync(path(last))],
      ['two swapped', () => swap(first, middle)],
      ['the last two swapped', () => swap(last - SEGMENT, last)],
      ['the first under the name of the second', () => copyFileSync(path(first), path(middle))],
      ['the second under the name of the first', () => copyFileSync(path(middle), path(first))],
      ['the middle one of zeros', () => writeFileSync(path(middle), Buffer.alloc(SEGMENT))],
      [
        'garbage',
        () => writeFileSync(path(middle), Buffer.from(Array.from({ length: SEGMENT }, () => random(256)))),
      ],
      [
        'all of them gone',
        () => {
          for (const name of segmentNames()) rmSync(join(walDirectory, name));
        },
      ],
    ];
    for (const [what, damage] of ways) {
      damage();
      await examine(what, true);
      restore();
    }
  });

  test('the command line says it in one sentence and ends with 3', async () => {
    const at = built.fork + Math.floor((end - built.fork) / 2);
    flip(at, 0x10);
    flip(at + 64, 0x10);
    for (const command of ['list', 'export']) {
      const { status, stderr, stdout } = spawnSync(
        process.execPath,
        [CLI, command, built.oldDataDirectory, built.newDataDirectory],
        { encoding: 'utf8', timeout: 60_000, maxBuffer: 1 << 28 },
      );
      assert.equal(status, 3, stderr);
      assert.match(
        stderr,
        /^forkpoint: INCOMPLETE: old primary: reading stopped at [0-9A-F]+\/[0-9A-F]+: .*WAL goes on at [0-9A-F]+\/[0-9A-F]+ \(\/.*[0-9A-F]{24}\)$/m,
      );
      assert.equal(stderr.match(/INCOMPLETE/g)?.length, 1, stderr);
      assert.ok(stdout.length > 100);
    }
    restore();
  });

  test('a bit flipped in the catalog is said, by file and block, whatever becomes of the rows', async () => {
    const path = join(built.oldDataDirectory, 'base', '5', '1249');
    const kept = readFileSync(path);
    for (let i = 0; i < 8; i++) {
      const bytes = Buffer.from(kept);
      // Not where new columns went: those pages have images in WAL.
      const page = PAGE * (random(bytes.length / PAGE - 8) - 1);
      bytes[page + PAGE - random(4096)] ^= 1 << (random(8) - 1);
      writeFileSync(path, bytes);
      const incident = await readIncident(built);
      told(incident);
      assert.ok(incident.incomplete);
      assert.ok(
        incident
          .overview()
          .warnings.some(
            (text) => text.includes(`wrong checksum`) && text.includes(`${path}, block ${page / PAGE}`),
          ),
        incident.overview().warnings.join('; '),
      );
      incident.close();
    }
    writeFileSync(path, kept);
  });

  test('a catalog page half-written when the machine went down is taken from its image in WAL, and nothing need be said', async () => {
    const path = join(built.oldDataDirectory, 'base', '5', '1249');
    const kept = readFileSync(path);
    let mended = 0;
    const blocks = kept.length / PAGE;
    // Where new columns went: those pages changed since the last checkpoint.
    for (let block = blocks - 8; block < blocks; block++) {
      const bytes = Buffer.from(kept);
      for (let at = block * PAGE + 512 * 8; at < (block + 1) * PAGE; at++) bytes[at] ^= random(256) - 1;
      writeFileSync(path, bytes);
      const incident = await readIncident(built);
      const found = told(incident);
      if (incident.incomplete) {
        assert.match(
          incident.overview().warnings.join('; '),
          new RegExp(`wrong checksum .*block ${block}\\)`),
        );
      } else {
        mended++;
        assert.deepEqual(found, truth);
        assert.deepEqual(incident.overview().warnings, []);
      }
      incident.close();
    }
    writeFileSync(path, kept);
    assert.ok(mended > 0);
  });
});
