/** How an export is written: by this thread alone where there is little to do, else by several. */
import { availableParallelism, totalmem } from 'node:os';
import { TextSink } from '../bytes/text-sink.js';
import type { TransactionWithChanges, WrittenTransactions } from '../export/body.js';
import type { WriteBody } from '../export/export.js';
import { FORMATS } from '../export/formats.js';
import type { ExportRequest, IncidentRequest } from '../incident/model.js';
import type { OpenedIncident } from '../incident/opened-incident.js';
import { AheadBytes } from '../sql/ahead-bytes.js';
import { AheadAssembly } from '../transactions/ahead-assembly.js';
import type { RowsTo } from '../transactions/ahead-rows.js';
import type { MissingSegment, SegmentFile } from '../wal/segments.js';
import { AheadElsewhere } from './ahead-elsewhere.js';
import { Crew } from './crew.js';
import { writeInParts } from './ordered-parts.js';
import { planParts } from './plan.js';

/** Threads at most where nobody says how many: each that makes parts reads all WAL for itself, so that more of them gain little, and takes memory. */
const MOST_JOBS = 2;
/** Bytes of lost WAL behind which one more thread that makes parts pays: of 100 MB, two wrote no sooner than one. */
const WAL_A_THREAD = 128 * 1024 * 1024;
/** The same for threads that were asked for: less is written before one has begun. */
const WAL_A_THREAD_ASKED = 16 * 1024 * 1024;
/** Bytes of lost WAL from which on a thread pays that only writes down what this one reads. */
const WAL_AHEAD = 64 * 1024 * 1024;
/** Fewer transactions than this are not shared among threads unasked: one of them is likely most of all, and nobody can help with it. */
const LEAST_TO_SHARE = 8;
/** Bytes that a thread needs. */
const LEAST_MEMORY = 64 * 1024 * 1024;
/** How much of a machine's memory threads may take when nobody says. */
const MEMORY_SHARE = 1 / 4;

/**
 * Starts threads that help with an export of `incident`; undefined when none would pay. To be called as soon as the incident is open:
 * then they read WAL while this thread does. Not where segments have to be asked for: nobody should be asked twice.
 */
export function startCrew(
  incident: OpenedIncident,
  request: IncidentRequest,
  format: ExportRequest['format'],
  { walBytes, length }: Pick<Chosen, 'walBytes' | 'length'>,
  yields = false,
): Crew | undefined {
  const wanted = request.jobs ?? Math.min(MOST_JOBS, availableParallelism());
  const worth = walBytes / (request.jobs === undefined ? WAL_A_THREAD : WAL_A_THREAD_ASKED);
  // No transaction is parted among threads.
  if (request.jobs === undefined && length < LEAST_TO_SHARE) return undefined;
  const jobs = Math.min(wanted, Math.floor(worth) + 1, length);
  if (jobs < 2 || incident.remote || !FORMATS[format].openPart) return undefined;
  const memory = (request.maxMemory ?? totalmem() * MEMORY_SHARE) / 2;
  return new Crew(request, jobs - 1, Math.max(memory, (jobs - 1) * LEAST_MEMORY), incident.room, yields);
}

/** Transactions chosen for an export, in commit order. */
export class Chosen {
  #indexes = new Uint32Array(1024);
  #length = 0;
  /** Bytes of WAL that they wrote. */
  walBytes = 0;

  /** Adds one more, by its index, which wrote so many bytes of WAL. */
  add(index: number, walBytes: number): void {
    if (this.#length === this.#indexes.length) {
      const grown = new Uint32Array(this.#length * 2);
      grown.set(this.#indexes);
      this.#indexes = grown;
    }
    this.#indexes[this.#length++] = index;
    this.walBytes += walBytes;
  }

  get length(): number {
    return this.#length;
  }

  /** By index, ascending. */
  get indexes(): Uint32Array {
    return this.#indexes.subarray(0, this.#length);
  }
}

/** What exportTransactions() writes: the chosen transactions, with the help of `crew` if there is one and more than the rest to be done. */
export function exportBody(
  incident: OpenedIncident,
  chosen: Chosen,
  undo: boolean,
  crew: Crew | undefined,
  partBytes?: number,
): Iterable<TransactionWithChanges | WrittenTransactions> | WriteBody {
  const { indexes } = chosen;
  if (indexes.length === 0) return [];
  if (!crew || crew.size === 0 || incident.wroteMostAhead)
    return undo ? incident.transactionsWithChanges(indexes, undo) : incident.written(indexes);
  const plan = planParts(incident.places(), undo ? indexes.toReversed() : indexes, partBytes);
  return (files, context) => writeInParts(incident, plan, crew, files, context);
}

/**
 * Begins an export of everything, before reading begins. Where it can be written while it is read, this thread reads, and it or another one
 * that need not read writes. Threads that make parts, each of which reads and keeps all of it as well, are started when that cannot be done or
 * turns out not to pay, and `joined` is told. What is returned is to be called between two steps of reading: unasked they are started
 * only once there are transactions enough to share.
 */
export function beginExport(
  incident: OpenedIncident,
  where: IncidentRequest,
  request: ExportRequest,
  joined: (crew: Crew) => void,
): () => void {
  let isWanted = !canBeAhead(request);
  if (!isWanted)
    incident.writeAhead(rowsTo(incident, where), () => {
      isWanted = true;
    });
  return () => {
    if (!isWanted || (where.jobs === undefined && incident.places().length < LEAST_TO_SHARE)) return;
    isWanted = false;
    const crew = startCrew(incident, where, request.format, {
      walBytes: incident.lostBytes,
      length: Number.POSITIVE_INFINITY,
    });
    if (crew) joined(crew);
  };
}

/** What writes rows ahead: another thread where that pays, else this one. */
function rowsTo(incident: OpenedIncident, { jobs, tempDir, tempLimit }: IncidentRequest): RowsTo {
  const worth = jobs === undefined ? WAL_AHEAD : WAL_A_THREAD_ASKED;
  const mayPay = (jobs ?? availableParallelism()) > 1 && incident.lostBytes >= worth && !incident.remote;
  const writer = new AheadBytes(new TextSink(0));
  const { room } = incident;
  return (reading, results) =>
    mayPay && !reading.segments.list().some(isPacked)
      ? new AheadElsewhere(reading, { tempDir, tempLimit, room }, writer, results)
      : new AheadAssembly(reading.sources, writer, results);
}

/** Is the segment read from what it was unpacked into? That may be gone when another thread wants to read it. */
function isPacked(segment: SegmentFile | MissingSegment): boolean {
  return !('missing' in segment) && segment.unpacked !== undefined;
}

/** Is what is written from rows that go by the same to the byte? */
function canBeAhead({ format, undo, guard, partitionRoot }: ExportRequest): boolean {
  return format === 'sql' && !undo && !guard && !partitionRoot;
}
