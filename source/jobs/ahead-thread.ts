/** A thread that writes down what another one reads, row by row, as it is told of them. */
import { receiveMessageOnPort, workerData } from 'node:worker_threads';
import { TextSink } from '../bytes/text-sink.js';
import { AheadBytes } from '../sql/ahead-bytes.js';
import { AheadAssembly } from '../transactions/ahead-assembly.js';
import type { LostAhead } from '../transactions/ahead-rows.js';
import type { LocatedTable } from '../transactions/located-tables.js';
import { OldRowLog } from '../transactions/old-row-log.js';
import { TemporaryFile } from '../transactions/temporary-file.js';
import { TemporaryRoom } from '../transactions/temporary-room.js';
import { TupleSource } from '../transactions/tuple-source.js';
import { WRITER_UNKNOWN } from '../transactions/tuple-writer.js';
import { isDifference } from '../wal/heap-record.js';
import { LazyRecord } from '../wal/lazy-record.js';
import { recordVersion } from '../wal/record-versions.js';
import { HeapOperation, ResourceManager } from '../wal/resource-managers.js';
import { type AheadStart, type FromAhead, PieceSlots, type ToAhead } from './ahead-messages.js';
import { MESSAGE_MASK, Message, RingReader, ROW_HEADER, RowFlag, WRITTEN_HEADER } from './ahead-ring.js';
import { ToldSegments } from './told-segments.js';
import { toldTable } from './told-tables.js';

/** Milliseconds of a wait for the next message. */
const WAIT_MS = 100;

/** A record where it lies in the ring. */
class ToldRecord extends LazyRecord {
  standOn(lsn: number, start: number): void {
    const { view } = this;
    this.lsn = lsn;
    // Only what looks at disks asks where it ends.
    this.endLsn = lsn;
    this.start = start;
    this.totalLength = view.getUint32(start, true);
    this.xid = view.getUint32(start + 4, true);
    this.info = view.getUint8(start + 16);
    this.rmid = view.getUint8(start + 17);
    this.leaveBody();
  }
}

const {
  ring: memory,
  pieces,
  port,
  wal,
  blockSize,
  file: lentFile,
  tempLimit,
  room: lent,
} = workerData as AheadStart;
const room = new TemporaryRoom(tempLimit, lent);
const file = TemporaryFile.lent(lentFile, room);
const segments = new ToldSegments(wal);
const ring = new RingReader(memory);
const slots = new PieceSlots(pieces);
const { imageCompressedBits } = recordVersion(wal.majorVersion);
const record = new ToldRecord(ring.buffer, ring.view, blockSize, imageCompressedBits);
const tables: (LocatedTable | undefined)[] = [];
const oldRows = new OldRowLog(file);
/** Who wrote what the record met. */
let writer = WRITER_UNKNOWN;
let piecesTold = 0;

function tell(message: FromAhead): void {
  port.postMessage(message);
  ring.tellNews();
}

const assembly = new AheadAssembly(
  {
    oldRows: { writerFor: () => writer },
    // What is on disks is looked for later.
    tuples: new TupleSource(segments, blockSize, oldRows, { find: () => 'not looked for' }, file),
  },
  new AheadBytes(new TextSink(0)),
  {
    piece(piece, runs, walBytes, isLast) {
      slots.put(piecesTold++, piece);
      tell({ kind: 'piece', length: piece.length, runs, walBytes, isLast });
      return true;
    },
    gaveUp: () => tell({ kind: 'gave up' }),
  },
);

const lost = { xid: 0, commitLsn: 0, commitTime: 0, walBytes: 0 } satisfies LostAhead;

function row(at: number): void {
  const { words, doubles } = ring;
  const flags = words[at];
  record.standOn(doubles[(at >> 1) + 2], at * 4 + ROW_HEADER);
  writer = doubles[(at >> 1) + 3];
  const isWritten = (flags & RowFlag.written) !== 0;
  const operation = record.info & HeapOperation.mask;
  const isUpdate =
    record.rmid === ResourceManager.heap &&
    (operation === HeapOperation.update || operation === HeapOperation.hotUpdate);
  // The old row of another one is asked for only on the way along a chain of differences.
  if (isUpdate && isDifference(record)) oldRows.append(record.lsn, writer);
  assembly.row(record, isWritten, (flags & RowFlag.kept) !== 0, tables[words[at + 2]], words[at + 3]);
  if (isWritten && assembly.isLeft(record.xid)) ring.leave(record.xid);
}

function told(): void {
  const { message } = receiveMessageOnPort(port) as { message: ToAhead };
  if (message.kind === 'segment') segments.add(message.segment);
  else tables.push(toldTable(message.table, tables.length + 1));
}

function take(at: number): void {
  const { words, doubles } = ring;
  switch (words[at] & MESSAGE_MASK) {
    case Message.row:
      row(at);
      break;
    case Message.written: {
      const start = at * 4 + WRITTEN_HEADER;
      const xid = words[at + 2] >>> 0;
      assembly.add(xid, words[at + 3], words[at + 4], ring.buffer, start, start + words[at + 5]);
      if (assembly.isLeft(xid)) ring.leave(xid);
      break;
    }
    case Message.left:
      assembly.leave(words[at + 2] >>> 0);
      ring.leave(words[at + 2]);
      break;
    case Message.lost:
      lost.xid = words[at + 2] >>> 0;
      lost.commitLsn = doubles[(at >> 1) + 2];
      lost.commitTime = doubles[(at >> 1) + 3];
      lost.walBytes = doubles[(at >> 1) + 4];
      assembly.lost(lost, words[at + 3], words[at + 10], words[at + 11]);
      break;
    case Message.ended:
      assembly.ended(words[at + 2] >>> 0);
      break;
    case Message.told:
      told();
      break;
    case Message.finish:
      assembly.finish();
      break;
  }
}

while (!assembly.hasStopped) {
  if (room.isToGiveWay) {
    file.close();
    throw new Error('the room for temporary files is needed by others');
  }
  if (!ring.more(WAIT_MS)) continue;
  for (let at = ring.next(); at >= 0 && !assembly.hasStopped; at = ring.next()) take(at);
}
tell({ kind: 'done' });
file.close();
