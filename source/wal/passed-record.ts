/** A record that a reader has gone by and found to be right, looked at again where it still lies in that reader's memory. */
import type { Lsn } from '../bytes/lsn.js';
import { LazyRecord } from './lazy-record.js';
import type { WalReader } from './reader.js';

export class PassedRecord extends LazyRecord {
  readonly #reader: WalReader;

  /** The reader itself goes on as it would without. */
  constructor(reader: WalReader) {
    super(reader.buffer, reader.view, reader.blockSize, reader.imageCompressedBits);
    this.#reader = reader;
  }

  /**
   * Goes to the record at `lsn`, which the reader stood on since it was last sent somewhere. False when it does not lie there in one piece
   * any more: then it has to be read again. Valid until the reader moves.
   */
  at(lsn: Lsn): boolean {
    const start = this.#reader.placeOf(lsn);
    if (start < 0) return false;
    const { view } = this;
    const totalLength = view.getUint32(start, true);
    const kinds = view.getUint16(start + 16, true);
    this.lsn = lsn;
    this.start = start;
    this.totalLength = totalLength;
    this.endLsn = lsn + ((totalLength + 7) & ~7);
    this.xid = view.getUint32(start + 4, true);
    this.info = kinds & 0xff;
    this.rmid = kinds >>> 8;
    this.leaveBody();
    return true;
  }
}
