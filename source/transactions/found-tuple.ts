/** A tuple where it lies: in a record, on a page, among those kept; nothing is copied for it. */
import type { HeaderlessTuple } from '../heap/deform.js';
import { TUPLE_HEADER_SIZE, tupleDataOffset, tupleInfomask, tupleInfomask2 } from '../heap/tuple.js';

/** Set anew for each tuple: whoever wants two of them at once has two. */
export class FoundTuple implements HeaderlessTuple {
  /** What the offsets are in. */
  buffer: Buffer = Buffer.alloc(0);
  infomask2 = 0;
  infomask = 0;
  hoff = 0;
  data = 0;
  end = 0;

  /** A tuple as a heap record holds it, in `buffer`. */
  setLogged(buffer: Buffer, { infomask2, infomask, hoff, data, end }: HeaderlessTuple): this {
    this.buffer = buffer;
    this.infomask2 = infomask2;
    this.infomask = infomask;
    this.hoff = hoff;
    this.data = data;
    this.end = end;
    return this;
  }

  /** A whole tuple as it lies on a page: buffer[start, start + length), header included, which is at least as long as a fixed header. */
  setWhole(buffer: Buffer, start: number, length: number): this {
    this.buffer = buffer;
    this.infomask2 = tupleInfomask2(buffer, start);
    this.infomask = tupleInfomask(buffer, start);
    this.hoff = tupleDataOffset(buffer, start);
    this.data = start + TUPLE_HEADER_SIZE;
    this.end = start + length;
    return this;
  }

  /**
   * A tuple of its own bytes as it would lie on a page. Fields of its header that speak of transactions and places are zero: WAL carries
   * them elsewhere.
   */
  copy(): Buffer {
    const { buffer, data, end } = this;
    const tuple = Buffer.allocUnsafe(TUPLE_HEADER_SIZE + end - data);
    tuple.fill(0, 0, 18);
    tuple.writeUInt16LE(this.infomask2, 18);
    tuple.writeUInt16LE(this.infomask, 20);
    tuple[22] = this.hoff;
    buffer.copy(tuple, TUPLE_HEADER_SIZE, data, end);
    return tuple;
  }
}
