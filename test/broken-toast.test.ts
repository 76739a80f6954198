/**
 * TOASTed values whose chunks are broken inside WAL that is sound: every checksum is right. Whoever reads such a value says so, and the list,
 * which tells most verdicts without reading rows, must not call its transaction clean.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { openIncident } from '../source/incident/open.js';
import type { OpenedIncident } from '../source/incident/opened-incident.js';
import { readControlFile } from '../source/timeline/control-file.js';
import { insertedTuple } from '../source/wal/heap-record.js';
import { openWalSegments } from '../source/wal/places.js';
import { WalReader } from '../source/wal/reader.js';
import { HeapOperation, ResourceManager } from '../source/wal/resource-managers.js';
import { segmentFileName } from '../source/wal/segment-name.js';
import { type BuiltIncident, buildIncident } from './servers/incident.js';
import { stopAllServers } from './servers/server.js';
import { majors } from './support/matrix.js';
import { makeRight } from './support/wal-record.js';

after(stopAllServers);
const MAJORS = majors(16);

/** A chunk's record in lost WAL, that lies within a page. */
interface ChunkRecord {
  readonly xid: number;
  readonly path: string;
  /** Of the record in its segment's file, and of the chunk's values in it: chunk_id, chunk_seq, chunk_data. */
  readonly at: number;
  readonly values: number;
  readonly sequence: number;
}

/** TOAST_MAX_CHUNK_SIZE of pages of 8 kB. */
const FULL_CHUNK = 1996;

function chunksLost({ oldDataDirectory, fork }: BuiltIncident): ChunkRecord[] {
  const control = readControlFile(oldDataDirectory);
  const reader = new WalReader(
    openWalSegments({
      places: [join(oldDataDirectory, 'pg_wal')],
      history: [{ timeline: control.checkpoint.timeline, begin: 0, end: Number.POSITIVE_INFINITY }],
      segmentSize: control.walSegmentSize,
      pageSize: control.walPageSize,
      majorVersion: control.majorVersion,
      systemIdentifier: control.systemIdentifier,
    }),
    { blockSize: control.pageSize },
  );
  const found: ChunkRecord[] = [];
  for (let more = reader.seekFirstRecord(fork) && reader.next(); more; more = reader.next()) {
    if (reader.rmid !== ResourceManager.heap || (reader.info & HeapOperation.mask) !== HeapOperation.insert)
      continue;
    const tuple = insertedTuple(reader);
    const at = reader.lsn % control.walSegmentSize;
    if (!tuple || (at % control.walPageSize) + reader.totalLength > control.walPageSize) continue;
    const values = tuple.data + tuple.hoff - 23;
    const length = tuple.end - values - 12;
    // The varlena header of a chunk says how long it is.
    if (length <= 0 || reader.buffer.readUInt32LE(values + 8) !== (length + 4) * 4) continue;
    const sequence = reader.buffer.readInt32LE(values + 4);
    if (sequence < 0 || (sequence === 0 && length !== FULL_CHUNK)) continue;
    const name = segmentFileName(control.checkpoint.timeline, reader.lsn, control.walSegmentSize);
    const path = join(oldDataDirectory, 'pg_wal', name);
    found.push({ xid: reader.xid, path, at, values: at + values - reader.start, sequence });
  }
  reader.closeFile();
  return found;
}

/** Changes a chunk, makes its record's checksum right, has a look, and puts all back. */
async function whileBroken(
  { path, at, values }: ChunkRecord,
  breakIt: (file: Buffer, values: number) => void,
  look: () => Promise<void>,
): Promise<void> {
  const whole = readFileSync(path);
  const broken = Buffer.from(whole);
  breakIt(broken, values);
  assert.ok(makeRight(broken, at, 8192));
  writeFileSync(path, broken);
  try {
    await look();
  } finally {
    writeFileSync(path, whole);
  }
}

const BREAKS: Readonly<Record<string, (file: Buffer, values: number) => void>> = {
  'a chunk has another number': (file, values) => file.writeInt32LE(7, values + 4),
  'a chunk is of another value': (file, values) => file.writeUInt32LE(file.readUInt32LE(values) + 1, values),
  'a chunk says to be shorter': (file, values) =>
    file.writeUInt32LE(file.readUInt32LE(values + 8) - 4, values + 8),
};

