/** Records that a reader has gone by, looked at again in its memory: they say what the reader said on them, and it goes on undisturbed. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { readControlFile } from '../source/timeline/control-file.js';
import { PassedRecord } from '../source/wal/passed-record.js';
import { openWalSegments } from '../source/wal/places.js';
import { WalReader } from '../source/wal/reader.js';
import type { RecordCursor } from '../source/wal/record-cursor.js';
import { recordedIncident } from './support/recorded.js';

/** All that a record says, without where it lies in memory. */
function told(record: RecordCursor): unknown {
  const { start, totalLength, blockCount } = record;
  const blocks = Array.from({ length: blockCount }, (_, id) =>
    record.blockInUse[id] === 0
      ? id
      : [
          [
            record.blockTablespace[id],
            record.blockDatabase[id],
            record.blockFileNode[id],
            record.blockFork[id],
          ],
          [record.blockNumber[id], record.blockFlags[id], record.blockDataLength[id], record.imageLength[id]],
          record.blockDataLength[id] > 0 ? record.blockDataOffset[id] - start : 0,
          record.imageLength[id] > 0 ? [record.imageOffset[id] - start, record.imageInfo[id]] : 0,
        ],
  );
  return [
    [record.lsn, record.endLsn, record.xid, record.info, record.rmid, totalLength],
    [record.mainOffset - start, record.mainLength, record.topXid, record.origin],
    blocks,
    record.buffer.toString('hex', start, start + totalLength),
  ];
}

for (const pack of ['pg10', 'pg15', 'blocks-4-64']) {
  test(`passed records of ${pack}`, () => {
    const { oldDataDirectory: directory } = recordedIncident(pack, 'logical');
    const control = readControlFile(directory);
    const {
      walSegmentSize,
      walPageSize: pageSize,
      majorVersion,
      systemIdentifier,
      pageSize: blockSize,
    } = control;
    const segments = openWalSegments({
      places: [join(directory, 'pg_wal')],
      history: [{ timeline: control.checkpoint.timeline, begin: 0, end: Number.POSITIVE_INFINITY }],
      segmentSize: walSegmentSize,
      pageSize,
      majorVersion,
      systemIdentifier,
    });
    const from = control.checkpoint.redoLsn - (control.checkpoint.redoLsn % walSegmentSize);
    const reader = new WalReader(segments, { blockSize, windowBytes: 4 * pageSize });
    const alone = new WalReader(segments, { blockSize });
    const passed = new PassedRecord(reader);
    const before: { readonly lsn: number; readonly said: unknown }[] = [];
    assert.ok(reader.seekFirstRecord(from) && alone.seekFirstRecord(from));
    let there = 0;
    for (let number = 0; reader.next(); number++) {
      assert.ok(alone.next());
      assert.deepEqual(told(reader), told(alone));
      before.push({ lsn: reader.lsn, said: told(reader) });
      if (number % 37 !== 0) continue;
      for (const { lsn, said } of before.slice(-60)) {
        if (!passed.at(lsn)) continue;
        there++;
        assert.deepEqual(told(passed), said);
      }
      // The reader stands where it stood.
      assert.deepEqual(told(reader), told(alone));
    }
    assert.ok(!alone.next());
    assert.ok(there > before.length / 2, `${there} of ${before.length} were still there`);
    assert.ok(!passed.at(before[0].lsn), 'what has left the memory is found');
    reader.closeFile();
    assert.ok(!passed.at(before[before.length - 1].lsn));
    alone.closeFile();
  });
}
