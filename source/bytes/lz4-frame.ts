/**
 * LZ4's frame format (`doc/lz4_Frame_format.md` of lz4, version 1.6): what the `lz4` program, pg_receivewal and backup tools write into
 * files. Blocks with lengths, and checksums of the header, of each block and of the content, each of them optional but the first.
 */
import { CorruptDatumError } from './corrupt-datum.js';
import { lz4DecodeBlock } from './lz4.js';
import { XxHash32, xxHash32 } from './xxhash32.js';

/** First bytes of a frame, little-endian. */
export const LZ4_FRAME_MAGIC = 0x184d2204;
/** Sixteen magic numbers of frames that hold a user's data, to be passed over. */
const SKIPPABLE_MAGIC = 0x184d2a50;
/** How far back a block may refer: into the block before it, too. */
const HISTORY = 64 * 1024;
/** A block whose length has this bit was stored as it is. */
const STORED = 0x8000_0000;
/** Bytes of the largest block by the block descriptor's three bits, from 4 on. */
const BLOCK_SIZES = [64, 256, 1024, 4096].map((kib) => kib * 1024);

/** Gives the next `length` bytes, fewer only at the end of the input. */
export type ReadBytes = (length: number) => Buffer;
/** Takes the next bytes of the output, valid during the call. */
export type WriteBytes = (bytes: Uint8Array) => void;

/** The input ends before the frame does; what came before was given. */
export class CutShortError extends CorruptDatumError {}

interface FrameHeader {
  readonly independentBlocks: boolean;
  readonly blockChecksums: boolean;
  readonly contentChecksum: boolean;
  readonly contentSize: number | undefined;
  readonly blockSize: number;
}

function take(read: ReadBytes, length: number): Buffer {
  const bytes = read(length);
  if (bytes.length < length) throw new CutShortError('the lz4 file ends inside a frame');
  return bytes;
}

/** The frame descriptor, behind the magic number. */
function readHeader(read: ReadBytes): FrameHeader {
  const fixed = Buffer.from(take(read, 2));
  const [flags, block] = fixed;
  const hasSize = (flags & 0x08) !== 0;
  const hasDictionary = (flags & 0x01) !== 0;
  const more = Buffer.from(take(read, (hasSize ? 8 : 0) + (hasDictionary ? 4 : 0)));
  const [checksum] = take(read, 1);
  if (((xxHash32(Buffer.concat([fixed, more])) >>> 8) & 0xff) !== checksum)
    throw new CorruptDatumError('incorrect checksum of an lz4 frame header');
  if (flags >> 6 !== 1) throw new CorruptDatumError(`lz4 frame version ${flags >> 6} is not known`);
  if (hasDictionary) throw new CorruptDatumError('the lz4 frame needs a dictionary');
  const blockSize = BLOCK_SIZES[((block >> 4) & 7) - 4];
  if (blockSize === undefined) throw new CorruptDatumError('the lz4 frame has an impossible block size');
  return {
    independentBlocks: (flags & 0x20) !== 0,
    blockChecksums: (flags & 0x10) !== 0,
    contentChecksum: (flags & 0x04) !== 0,
    contentSize: hasSize ? Number(more.readBigUInt64LE(0)) : undefined,
    blockSize,
  };
}

function unpackFrame(read: ReadBytes, write: WriteBytes): void {
  const header = readHeader(read);
  const { blockSize } = header;
  const window = Buffer.allocUnsafe(HISTORY + blockSize);
  const content = header.contentChecksum ? new XxHash32() : undefined;
  let history = 0;
  let size = 0;
  for (;;) {
    const word = take(read, 4).readUInt32LE(0);
    if (word === 0) break;
    const length = word % STORED;
    if (length > blockSize) throw new CorruptDatumError(`an lz4 block of ${length} bytes is too long`);
    const block = take(read, length);
    let end: number;
    if (word >= STORED) end = history + block.copy(window, history);
    else end = lz4DecodeBlock(block, 0, length, window, history, history + blockSize);
    if (header.blockChecksums) {
      const actual = xxHash32(block);
      if (take(read, 4).readUInt32LE(0) !== actual)
        throw new CorruptDatumError('incorrect checksum of an lz4 block');
    }
    const bytes = window.subarray(history, end);
    content?.update(bytes);
    size += bytes.length;
    write(bytes);
    if (!header.independentBlocks) {
      const kept = Math.min(HISTORY, end);
      window.copyWithin(0, end - kept, end);
      history = kept;
    }
  }
  if (content && take(read, 4).readUInt32LE(0) !== content.digest())
    throw new CorruptDatumError('incorrect checksum of the lz4 content');
  if (header.contentSize !== undefined && header.contentSize !== size)
    throw new CorruptDatumError(`the lz4 frame gives ${size} bytes of the ${header.contentSize} it should`);
}

/**
 * Unpacks a file of one or more frames, block by block: memory is one block and 64 kB. Throws CutShortError when the input ends early
 * and CorruptDatumError when it breaks the format or a checksum.
 */
export function unpackLz4Frames(read: ReadBytes, write: WriteBytes): void {
  for (;;) {
    const magic = read(4);
    if (magic.length === 0) return;
    if (magic.length < 4) throw new CutShortError('the lz4 file ends inside a frame');
    const number = magic.readUInt32LE(0);
    if (number === LZ4_FRAME_MAGIC) unpackFrame(read, write);
    else if ((number & 0xfffffff0) === SKIPPABLE_MAGIC) {
      let left = take(read, 4).readUInt32LE(0);
      for (; left > 0; left -= Math.min(left, HISTORY)) take(read, Math.min(left, HISTORY));
    } else throw new CorruptDatumError('what follows an lz4 frame is not one');
  }
}

/** The first bytes of a frame's content, `wanted` or a few more, out of the first bytes of its file. Throws CorruptDatumError. */
export function lz4FrameHead(head: Buffer, wanted: number): Uint8Array {
  let at = 4;
  const read = (length: number): Buffer => head.subarray(at, (at += length));
  readHeader(read);
  const word = take(read, 4).readUInt32LE(0);
  const length = word % STORED;
  if (word >= STORED) return head.subarray(at, Math.min(at + length, head.length));
  const output = Buffer.alloc(HISTORY);
  const end = Math.min(at + length, head.length);
  return output.subarray(0, lz4DecodeBlock(head, at, end, output, 0, output.length, wanted));
}