async function judged({ oldDataDirectory, newDataDirectory }: BuiltIncident): Promise<OpenedIncident> {
  const incident = await openIncident({ old: oldDataDirectory, new: newDataDirectory });
  await incident.judge();
  return incident;
}

/** The lost transaction with this xid, as the list has it and as it is in detail. */
async function inListAndDetail(incident: OpenedIncident, xid: number) {
  const index = Array.from({ length: incident.length }, (_, i) => i).find(
    (i) => incident.transaction(i).xid === xid,
  );
  assert.ok(index !== undefined);
  const listed = incident.transaction(index).verdict;
  const changes = [...incident.changes(index)];
  const rows = await incident.verdicts(index);
  return {
    listed,
    problems: changes.filter((change) => change.kind === 'row' && change.problem !== undefined).length,
    rows: rows.map((row) => row?.verdict),
    listedThen: incident.transaction(index).verdict,
  };
}

/** A value that does not compress well, and one that does. */
const LONG = (seed: string) => `(SELECT string_agg(md5('${seed}' || i), '') FROM generate_series(1, 250) i)`;
const REPEATED = (seed: string) =>
  `(SELECT string_agg('${seed} ' || i, ', ') FROM generate_series(1, 4000) i)`;

for (const major of MAJORS) {
  describe(`PostgreSQL ${major}, a table of long texts that the new primary left alone`, {
    timeout: 300_000,
  }, () => {
    let built: BuiltIncident;
    let chunks: readonly ChunkRecord[];

    test('an incident happens, and all of it is clean', async () => {
      built = await buildIncident({
        major,
        decode: false,
        before: async (old) => {
          await old.query('CREATE TABLE texts (id int PRIMARY KEY, body text)');
          await old.query('ALTER TABLE texts ALTER body SET STORAGE EXTERNAL');
          await old.query('CREATE TABLE repeated (id int PRIMARY KEY, body text)');
        },
        lost: async (old) => {
          await old.query(`INSERT INTO texts SELECT i, ${LONG('a')} || i FROM generate_series(1, 3) i`);
          await old.query(`INSERT INTO texts SELECT 4, ${LONG('b')}`);
          await old.query(`INSERT INTO repeated SELECT 1, ${REPEATED('c')}`);
        },
      });
      chunks = chunksLost(built);
      assert.ok(chunks.filter(({ sequence }) => sequence > 0).length > 5);
      const incident = await judged(built);
      for (const xid of new Set(chunks.map((chunk) => chunk.xid))) {
        const { listed, problems } = await inListAndDetail(incident, xid);
        assert.deepEqual([listed, problems], ['clean', 0]);
      }
      incident.close();
    });

    for (const [what, breakIt] of Object.entries(BREAKS)) {
      test(`where ${what}, the list says of its transaction what its rows say`, async () => {
        for (const chunk of chunks.filter((_, i) => i % 3 === 1)) {
          await whileBroken(chunk, breakIt, async () => {
            const incident = await judged(built);
            const { listed, problems, rows } = await inListAndDetail(incident, chunk.xid);
            assert.equal(problems, 1, `chunk ${chunk.sequence} of xid ${chunk.xid}`);
            assert.ok(rows.includes('unknown'));
            assert.equal(listed, 'unknown', `chunk ${chunk.sequence} of xid ${chunk.xid}`);
            incident.close();
          });
        }
      });
    }

    test('where a compressed value cannot be decompressed, the list says so once its rows were looked at', async () => {
      const chunk = chunks.filter(({ sequence }) => sequence === 0).at(-1)!;
      const breakIt = (file: Buffer, values: number) => file.fill(0xff, values + 20, values + 1900);
      await whileBroken(chunk, breakIt, async () => {
        const incident = await judged(built);
        const { problems, rows, listedThen } = await inListAndDetail(incident, chunk.xid);
        assert.deepEqual([problems, rows, listedThen], [1, ['unknown'], 'unknown']);
        incident.close();
      });
    });
  });
}
