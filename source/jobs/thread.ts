/**
 * A thread that makes parts of an export. It opens the old side for itself and reads its WAL as the thread that started it does, at the
 * same time; then it makes the parts that it is given, in their order.
 */
import { constants, setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { noteLeftovers } from '../bytes/leftovers.js';
import { PartMaker } from '../export/part.js';
import { breathe } from '../incident/breathe.js';
import { openIncident } from '../incident/open.js';
import type { OpenedIncident } from '../incident/opened-incident.js';
import type { TransactionRuns } from '../incident/transaction-runs.js';
import { TemporaryRoom } from '../transactions/temporary-room.js';
import type { ExportOrder, FromThread, PartOrder, ThreadStart, ToThread } from './messages.js';
import { PieceRoom } from './piece-room.js';

/** Bytes that may be made before anybody has written them. */
const AHEAD_BYTES = 4 * 1024 * 1024;
/** Milliseconds of work between two looks at messages. */
const SLICE = 20;

const port = parentPort;
if (!port) throw new Error('this file runs in a worker thread');

class PartThread {
  #incident: OpenedIncident | undefined;
  readonly #parts: PartOrder[] = [];
  #order: ExportOrder | undefined;
  #maker: PartMaker | undefined;
  #runs: TransactionRuns | undefined;
  /** Bytes told and not written so far. */
  #ahead = 0;
  readonly #pieces = new PieceRoom();
  #room: TemporaryRoom | undefined;
  #wake: (() => void) | undefined;

  take(message: ToThread): void {
    switch (message.kind) {
      case 'index':
        this.#incident!.places().lend(message.index);
        break;
      case 'export': {
        const { order } = message;
        this.#order = order;
        this.#runs?.close();
        this.#runs = undefined;
        this.#maker = new PartMaker(order.context, order.databases);
        break;
      }
      case 'part':
        this.#parts.push(message.order);
        break;
      case 'written':
        this.#ahead -= message.bytes;
        this.#pieces.giveBack(message.memory);
        break;
    }
    this.#wake?.();
    this.#wake = undefined;
  }

  /** Goes on until the thread is ended. */
  async run(request: ThreadStart['request'], room: TemporaryRoom): Promise<void> {
    this.#room = room;
    const incident = await openIncident(request, { asHelper: room });
    this.#incident = incident;
    while (incident.readAsHelper(SLICE)) {
      this.#goOn(incident);
      await breathe();
    }
    this.#goOn(incident);
    tell({ kind: 'ready', facts: incident.facts() });
    for (;;) {
      const part = this.#parts.shift();
      if (part) await this.#make(part);
      else await this.#news();
    }
  }

  async #make(part: PartOrder): Promise<void> {
    const incident = this.#incident!;
    const { context, longest } = this.#order!;
    const { number, indexes, keepFrom } = part;
    this.#runs ??= incident.runs(context.request.undo, longest);
    const making = this.#maker!.make(this.#runs.of(indexes, keepFrom), (file, piece) => {
      const bytes = this.#pieces.copy(piece);
      this.#ahead += bytes.length;
      tell({ kind: 'piece', number, file, bytes }, [bytes.buffer as ArrayBuffer]);
    });
    let breathed = performance.now();
    for (;;) {
      const { done, value } = making.next();
      if (done) {
        this.#goOn(incident);
        tell({ kind: 'done', number, figures: value, damagedPages: incident.damagedPages() });
        return;
      }
      while (this.#ahead > AHEAD_BYTES) await this.#news();
      if (performance.now() - breathed > SLICE) {
        this.#goOn(incident);
        await breathe();
        breathed = performance.now();
      }
    }
  }

  /** Ends the thread, which frees what its files take, when there is no room for it on the disk. */
  #goOn(incident: OpenedIncident): void {
    const { failure } = incident.facts();
    if (failure === undefined && !this.#room!.isToGiveWay) return;
    incident.close();
    throw new Error(failure ?? 'the room for temporary files is needed by others');
  }

  /** Resolves with the next message. */
  #news(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}

function tell(message: FromThread, transfer: readonly ArrayBuffer[] = []): void {
  port!.postMessage(message, transfer);
}

const thread = new PartThread();
const { request, leftovers, room, yields } = workerData as ThreadStart;
noteLeftovers(leftovers);
// On Linux this is the thread's own priority.
if (yields && process.platform === 'linux') {
  try {
    setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // Not allowed: then it is like any other.
  }
}

port.on('message', (message: ToThread) => thread.take(message));
await thread.run(request, new TemporaryRoom(request.tempLimit, room));
