/** An export's body made in parts by several threads, this one among them, and written in order: the same bytes as by one alone. */
import type { BodyFile } from '../export/body.js';
import type { BodyContext } from '../export/format.js';
import { PartMaker } from '../export/part.js';
import type { OpenedIncident } from '../incident/opened-incident.js';
import type { TransactionRuns } from '../incident/transaction-runs.js';
import type { Tally } from '../sql/tally.js';
import type { Crew, Piece } from './crew.js';
import type { ExportOrder, PartFigures, PartOrder } from './messages.js';
import { PieceRoom } from './piece-room.js';
import type { Plan } from './plan.js';

/** Bytes of its own parts that this thread makes before what comes before them is written. */
const AHEAD_BYTES = 4 * 1024 * 1024;

/** Milliseconds of making between two looks at what others have made. */
const STEP_MS = 4;

/** A file as it is written: in order. */
export interface OrderedFile extends BodyFile {
  readonly tally: Tally;
  readonly output: BodyFile['output'] & { writeUtf8(bytes: Uint8Array): void };
}

/** A part that this thread makes. */
interface OwnPart {
  readonly number: number;
  readonly making: Generator<void, PartFigures>;
  readonly pieces: Piece[];
  figures?: PartFigures;
}

class PartsInOrder {
  readonly #incident: OpenedIncident;
  readonly #plan: Plan;
  readonly #crew: Crew;
  readonly #files: readonly OrderedFile[];
  readonly #context: BodyContext;
  readonly #order: ExportOrder;
  readonly #maker: PartMaker;
  readonly #runs: TransactionRuns;
  /** The part to be written now, and the first that nobody was given so far. */
  #next = 0;
  #notGiven = 0;
  /** Parts that were given to somebody who has not made them. */
  readonly #returned = new Set<number>();
  /** Parts made here and not written to their end, by number; the one that is being made is among them. */
  readonly #made = new Map<number, OwnPart>();
  #making: OwnPart | undefined;
  /** Bytes held of them. */
  #ahead = 0;
  readonly #pieces = new PieceRoom();
  /** Bytes of the next part that are written already, by file, while it is made again from its beginning. */
  #written: number[];

  constructor(
    incident: OpenedIncident,
    plan: Plan,
    crew: Crew,
    files: readonly OrderedFile[],
    context: BodyContext,
  ) {
    this.#incident = incident;
    this.#plan = plan;
    this.#crew = crew;
    this.#files = files;
    this.#context = context;
    this.#order = { context, databases: files.map(({ database }) => database), longest: plan.longest };
    this.#maker = new PartMaker(context, this.#order.databases);
    this.#runs = incident.runs(context.request.undo, plan.longest);
    this.#written = files.map(() => 0);
  }

