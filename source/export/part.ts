/** One part of an export's body, made anywhere: bytes for each file, and what was counted on the way. */
import { TextSink } from '../bytes/text-sink.js';
import { PIECE_BYTES } from '../rows/row-visitor.js';
import { Tally, type TallyFigures } from '../sql/tally.js';
import {
  type BodyFile,
  type Drain,
  type TransactionWithChanges,
  type WrittenTransactions,
  writeBody,
} from './body.js';
import type { BodyContext } from './format.js';
import { FORMATS } from './formats.js';

/** Takes bytes for a file, by its number. They are valid during the call only. */
export type TakePiece = (file: number, bytes: Buffer) => void;

class PartDrain implements Drain {
  readonly sink = new TextSink(PIECE_BYTES * 2);
  readonly #give: (bytes: Buffer) => void;

  constructor(give: (bytes: Buffer) => void) {
    this.#give = give;
  }

  drain(): boolean {
    if (this.sink.length < PIECE_BYTES) return false;
    this.flush();
    return true;
  }

  writeUtf8(bytes: Uint8Array): void {
    this.flush();
    this.#give(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
  }

  flush(): void {
    const { sink } = this;
    if (sink.length > 0) this.#give(sink.bytes.subarray(0, sink.length));
    sink.length = 0;
  }
}

interface PartFile extends BodyFile {
  readonly output: PartDrain;
  /** Counts this part only. Its reasons are all kept: which of them the whole keeps depends on what came before. */
  readonly tally: Tally;
}

/** Makes parts, one after the other. */
export class PartMaker {
  readonly #context: BodyContext;
  readonly #files: PartFile[];
  #take: TakePiece = () => {};

  /** `databases`: of the files, in their order. The format must be one that can be written in parts. */
  constructor(context: BodyContext, databases: readonly (string | undefined)[]) {
    this.#context = context;
    const { openPart } = FORMATS[context.request.format];
    if (!openPart) throw new RangeError(`${context.request.format} is not written in parts`);
    this.#files = databases.map((database, number) => {
      const tally = new Tally(Number.POSITIVE_INFINITY);
      return {
        database,
        writer: openPart(context, tally),
        output: new PartDrain((bytes) => this.#take(number, bytes)),
        tally,
        transactions: 0,
      };
    });
  }

  /** Makes one; yields after every piece and every transaction. Throws ForkpointError where transactions cannot be read. */
  *make(
    source: Iterable<TransactionWithChanges | WrittenTransactions>,
    take: TakePiece,
  ): Generator<void, { readonly tallies: TallyFigures[]; readonly transactions: number[] }> {
    this.#take = take;
    for (const file of this.#files) {
      file.output.sink.length = 0;
      file.tally.reset();
      file.transactions = 0;
    }
    yield* writeBody(source, this.#files, this.#context.request.partitionRoot);
    for (const { output } of this.#files) output.flush();
    return {
      tallies: this.#files.map(({ tally }) => tally.figures()),
      transactions: this.#files.map(({ transactions }) => transactions),
    };
  }
}
