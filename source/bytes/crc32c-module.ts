/**
 * CRC-32C as a WebAssembly function, several times as fast as the same loop in JavaScript, which has to check every index.
 *
 *     (func $update (param $crc i32) (param $at i32) (param $end i32) (result i32))
 *
 * Long stretches are folded (foldLong): sixteen bytes a step are moved on to bytes behind them by XOR alone. Everything else goes through sixteen
 * tables, sixteen bytes a step, then eight, then four, then one: table k (1 KiB at k * 1024) says what a byte followed by k zero bytes
 * comes to.
 */
import {
  type Code,
  i32,
  type Variable,
  v128,
  type WasmFunction,
  wasmFunction,
  when,
  whileTrue,
} from './web-assembly.js';

/** Bytes at the beginning of the memory that the tables take. */
const TABLES_BYTES = 16 * 1024;

/**
 * The polynomial divides 1 + x^(21·8) + x^(47·8) + …: a byte of a message may be set to zero when it is XORed onto the bytes so far behind
 * it, and the checksum stays what it was. (The least last distance that seven distances of sixteen bytes and more can have, found by
 * trying all.) So all but the end of a message becomes zeros, which a checksum that is zero passes over.
 */
const DISTANCES = [98, 94, 70, 65, 60, 47, 21];
/** Vectors that lie behind one another: enough for the longest distance. */
const VECTORS = 7;
const FOLDED_BYTES = VECTORS * 16;
/** Shorter stretches are not worth folding. */
export const FOLD_FROM = 2 * FOLDED_BYTES;

/** Bytes at the beginning of the memory that are the checksum's own: the tables, and room for what folding leaves. */
export const CRC_OWN_BYTES = TABLES_BYTES + 128;
/** How many tables of crcTables() lie there. */
export const CRC_TABLES = TABLES_BYTES / 1024;

/** What a step through the tables works with. */
export type StepLocals = Readonly<Record<'crc' | 'word0' | 'word1' | 'word2' | 'word3', Variable>>;
type Vectors = 'out0' | 'out1' | 'out2' | 'out3' | 'out4' | 'out5' | 'out6';
type Locals = StepLocals & Readonly<Record<'at' | 'end' | 'next' | Vectors, Variable>>;

/** The entry of `table` for byte `index` (0 the lowest) of a word: its address is the byte times four. */
function lookUp(word: Code, index: number, table: number): Code {
  const shifted =
    index === 0 ? i32.shiftLeft(word, i32.constant(2)) : i32.shiftRight(word, i32.constant(index * 8 - 2));
  return i32.load(i32.and(shifted, i32.constant(0x3fc)), table * 1024);
}

/**
 * Moves `at` on by a number of words, which go through the tables at once; `word` gives one, as it is in memory when not said. What
 * hangs on the checksum before comes last: the rest need not wait.
 */
export function tableStep(
  l: StepLocals,
  at: Variable,
  words: number,
  word: (number: number) => Code = (number) => i32.load(at.get, number * 4),
): Code {
  const locals = [l.word0, l.word1, l.word2, l.word3];
  const loads: Code[] = [];
  let sum: Code = [];
  for (let number = words - 1; number >= 0; number--) {
    loads.push(locals[number].set(number === 0 ? i32.xor(word(0), l.crc.get) : word(number)));
    for (let index = 3; index >= 0; index--) {
      const entry = lookUp(locals[number].get, index, words * 4 - 1 - number * 4 - index);
      sum = sum.length === 0 ? entry : i32.xor(sum, entry);
    }
  }
  return [...loads.flat(), ...l.crc.set(sum), ...at.add(i32.constant(words * 4))];
}

function stepsOf(l: Locals, words: number): Code {
  return whileTrue(
    i32.atLeast(i32.subtract(l.end.get, l.at.get), i32.constant(words * 4)),
    tableStep(l, l.at, words),
  );
}

function oneByte(l: Locals): Code {
  return whileTrue(
    i32.less(l.at.get, l.end.get),
    l.crc.set(
      i32.xor(
        lookUp(i32.xor(i32.loadByte(l.at.get), l.crc.get), 0, 0),
        i32.shiftRight(l.crc.get, i32.constant(8)),
      ),
    ),
    l.at.add(i32.constant(1)),
  );
}

/**
 * What comes onto vector `number` of a round from those before it. `known` gives the vector so many places from the round's beginning
 * (negative: of the round before), undefined when it is zero.
 */
function foldedOnto(vector: Code, number: number, known: (place: number) => Code | undefined): Code {
  let sum = vector;
  for (const distance of DISTANCES) {
    // Its first byte lies `distance` before the vector's: the end of one vector and the beginning of the next.
    const place = number - Math.ceil(distance / 16);
    const within = (16 - (distance % 16)) % 16;
    const first = known(place);
    const second = known(place + 1);
    if (first === undefined && second === undefined) continue;
    sum = v128.xor(sum, v128.window(first ?? v128.zero, second ?? v128.zero, within));
  }
  return sum;
}

/** Folds while there is a round of vectors and what it folds onto; what is left of them is then a message of its own, in front of the rest. */
function foldLong(l: Locals): Code {
  const out = [l.out0, l.out1, l.out2, l.out3, l.out4, l.out5, l.out6];
  const input = (number: number) => v128.load(l.at.get, number * 16);
  const before = (place: number): Code => out[place + VECTORS].get;
  const round = out.flatMap((vector, number) => {
    // The checksum so far is as if it were XORed onto the first four bytes of a message.
    const bytes = number === 0 ? v128.xor(input(0), v128.withFirstWord(v128.zero, l.crc.get)) : input(number);
    return vector.set(foldedOnto(bytes, number, (place) => (place < 0 ? before(place) : out[place].get)));
  });
  const rest = out.flatMap((_, number) =>
    v128.store(
      i32.constant(TABLES_BYTES),
      foldedOnto(input(number), number, (place) => (place < 0 ? before(place) : undefined)),
      number * 16,
    ),
  );
  return [
    ...whileTrue(
      i32.atLeast(i32.subtract(l.end.get, l.at.get), i32.constant(2 * FOLDED_BYTES)),
      round,
      l.crc.set(i32.constant(0)),
      l.at.add(i32.constant(FOLDED_BYTES)),
    ),
    ...rest,
    ...l.next.set(i32.constant(TABLES_BYTES)),
    ...whileTrue(i32.less(l.next.get, i32.constant(TABLES_BYTES + FOLDED_BYTES)), tableStep(l, l.next, 4)),
    ...l.at.add(i32.constant(FOLDED_BYTES)),
  ];
}

const I32 = 'i32';
const VECTOR = 'v128';

/** Continues a CRC-32C, before its final inversion, over the bytes [at, end) of the memory. */
export const UPDATE: WasmFunction = wasmFunction(
  'update',
  { crc: I32, at: I32, end: I32 },
  I32,
  {
    ...{ word0: I32, word1: I32, word2: I32, word3: I32, next: I32 },
    ...{ out0: VECTOR, out1: VECTOR, out2: VECTOR, out3: VECTOR, out4: VECTOR, out5: VECTOR, out6: VECTOR },
  },
  (l) => [
    when(i32.atLeast(i32.subtract(l.end.get, l.at.get), i32.constant(FOLD_FROM)), foldLong(l)),
    stepsOf(l, 4),
    stepsOf(l, 2),
    stepsOf(l, 1),
    oneByte(l),
    l.crc.get,
  ],
);
