/**
 * Records walked over by the page, in WebAssembly, against the same records read one by one: whole WAL, and WAL that was damaged in every way
 * that the walk has to notice, with checksums made right again so that it is not the checksum that tells.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { crc32c, updateCrc32c } from '../source/bytes/crc32c.js';
import { type ControlFile, readControlFile } from '../source/timeline/control-file.js';
import { openWalSegments } from '../source/wal/places.js';
import { WalReader } from '../source/wal/reader.js';
import { segmentFileName } from '../source/wal/segment-name.js';
import type { WalEnd } from '../source/wal/wal-end.js';
import { recordedIncident } from './support/recorded.js';
import { seeded } from './support/seeded.js';
import { makeRight } from './support/wal-record.js';

/** What a reader said of the WAL of one segment and behind it. */
interface Told {
  readonly records: number;
  /** Of all that was said of each record. */
  readonly hash: number;
  readonly end: WalEnd | undefined;
}

/** Reads from the first record of a segment. `windows` of more than one are read one record at a time. */
function tell(directory: string, control: ControlFile, from: number, windows: number, stopAt?: number): Told {
  const segments = openWalSegments({
    places: [join(directory, 'pg_wal')],
    history: [{ timeline: control.checkpoint.timeline, begin: 0, end: Number.POSITIVE_INFINITY }],
    segmentSize: control.walSegmentSize,
    pageSize: control.walPageSize,
    majorVersion: control.majorVersion,
    systemIdentifier: control.systemIdentifier,
  });
  const reader = new WalReader(segments, {
    blockSize: control.pageSize,
    windows,
    stopAt: stopAt ?? from + 2 * control.walSegmentSize,
  });
  const said = new Float64Array(24);
  const bytes = Buffer.from(said.buffer);
  let hash = 0;
  let records = 0;
  for (let more = reader.seekFirstRecord(from) && reader.next(); more; more = reader.next()) {
    records++;
    const { start, blockCount } = reader;
    said.fill(0);
    said.set([reader.lsn, reader.endLsn, reader.previousLsn, reader.totalLength, reader.xid, reader.info]);
    said.set([reader.rmid, reader.mainOffset - start, reader.mainLength, reader.origin, reader.topXid], 6);
    said.set([reader.position, blockCount], 11);
    for (let id = 0; id < blockCount; id++) {
      if (reader.blockInUse[id] === 0) continue;
      said.set([id, reader.blockNumber[id], reader.blockFileNode[id], reader.blockFlags[id]], 13);
      said.set([reader.blockDataOffset[id] - start, reader.blockDataLength[id], reader.imageLength[id]], 17);
      hash = updateCrc32c(hash, bytes, 0, bytes.length);
    }
    hash = updateCrc32c(hash, bytes, 0, bytes.length);
    hash = updateCrc32c(hash, reader.buffer, start, start + reader.totalLength);
  }
  reader.closeFile();
  return { records, hash, end: reader.end };
}

/** Offsets of records in a segment's file. */
function recordsIn(file: Buffer, control: ControlFile, directory: string, from: number): number[] {
  const found: number[] = [];
  const reader = new WalReader(
    openWalSegments({
      places: [join(directory, 'pg_wal')],
      history: [{ timeline: control.checkpoint.timeline, begin: 0, end: Number.POSITIVE_INFINITY }],
      segmentSize: control.walSegmentSize,
      pageSize: control.walPageSize,
      majorVersion: control.majorVersion,
      systemIdentifier: control.systemIdentifier,
    }),
    { blockSize: control.pageSize, stopAt: from + file.length },
  );
  for (let more = reader.seekFirstRecord(from) && reader.next(); more; more = reader.next()) {
    found.push(reader.lsn - from);
  }
  reader.closeFile();
  return found;
}

for (const pack of ['pg10', 'pg15', 'pg18', 'blocks-32-1', 'blocks-4-64']) {
  describe(`WAL of ${pack}`, () => {
    const { oldDataDirectory: directory } = recordedIncident(pack, 'logical');
    const control = readControlFile(directory);
    // Where recovery would begin: the segments behind it were written too.
    const from = control.checkpoint.redoLsn - (control.checkpoint.redoLsn % control.walSegmentSize);
    const name = segmentFileName(control.checkpoint.timeline, from, control.walSegmentSize);
    const path = join(directory, 'pg_wal', name);
    const whole = readFileSync(path);

    test('says the same record by record and page by page', () => {
      for (const stopAt of [undefined, from + 3 * control.walPageSize + 1000, from + 64 * 1024 + 8]) {
        const told = tell(directory, control, from, 1, stopAt);
        assert.ok(told.records > 0);
        assert.deepEqual(told, tell(directory, control, from, 2, stopAt));
      }
    });

    test('is refused in the same words, whatever is damaged in it', () => {
      const records = recordsIn(whole, control, directory, from);
      const random = seeded(crc32c(Buffer.from(pack)));
      const reasons = new Set<string>();
      for (let i = 0; i < 60; i++) {
        const file = Buffer.from(whole);
        const at = records[random(Math.min(records.length, 3000)) - 1];
        const length = file.readUInt32LE(at);
        // The header, the block references behind it, or anything; half of the time in a way that its checksum does not show.
        const place = random(3);
        const offset = place === 1 ? random(24) : 24 + random(place === 2 ? 24 : length);
        const value = [0, 1, 252, 253, 254, 255, random(256) - 1, file[at] ^ (1 << (random(8) - 1))];
        file[Math.min(at + offset - 1, file.length - 1)] = value[random(value.length) - 1];
        if (random(2) === 1) makeRight(file, at, control.walPageSize);
        if (random(4) === 1) file[at - (at % control.walPageSize) + random(24) - 1] ^= 1 << (random(8) - 1);
        writeFileSync(path, file);
        const told = tell(directory, control, from, 1);
        assert.deepEqual(told, tell(directory, control, from, 2), `byte ${offset} of the record at ${at}`);
        reasons.add((told.end?.reason ?? '').replace(/[0-9A-F/]{2,}|\d+/g, '…'));
      }
      writeFileSync(path, whole);
      assert.ok(reasons.size > 5, [...reasons].join('\n'));
    });
  });
}
