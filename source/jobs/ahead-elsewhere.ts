/**
 * Rows that go by, written ahead by another thread, while this one reads on.
 *
 * That thread is not needed: should it fail, fall silent or run out of memory, what it has written by then is as good as ever, and the
 * rest is written later, as what is out of the ordinary always is.
 */
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads';
import type { Lsn } from '../bytes/lsn.js';
import { leftToOthers } from '../transactions/ahead-assembly.js';
import type { AheadResults, AheadRows, LostAhead, ReadingAhead } from '../transactions/ahead-rows.js';
import type { AheadWriter } from '../transactions/ahead-writer.js';
import type { LocatedTable } from '../transactions/located-tables.js';
import { RowsInPlace } from '../transactions/rows-in-place.js';
import { TemporaryFile } from '../transactions/temporary-file.js';
import type { TemporaryRoom } from '../transactions/temporary-room.js';
import { InsertFlag, insertFlags } from '../wal/heap-record.js';
import type { RecordCursor } from '../wal/record-cursor.js';
import { HeapOperation, ResourceManager } from '../wal/resource-managers.js';
import type { WalSegments } from '../wal/segments.js';
import { type AheadStart, type FromAhead, PieceSlots, type ToAhead } from './ahead-messages.js';
import { LONGEST_RECORD, Message, RingWriter, RowFlag, ringMemory } from './ahead-ring.js';
import { tellSegment } from './told-segments.js';
import { tellTable } from './told-tables.js';

/** Milliseconds in which the thread has to do something when it is waited for. */
const PATIENCE = 5000;
/** Most milliseconds of one wait, as others may want to look at signals, and least. */
const WAIT_MS = 20;
const LEAST_WAIT_MS = 1;
/** Megabytes of the thread's heap, where nothing else is said, and of its young generation: it makes little that lives on. */
const HEAP_MB = 64;
const YOUNG_MB = 3;
/** Of a row that is only kept. */
const NO_TABLE = -1;
/** Its number among those who have a part of the room for temporary files: none of a crew's. */
const HELPER = 63;

/** What the thread has, and what it does. */
export interface AheadOptions {
  /** For its temporary files. */
  readonly tempDir?: string;
  readonly tempLimit?: number;
  readonly room: TemporaryRoom;
  /** Bytes told and not looked at beyond which rows that were put in are written by whoever tells. */
  readonly much?: number;
  /** Megabytes of its heap. */
  readonly megabytes?: number;
}

/** Bytes of messages: some milliseconds' work. */
const MUCH = 512 * 1024;

export class AheadElsewhere implements AheadRows {
  hasStopped = false;
  readonly #results: AheadResults;
  readonly #segments: WalSegments;
  readonly #writer: AheadWriter;
  readonly #rows: RowsInPlace;
  /** Of the rows that are written here. */
  #table: LocatedTable | undefined;
  readonly #ring: RingWriter;
  readonly #slots: PieceSlots;
  readonly #port: MessagePort;
  readonly #worker: Worker;
  readonly #tables = new Map<LocatedTable, number>();
  #lastTable: LocatedTable | undefined;
  #lastNumber = NO_TABLE;
  /** Where the segment ends that was told last. */
  #segmentEnd: Lsn = 0;
  /** News heard, and pieces among them. */
  #heard = 0;
  #pieces = 0;
  #isDone = false;
  /** What it had done when it was waited for last, and how long it has been waited for since without its having done more. */
  #eventsThen = 0;
  #waited = 0;