  *write(): Generator<Promise<void> | undefined> {
    const { parts } = this.#plan;
    const crew = this.#crew;
    const facts = this.#incident.facts();
    let seen = -1;
    while (this.#next < parts.length) {
      if (seen !== crew.changes) {
        seen = crew.changes;
        crew.agreeOn(facts, this.#incident.places());
        for (const number of crew.takeReturned()) this.#returned.add(number);
        crew.give(this.#order, () => this.#nextOrder());
      }
      const given = crew.part(this.#next);
      const own = this.#made.get(this.#next);
      if (given?.pieces.length) {
        const piece = given.pieces.shift()!;
        this.#put(piece);
        crew.written(this.#next, piece);
        yield undefined;
      } else if (given?.figures) {
        crew.finished(this.#next);
        this.#count(given.figures);
      } else if (own?.pieces.length) {
        const piece = own.pieces.shift()!;
        this.#put(piece);
        this.#ahead -= piece.bytes.length;
        this.#pieces.giveBack(piece.bytes.buffer);
        yield undefined;
      } else if (own?.figures) {
        this.#made.delete(this.#next);
        this.#count(own.figures);
      } else if (this.#returned.delete(this.#next)) yield* this.#makeAgain();
      else if (this.#work()) yield undefined;
      else yield crew.news();
    }
  }

  /** Goes on with a part of its own for a moment; false when there is nothing to do before others have done something. */
  #work(): boolean {
    const making = (this.#making ??= this.#begin());
    if (!making || (this.#ahead >= AHEAD_BYTES && making.number !== this.#next)) return false;
    const until = performance.now() + STEP_MS;
    do {
      const { done, value } = making.making.next();
      if (done) {
        making.figures = value;
        this.#making = undefined;
        break;
      }
    } while (performance.now() < until);
    return true;
  }

  close(): void {
    this.#making?.making.return(undefined as never);
    this.#runs.close();
  }

  #indexes(number: number): Uint32Array {
    const { from, to } = this.#plan.parts[number];
    return this.#plan.indexes.subarray(from, to);
  }

  /** The next part for a thread; undefined when there is none left. */
  #nextOrder(): PartOrder | undefined {
    // The one to be written now is made here, where its bytes go straight to where they belong.
    if (this.#notGiven === this.#next) this.#making ??= this.#begin();
    if (this.#notGiven >= this.#plan.parts.length) return undefined;
    const number = this.#notGiven++;
    // A copy: what is a view of a larger buffer is sent with all of it.
    const indexes = this.#indexes(number).slice();
    return { number, indexes, keepFrom: this.#plan.parts[number].keepFrom };
  }

  #begin(): OwnPart | undefined {
    if (this.#notGiven >= this.#plan.parts.length) return undefined;
    const number = this.#notGiven++;
    const pieces: Piece[] = [];
    const source = this.#runs.of(this.#indexes(number), this.#plan.parts[number].keepFrom);
    const own: OwnPart = {
      number,
      pieces,
      making: this.#maker.make(source, (file, bytes) => {
        if (number === this.#next && pieces.length === 0) {
          this.#put({ file, bytes });
          return;
        }
        this.#ahead += bytes.length;
        pieces.push({ file, bytes: this.#pieces.copy(bytes) });
      }),
    };
    this.#made.set(number, own);
    return own;
  }

  /** A part that a thread has not made to its end: made here, without what of it is written already. */
  *#makeAgain(): Generator<undefined> {
    const number = this.#next;
    const skip = [...this.#written];
    const maker = new PartMaker(this.#context, this.#order.databases);
    const runs = this.#incident.runs(this.#context.request.undo, this.#plan.longest);
    try {
      const source = runs.of(this.#indexes(number), this.#plan.parts[number].keepFrom);
      const making = maker.make(source, (file, bytes) => {
        const known = Math.min(skip[file], bytes.length);
        skip[file] -= known;
        if (known < bytes.length) this.#put({ file, bytes: bytes.subarray(known) });
      });
      for (;;) {
        const { done, value } = making.next();
        if (done) {
          this.#count(value);
          return;
        }
        yield undefined;
      }
    } finally {
      runs.close();
    }
  }

  #put({ file, bytes }: Piece): void {
    this.#files[file].output.writeUtf8(bytes);
    this.#written[file] += bytes.length;
  }

  /** The next part is written to its end. */
  #count({ tallies, transactions }: PartFigures): void {
    this.#files.forEach((file, number) => {
      file.tally.add(tallies[number]);
      file.transactions += transactions[number];
    });
    this.#written = this.#files.map(() => 0);
    this.#next++;
  }
}

/**
 * Writes the parts of `plan`, made by the threads of `crew` and by this one, in their order. Yields after every piece and every
 * transaction of its own; what it yields is to be waited for. Throws ForkpointError where transactions cannot be read.
 */
export function* writeInParts(
  incident: OpenedIncident,
  plan: Plan,
  crew: Crew,
  files: readonly OrderedFile[],
  context: BodyContext,
): Generator<Promise<void> | undefined> {
  const parts = new PartsInOrder(incident, plan, crew, files, context);
  try {
    yield* parts.write();
    incident.noteDamagedPages(crew.damagedPages);
  } finally {
    parts.close();
  }
}
