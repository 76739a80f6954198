/** Lines to standard output, in large pieces. */
import { TextSink } from '../bytes/text-sink.js';
import { writeStandardOutput } from '../export/output.js';

/** Bytes written at once. */
const PIECE_BYTES = 128 * 1024;

/** Collects lines and writes them; a reader that has gone throws OutputClosedError. */
export class StandardLines {
  /** Lines, with their ends, go in here as well; drain() is to be called now and then. */
  readonly sink = new TextSink(PIECE_BYTES * 2);

  /** One line, without its end; true when a piece was just written and others might want their turn. */
  write(line: string): boolean {
    this.sink.utf8(line);
    this.sink.byte(0x0a);
    return this.drain();
  }

  /** Writes what is in the sink when that is a piece; true when it did. */
  drain(): boolean {
    if (this.sink.length < PIECE_BYTES) return false;
    this.end();
    return true;
  }

  /** Writes what is left. */
  end(): void {
    const { sink } = this;
    for (let offset = 0; offset < sink.length; )
      offset += writeStandardOutput(sink.bytes.subarray(0, sink.length), offset);
    sink.length = 0;
  }
}
