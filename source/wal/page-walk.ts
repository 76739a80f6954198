/**
 * The records of one page, walked in WebAssembly: every check that makes a record a record, and nothing else.
 *
 *     (func $walk (param $at i32) (param $end i32) (param $lsn f64) (param $previous f64) (param $blockSize i32)
 *       (param $compressedBits i32) (result i32))
 *
 * Walks from the byte at `at`, which is `lsn` and follows the record at `previous`, as long as records lie before `end`, and notes where each
 * begins, as an i32 at WALKED_AT. It stops at whatever is not as usual, good or bad: what that is, and what to say of it, is told by
 * the reader, which looks at the same bytes once more.
 *
 * Layout: access/xlogrecord.h; the checks are those of reader.ts and block-references.ts.
 */
import {
  type Code,
  call,
  either,
  i32,
  i64,
  leave,
  type Variable,
  type WasmFunction,
  wasmFunction,
  when,
  whileTrue,
} from '../bytes/web-assembly.js';
import {
  BLOCK_ID_DATA_LONG,
  BLOCK_ID_DATA_SHORT,
  BLOCK_ID_ORIGIN,
  BLOCK_ID_TOPLEVEL_XID,
  BlockFlag,
  IMAGE_HAS_HOLE,
  RECORD_HEADER_SIZE,
} from './block-references.js';
import { CHECKSUM_OWN_BYTES } from './record-checksum.js';
import { MAX_BLOCK_REFERENCES } from './record-cursor.js';
import { ResourceManager, XlogOperation } from './resource-managers.js';

/** Where the walk notes records in the memory, and how many it may note: more than the largest page (64 KiB) has room for. */
export const WALKED_AT = CHECKSUM_OWN_BYTES;
export const WALKED_MOST = 4096;

const I32 = 'i32';
const constant = i32.constant;

/** xl_info and xl_rmid, which lie side by side, of the record that makes the rest of its segment empty. */
const SWITCH = (ResourceManager.xlog << 8) | XlogOperation.switch;
const INFO_AND_MANAGER = 0xfff0;

type BodyLocals = Readonly<
  Record<
    | 'next'
    | 'end'
    | 'promised'
    | 'previousId'
    | 'id'
    | 'flags'
    | 'length'
    | 'hole'
    | 'known'
    | 'goesOn'
    | 'blockSize'
    | 'compressedBits',
    Variable
  >
>;

/** The image's header, behind `flags`: its length, and the hole in it. */
function imageHeader(l: BodyLocals): Code {
  const imageLength = i32.loadShort(l.next.get);
  const holeOffset = i32.loadShort(l.next.get, 2);
  const info = i32.loadByte(l.next.get, 4);
  const compressed = [
    l.hole.set(constant(0)),
    when(
      i32.and(info, constant(IMAGE_HAS_HOLE)),
      l.hole.set(i32.loadShort(l.next.get, 5)),
      // Its two bytes more are passed over here, and those of the rest below.
      l.next.add(constant(2)),
    ),
  ];
  return [
    ...l.promised.add(imageLength),
    ...l.length.set(holeOffset),
    ...l.hole.set(i32.subtract(l.blockSize.get, imageLength)),
    ...when(i32.and(info, l.compressedBits.get), ...compressed),
    ...when(i32.greater(l.hole.get, l.blockSize.get), leave(constant(0))),
    ...when(i32.greater(i32.add(l.length.get, l.hole.get), l.blockSize.get), leave(constant(0))),
    ...l.next.add(constant(5)),
  ];
}

/** One block reference, behind its number. */
function blockReference(l: BodyLocals): Code {
  const hasData = i32.notEqual(i32.and(l.flags.get, constant(BlockFlag.hasData)), constant(0));
  return [
    ...when(i32.atLeast(l.id.get, constant(MAX_BLOCK_REFERENCES)), leave(constant(0))),
    ...when(i32.atMostSigned(l.id.get, l.previousId.get), leave(constant(0))),
    ...l.previousId.set(l.id.get),
    ...l.flags.set(i32.loadByte(l.next.get)),
    ...l.length.set(i32.loadShort(l.next.get, 1)),
    ...l.next.add(constant(3)),
    ...when(i32.notEqual(hasData, i32.greater(l.length.get, constant(0))), leave(constant(0))),
    ...l.promised.add(l.length.get),
    ...when(i32.and(l.flags.get, constant(BlockFlag.hasImage)), imageHeader(l)),
    ...either(
      i32.and(l.flags.get, constant(BlockFlag.sameRelation)),
      when(i32.isZero(l.known.get), leave(constant(0))),
      [...l.known.set(constant(1)), ...l.next.add(constant(12))],
    ),
    ...l.next.add(constant(4)),
  ];
}

