/**
 * CRC-32C of a whole record where it lies, in WebAssembly: of its body, then of its header up to xl_crc (COMP_CRC32C in ValidXLogRecord(),
 * xlogreader.c).
 *
 *     (func $checksum (param $at i32) (param $length i32) (result i32))
 *
 * Most records have a hundred bytes, and a loop for what is left of a length would cost as much as the rest. So a body is made a multiple of
 * sixteen bytes long with zeros in front, and begins with a checksum that is the right one once it has passed over them.
 */
import { crcTables } from '../bytes/crc32c.js';
import { CRC_OWN_BYTES, FOLD_FROM, tableStep } from '../bytes/crc32c-module.js';
import { call, either, i32, type WasmFunction, wasmFunction, whileTrue } from '../bytes/web-assembly.js';
import { RECORD_HEADER_SIZE } from './block-references.js';

const STEP = 16;
/** Sixteen zeros, then sixteen 0xff: from byte 16 - n on, a mask that leaves out the first n bytes of sixteen. */
const MASKS_AT = CRC_OWN_BYTES;
/** The checksums to begin with, by the number of zeros in front. */
const BEGINNINGS_AT = MASKS_AT + 2 * STEP;
/** Where these constants end in the memory. */
export const CHECKSUM_OWN_BYTES = BEGINNINGS_AT + 4 * STEP;

/** Puts the constants into the memory. */
export function fillChecksumConstants(memory: ArrayBuffer): void {
  new Uint8Array(memory, MASKS_AT + STEP, STEP).fill(0xff);
  const beginnings = new Uint32Array(memory, BEGINNINGS_AT, STEP);
  const table = crcTables(1);
  let crc = 0xffffffff;
  for (let zeros = 0; zeros < STEP; zeros++) {
    beginnings[zeros] = crc;
    // What a zero byte makes of a checksum is `crc >>> 8 ^ table[crc & 0xff]`, and no two entries have the same highest byte.
    const before = crc;
    const byte = table.findIndex((entry) => entry >>> 24 === before >>> 24);
    crc = (((crc ^ table[byte]) << 8) | byte) >>> 0;
  }
}

const I32 = 'i32';

/** The checksum of the record of `length` bytes (more than its header) at `at`, before its final inversion. `update` is the number of UPDATE. */
export function recordChecksum(update: number): WasmFunction {
  return wasmFunction(
    'checksum',
    { at: I32, length: I32 },
    I32,
    {
      ...{ crc: I32, next: I32, end: I32, zeros: I32, masks: I32 },
      ...{ word0: I32, word1: I32, word2: I32, word3: I32 },
    },
    (l) => {
      const bodySize = i32.subtract(l.length.get, i32.constant(RECORD_HEADER_SIZE));
      const body = i32.add(l.at.get, i32.constant(RECORD_HEADER_SIZE));
      const whole = l.crc.set(call(update, i32.constant(-1), body, l.end.get));
      const stepByStep = [
        l.zeros.set(i32.and(i32.subtract(i32.constant(0), bodySize), i32.constant(STEP - 1))),
        l.masks.set(i32.subtract(i32.constant(MASKS_AT + STEP), l.zeros.get)),
        l.crc.set(i32.load(i32.shiftLeft(l.zeros.get, i32.constant(2)), BEGINNINGS_AT)),
        l.next.set(i32.subtract(body, l.zeros.get)),
        tableStep(l, l.next, 4, (number) =>
          i32.and(i32.load(l.next.get, number * 4), i32.load(l.masks.get, number * 4)),
        ),
        whileTrue(i32.less(l.next.get, l.end.get), tableStep(l, l.next, 4)),
      ];
      return [
        l.end.set(i32.add(l.at.get, l.length.get)),
        either(i32.atLeast(bodySize, i32.constant(FOLD_FROM)), whole, stepByStep.flat()),
        l.next.set(l.at.get),
        tableStep(l, l.next, 4),
        tableStep(l, l.next, 1),
        l.crc.get,
      ];
    },
  );
}
