/**
 * The record under a reader, whose body is taken apart when somebody asks for something in it: most records of most passes (those of indexes,
 * of other transactions) are looked at no further than their header.
 */
import type { Lsn } from '../bytes/lsn.js';
import { createRecordParts, isPlain, parseRecordBody, type RecordParts } from './block-references.js';
import type { RecordCursor } from './record-cursor.js';

export class LazyRecord implements RecordCursor {
  lsn: Lsn = 0;
  endLsn: Lsn = 0;
  buffer: Buffer;
  view: DataView;
  start = 0;
  totalLength = 0;
  xid = 0;
  info = 0;
  rmid = 0;

  readonly #blockSize: number;
  readonly #compressedBits: number;
  readonly #parts = createRecordParts();
  #isParsed = true;

  /** `compressedBits`: the bits of bimg_info that mean "compressed" in this version. */
  constructor(buffer: Buffer, view: DataView, blockSize: number, compressedBits: number) {
    this.buffer = buffer;
    this.view = view;
    this.#blockSize = blockSize;
    this.#compressedBits = compressedBits;
  }

  /** Takes the body apart now; a complaint in xlogreader's words when it contradicts itself. */
  protected parseBody(): string | undefined {
    this.#isParsed = true;
    return parseRecordBody(this, this.#parts, this.#blockSize, this.#compressedBits);
  }

  /** Another record has come, whose body is known to agree with itself. */
  protected leaveBody(): void {
    this.#isParsed = false;
  }

  #body(): RecordParts {
    if (!this.#isParsed) this.parseBody();
    return this.#parts;
  }

  /** It has one block reference, and that has no image; told without taking the body apart. Others may have no image either. */
  get isPlain(): boolean {
    return isPlain(this.view, this.start, this.start + this.totalLength);
  }

  get mainOffset(): number {
    return this.#body().mainOffset;
  }

  get mainLength(): number {
    return this.#body().mainLength;
  }

  get topXid(): number {
    return this.#body().topXid;
  }

  get origin(): number {
    return this.#body().origin;
  }

  get blockCount(): number {
    return this.#body().blockCount;
  }

  get blockInUse(): Uint8Array {
    return this.#body().blockInUse;
  }

  get blockTablespace(): Uint32Array {
    return this.#body().blockTablespace;
  }

  get blockDatabase(): Uint32Array {
    return this.#body().blockDatabase;
  }

  get blockFileNode(): Uint32Array {
    return this.#body().blockFileNode;
  }

  get blockFork(): Uint8Array {
    return this.#body().blockFork;
  }

  get blockNumber(): Uint32Array {
    return this.#body().blockNumber;
  }

  get blockFlags(): Uint8Array {
    return this.#body().blockFlags;
  }

  get blockDataOffset(): Uint32Array {
    return this.#body().blockDataOffset;
  }

  get blockDataLength(): Uint32Array {
    return this.#body().blockDataLength;
  }

  get imageOffset(): Uint32Array {
    return this.#body().imageOffset;
  }

  get imageLength(): Uint32Array {
    return this.#body().imageLength;
  }

  get imageInfo(): Uint8Array {
    return this.#body().imageInfo;
  }

  get imageHoleOffset(): Uint16Array {
    return this.#body().imageHoleOffset;
  }

  get imageHoleLength(): Uint16Array {
    return this.#body().imageHoleLength;
  }
}
