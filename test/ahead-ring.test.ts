/** What one thread tells another of rows arrives as it was told, in its order, however often the memory between them comes round. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  LONGEST_RECORD,
  MESSAGE_MASK,
  Message,
  RingReader,
  RingWriter,
  ROW_HEADER,
  RowFlag,
  ringMemory,
  WRITTEN_HEADER,
} from '../source/jobs/ahead-ring.js';
import { LazyRecord } from '../source/wal/lazy-record.js';

/** More than the memory holds. */
const TOLD_BYTES = 20 * 1024 * 1024;

class RecordOf extends LazyRecord {
  constructor(bytes: Buffer, start: number, lsn: number) {
    super(bytes, new DataView(bytes.buffer, bytes.byteOffset, bytes.length), 8192, 0);
    this.start = start;
    this.totalLength = bytes.length - start;
    this.lsn = lsn;
  }
}

/** One message, as text. */
function heard(ring: RingReader, at: number): string {
  const { words, doubles, buffer } = ring;
  const bytes = (from: number, length: number) => buffer.toString('latin1', from, from + length);
  switch (words[at] & MESSAGE_MASK) {
    case Message.row: {
      const start = at * 4 + ROW_HEADER;
      const flags = words[at] & ~MESSAGE_MASK;
      const lsn = doubles[(at >> 1) + 2];
      const record = bytes(start, ring.view.getUint32(start, true));
      return `row ${flags} ${words[at + 2]} ${words[at + 3]} ${lsn} ${doubles[(at >> 1) + 3]} ${record}`;
    }
    case Message.written:
      return `written ${words[at + 2] >>> 0} ${words[at + 4]} ${bytes(at * 4 + WRITTEN_HEADER, words[at + 5])}`;
    case Message.lost:
      return `lost ${words[at + 2] >>> 0} ${words[at + 3]} ${doubles[(at >> 1) + 2]} ${doubles[(at >> 1) + 3]} ${doubles[(at >> 1) + 4]} ${words[at + 10]} ${words[at + 11]}`;
    default:
      return `${words[at]} ${words[at + 2] >>> 0}`;
  }
}

test('what is told of rows is heard as it was told', () => {
  const memory = ringMemory();
  const writer = new RingWriter(memory, 0);
  const reader = new RingReader(memory);
  const expected: string[] = [];
  const hear = () => {
    writer.tell();
    while (reader.more(0))
      for (let at = reader.next(); at >= 0; at = reader.next()) {
        if (reader.words[at] === Message.nothing) continue;
        assert.equal(heard(reader, at), expected.shift());
      }
    assert.equal(expected.length, 0);
  };
  const [numbers] = fc.sample(fc.infiniteStream(fc.nat()), { numRuns: 1, seed: 5 });
  const below = (end: number) => numbers.next().value % end;
  for (let told = 0, lsn = 8; told < TOLD_BYTES; lsn += 8) {
    const xid = (0xffff_fff0 + lsn) >>> 0;
    const kind = below(5);
    if (kind <= 1) {
      const start = below(9);
      const length = 24 + below(below(50) === 0 ? LONGEST_RECORD - 24 : 300);
      const bytes = Buffer.alloc(start + length, `${lsn} `);
      bytes.writeUInt32LE(length, start);
      const flags = below(2) * RowFlag.written + below(2) * RowFlag.kept;
      const [table, age] = [below(9), below(99)];
      writer.row(flags, new RecordOf(bytes, start, lsn), table, age, -lsn);
      expected.push(`row ${flags} ${table} ${age} ${lsn} ${-lsn} ${bytes.toString('latin1', start)}`);
      told += length;
    } else if (kind === 2) {
      const text = `INSERT ${lsn}`.repeat(1 + below(40));
      writer.written(xid, 7, 3, Buffer.from(text), text.length);
      expected.push(`written ${xid} 3 ${text}`);
      told += text.length;
    } else if (kind === 3) {
      writer.lost(xid, lsn, 2 ** 50 + lsn, -1.5, 1234, 2, 5);
      expected.push(`lost ${xid} ${lsn} ${2 ** 50 + lsn} -1.5 1234 2 5`);
    } else {
      writer.say(Message.ended, xid);
      expected.push(`${Message.ended} ${xid}`);
    }
    if (writer.isFull || below(2000) === 0) hear();
    assert.ok(!writer.isCrammed || writer.isFull);
  }
  hear();
});

test('a transaction that need not be told is known by its own number only', () => {
  const memory = ringMemory();
  const writer = new RingWriter(memory, 0);
  new RingReader(memory).leave(0xffff_ffff | 0);
  assert.ok(writer.isLeft(0xffff_ffff));
  assert.ok(!writer.isLeft(0xffff_ffff - 1024));
});