/** What a number that is no block's says. */
function otherParts(l: BodyLocals): Code {
  const isId = (id: number) => i32.equal(l.id.get, constant(id));
  const mainData = (length: Code, size: number) => [
    ...l.length.set(length),
    // So long a record would not lie in a page; and no sum here may run over.
    ...when(i32.greater(l.length.get, constant(0xffff)), leave(constant(0))),
    ...l.promised.add(l.length.get),
    ...l.next.add(constant(size)),
    ...l.goesOn.set(constant(0)),
  ];
  return either(
    isId(BLOCK_ID_DATA_SHORT),
    mainData(i32.loadByte(l.next.get), 1),
    either(
      isId(BLOCK_ID_DATA_LONG),
      mainData(i32.load(l.next.get), 4),
      either(
        isId(BLOCK_ID_ORIGIN),
        l.next.add(constant(2)),
        either(isId(BLOCK_ID_TOPLEVEL_XID), l.next.add(constant(4)), blockReference(l)),
      ),
    ),
  );
}

/**
 * Does the body of the record at `at` agree with itself (1) or not (0)? As parseRecordBody() goes through it, but without looking at every step whether it
 * runs beyond the record: then its parts do not come to the record's length in the end.
 */
const BODY: WasmFunction = wasmFunction(
  'body',
  { next: I32, end: I32, blockSize: I32, compressedBits: I32 },
  I32,
  {
    ...{ promised: I32, previousId: I32, id: I32, flags: I32, length: I32 },
    ...{ hole: I32, known: I32, goesOn: I32 },
  },
  (l) => {
    const rest = i32.subtract(l.end.get, l.next.get);
    return [
      l.previousId.set(constant(-1)),
      l.goesOn.set(constant(1)),
      whileTrue(
        i32.and(l.goesOn.get, i32.greaterSigned(rest, l.promised.get)),
        l.id.set(i32.loadByte(l.next.get)),
        l.next.add(constant(1)),
        otherParts(l),
      ),
      i32.equal(rest, l.promised.get),
    ];
  },
);

/** The function above. `checksum` and `body` are the numbers of those functions in the module. */
function walk(checksum: number, body: number): WasmFunction {
  return wasmFunction(
    'walk',
    { at: I32, end: I32, lsn: 'f64', previous: 'f64', blockSize: I32, compressedBits: I32 },
    I32,
    { position: 'i64', link: 'i64', length: I32, size: I32, count: I32 },
    (l) => {
      const stopWhen = (condition: Code) => when(condition, leave(l.count.get));
      const room = i32.subtract(l.end.get, l.at.get);
      return [
        l.position.set(i64.fromF64(l.lsn.get)),
        l.link.set(i64.fromF64(l.previous.get)),
        whileTrue(
          i32.greaterSigned(room, constant(RECORD_HEADER_SIZE)),
          l.length.set(i32.load(l.at.get)),
          stopWhen(i32.atMost(l.length.get, constant(RECORD_HEADER_SIZE))),
          stopWhen(i32.greater(l.length.get, room)),
          stopWhen(i64.notEqual(i64.load(l.at.get, 8), l.link.get)),
          stopWhen(
            i32.equal(i32.and(i32.loadShort(l.at.get, 16), constant(INFO_AND_MANAGER)), constant(SWITCH)),
          ),
          stopWhen(
            i32.notEqual(
              i32.xor(call(checksum, l.at.get, l.length.get), constant(-1)),
              i32.load(l.at.get, 20),
            ),
          ),
          stopWhen(
            i32.isZero(
              call(
                body,
                i32.add(l.at.get, constant(RECORD_HEADER_SIZE)),
                i32.add(l.at.get, l.length.get),
                l.blockSize.get,
                l.compressedBits.get,
              ),
            ),
          ),
          i32.store(i32.shiftLeft(l.count.get, constant(2)), l.at.get, WALKED_AT),
          l.count.add(constant(1)),
          l.link.set(l.position.get),
          // MAXALIGN.
          l.size.set(i32.and(i32.add(l.length.get, constant(7)), constant(-8))),
          l.at.add(l.size.get),
          l.position.set(i64.add(l.position.get, i64.fromI32(l.size.get))),
        ),
        l.count.get,
      ];
    },
  );
}

/** The walk and what it calls, when the functions before it in the module are `first` in number and `checksum` is one of them. */
export function pageWalk(first: number, checksum: number): WasmFunction[] {
  return [BODY, walk(checksum, first)];
}