  /** `writer` writes what is written here. */
  constructor(
    { sources, segments, blockSize }: ReadingAhead,
    { tempDir, tempLimit, room, much = MUCH, megabytes = HEAP_MB }: AheadOptions,
    writer: AheadWriter,
    results: AheadResults,
  ) {
    this.#results = results;
    this.#writer = writer;
    this.#rows = new RowsInPlace(
      sources,
      { of: () => this.#table },
      { fetch: () => undefined },
      leftToOthers,
    );
    this.#segments = segments;
    const ring = ringMemory();
    const pieces = PieceSlots.memory();
    this.#ring = new RingWriter(ring, much);
    this.#slots = new PieceSlots(pieces);
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    const file = new TemporaryFile(tempDir, room);
    const { segmentSize, pageSize, majorVersion, systemIdentifier } = segments;
    const start: AheadStart = {
      ring,
      pieces,
      port: port2,
      wal: { segmentSize, pageSize, majorVersion, systemIdentifier },
      blockSize,
      file: file.lend(),
      room: room.lend(HELPER),
      tempLimit,
    };
    this.#worker = new Worker(new URL('./ahead-thread.js', import.meta.url), {
      workerData: start,
      transferList: [port2],
      // What it has to say of its end is of no interest to anybody.
      stderr: true,
      resourceLimits: { maxOldGenerationSizeMb: megabytes, maxYoungGenerationSizeMb: YOUNG_MB },
    });
    // Its exit follows.
    this.#worker.on('error', () => {});
    // What it has in files is closed here: nothing of it has to be seen to when the process is ended by a signal.
    this.#worker.on('exit', () => {
      file.close();
      room.takeBack(HELPER);
      this.#hear();
      this.#lose();
    });
  }

  get isFull(): boolean {
    return !this.hasStopped && this.#ring.isFull;
  }

  row(
    record: RecordCursor,
    isWritten: boolean,
    isKept: boolean,
    table: LocatedTable | undefined,
    catalogAge: number,
    writer: number,
  ): void {
    if (record.totalLength > LONGEST_RECORD) {
      if (isWritten) this.leave(record.xid);
      return;
    }
    const isWrittenHere = isWritten && this.#writesHere(record, table as LocatedTable, catalogAge);
    if (isWrittenHere && !isKept) return;
    if (record.lsn >= this.#segmentEnd) this.#tellSegment(record.lsn);
    const number = table === this.#lastTable ? this.#lastNumber : this.#numberOf(table);
    const flags = (isWritten && !isWrittenHere ? RowFlag.written : 0) | (isKept ? RowFlag.kept : 0);
    if (this.#hasRoom()) this.#ring.row(flags, record, number, catalogAge, writer);
  }

  /**
   * Writes rows that were put in, and lie in the record as they are, here, where the other thread has more to do than it comes to. False
   * when it is to do that.
   */
  #writesHere(record: RecordCursor, table: LocatedTable, catalogAge: number): boolean {
    if (!this.#ring.isAhead || !isWholeInsert(record)) return false;
    const writer = this.#writer;
    const { sink, statements } = writer;
    sink.length = 0;
    this.#table = table;
    const isShown = this.#rows.visit(record, undefined, writer, false) && !writer.isRefused;
    writer.isRefused = false;
    if (!isShown || sink.length > LONGEST_RECORD) return false;
    const count = writer.statements - statements;
    if (this.#hasRoom()) this.#ring.written(record.xid, catalogAge, count, sink.bytes, sink.length);
    return true;
  }

  leave(xid: number): void {
    if (this.#hasRoom()) this.#ring.say(Message.left, xid);
  }

  isLeft(xid: number): boolean {
    return this.#ring.isLeft(xid);
  }

  lost(
    { xid, commitLsn, commitTime, walBytes }: LostAhead,
    number: number,
    database: number,
    statements: number,
  ): void {
    this.#hear();
    if (this.#hasRoom()) this.#ring.lost(xid, number, commitLsn, commitTime, walBytes, database, statements);
  }

  ended(xid: number): void {
    if (this.#hasRoom()) this.#ring.say(Message.ended, xid);
  }

  finish(): void {
    if (!this.#hasRoom()) return;
    this.#ring.say(Message.finish);
    this.#ring.tell();
    this.hasStopped = true;
  }

  /** Its number, told with all that it is made of when it is new. */
  #numberOf(table: LocatedTable | undefined): number {
    if (table === undefined) return NO_TABLE;
    let number = this.#tables.get(table);
    if (number === undefined) {
      number = this.#tables.size;
      this.#tables.set(table, number);
      this.#tell({ kind: 'table', table: tellTable(table) });
    }
    this.#lastTable = table;
    this.#lastNumber = number;
    return number;
  }

  /** Rows of this segment are read again from where it was read first. */
  #tellSegment(lsn: Lsn): void {
    const { segmentSize } = this.#segments;
    this.#segmentEnd = lsn - (lsn % segmentSize) + segmentSize;
    const segment = tellSegment(this.#segments, lsn);
    if (segment) this.#tell({ kind: 'segment', segment });
  }

  #tell(message: ToAhead): void {
    this.#port.postMessage(message);
    if (this.#hasRoom()) this.#ring.say(Message.told);
  }

  /**
   * Is there room for one more message? Who tells seldom looks whether there is waits here, which happens only where one record makes very
   * many messages. False when there is nobody any more.
   */
  #hasRoom(): boolean {
    while (!this.hasStopped && this.#ring.isCrammed) this.#wait(WAIT_MS);
    return !this.hasStopped;
  }

  isBehind(milliseconds: number): boolean {
    const until = performance.now() + Math.min(milliseconds, WAIT_MS);
    // Whoever asks again and again without any time to wait must come to an end, too.
    let wait = Math.max(Math.min(milliseconds, WAIT_MS), LEAST_WAIT_MS);
    while (!this.#isDone && (this.hasStopped || !this.#ring.hasEnough)) {
      if (wait <= 0) return true;
      this.#wait(wait);
      wait = until - performance.now();
    }
    return false;
  }

  /** Waits until the thread has done something; it is let go when it has not for long. */
  #wait(milliseconds: number): void {
    const { events } = this.#ring;
    this.#hear();
    if (this.#isDone) return;
    if (events !== this.#eventsThen) {
      this.#eventsThen = events;
      this.#waited = 0;
    } else if (this.#waited > PATIENCE) return this.#lose();
    const before = performance.now();
    this.#ring.wait(events, milliseconds);
    // A process that was stopped meanwhile has not waited.
    this.#waited += Math.min(performance.now() - before, milliseconds);
    this.#hear();
  }

  /** Takes what the thread has written since. */
  #hear(): void {
    while (!this.#isDone && this.#heard !== this.#ring.news) {
      const received = receiveMessageOnPort(this.#port);
      if (received === undefined) return;
      this.#heard++;
      this.#take(received.message as FromAhead);
    }
  }

  #take(message: FromAhead): void {
    switch (message.kind) {
      case 'piece': {
        const { length, runs, walBytes, isLast } = message;
        const count = this.#pieces++;
        const shared = this.#slots.piece(count, length);
        const taken = this.#results.piece(isLast ? Buffer.from(shared) : shared, runs, walBytes, isLast);
        this.#slots.free(count);
        if (!taken) this.#lose();
        return;
      }
      case 'gave up':
        this.#lose();
        this.#results.gaveUp();
        return;
      case 'done':
        this.#lose();
    }
  }

  /** It is done, or has to be done without: nothing more is told, nor heard. */
  #lose(): void {
    if (this.#isDone) return;
    this.#isDone = true;
    this.hasStopped = true;
    this.#port.close();
    void this.#worker.terminate();
  }

  close(): void {
    this.#lose();
  }
}

/** Were rows put in that stay, and are all of them in the record? */
function isWholeInsert(record: RecordCursor): boolean {
  if (record.blockDataLength[0] === 0) return false;
  // Of this resource manager only multi-inserts are told.
  if (record.rmid === ResourceManager.heap2) return true;
  return (
    (record.info & HeapOperation.mask) === HeapOperation.insert &&
    (insertFlags(record) & InsertFlag.speculative) === 0
  );
}
