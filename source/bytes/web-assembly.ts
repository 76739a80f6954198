/**
 * A small assembler for WebAssembly: expressions and statements are the bytes of their instructions, put together by functions that
 * are named as the instructions are (WebAssembly core specification, 5 "Binary Format").
 *
 * The innermost loops of reading WAL are written with it: what V8 does for typed arrays, it does there without checking every index.
 */

/** Instructions, one after the other. An expression leaves one value; a statement leaves none. */
export type Code = readonly number[];

/** Types of values (5.3.1, 5.3.2). */
export const ValueType = { i32: 0x7f, i64: 0x7e, f64: 0x7c, v128: 0x7b } as const;
export type ValueTypeName = keyof typeof ValueType;

function unsigned(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  bytes.push(rest);
  return bytes;
}

function signed(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest < -0x40 || rest > 0x3f; rest >>= 7) bytes.push((rest & 0x7f) | 0x80);
  bytes.push(rest & 0x7f);
  return bytes;
}

type Binary = (left: Code, right: Code) => Code;
const binary =
  (...op: number[]): Binary =>
  (left, right) => [...left, ...right, ...op];
const unary =
  (...op: number[]) =>
  (value: Code): Code => [...value, ...op];
/** The address is a sum of an expression and a constant offset. Alignment is only a hint, and none is given. */
const load =
  (...op: number[]) =>
  (address: Code, offset = 0): Code => [...address, ...op, 0, ...unsigned(offset)];
const store =
  (...op: number[]) =>
  (address: Code, value: Code, offset = 0): Code => [...address, ...value, ...op, 0, ...unsigned(offset)];

const SIMD = 0xfd;

/** Instructions on 32-bit integers; comparisons leave 0 or 1. */
export const i32 = {
  constant: (value: number): Code => [0x41, ...signed(value)],
  load: load(0x28),
  loadByte: load(0x2d),
  loadShort: load(0x2f),
  store: store(0x36),
  isZero: unary(0x45),
  equal: binary(0x46),
  notEqual: binary(0x47),
  less: binary(0x49),
  greaterSigned: binary(0x4a),
  greater: binary(0x4b),
  atMostSigned: binary(0x4c),
  atMost: binary(0x4d),
  atLeast: binary(0x4f),
  add: binary(0x6a),
  subtract: binary(0x6b),
  and: binary(0x71),
  or: binary(0x72),
  xor: binary(0x73),
  shiftLeft: binary(0x74),
  shiftRight: binary(0x76),
} as const;

/** Instructions on 64-bit integers. */
export const i64 = {
  load: load(0x29),
  store: store(0x37),
  notEqual: binary(0x52),
  add: binary(0x7c),
  fromI32: unary(0xad),
  fromF64: unary(0xb1),
} as const;

/** Instructions on vectors of sixteen bytes. */
export const v128 = {
  zero: [SIMD, 0x0c, ...Array<number>(16).fill(0)] as Code,
  load: load(SIMD, 0x00),
  store: store(SIMD, 0x0b),
  xor: binary(SIMD, 0x51),
  /** The i32 as the first four bytes. */
  withFirstWord: (vector: Code, word: Code): Code => [...vector, ...word, SIMD, 0x1c, 0],
  /** Sixteen bytes out of the thirty-two of both, from byte `from` on. */
  window: (first: Code, second: Code, from: number): Code => [
    ...first,
    ...second,
    ...[SIMD, 0x0d],
    ...Array.from({ length: 16 }, (_, i) => from + i),
  ],
} as const;

const EMPTY = 0x40;

/** Runs the body while the condition holds. */
export function whileTrue(condition: Code, ...body: Code[]): Code {
  // block loop (not condition) br_if 1 … br 0 end end
  return [
    ...[0x02, EMPTY, 0x03, EMPTY],
    ...[...condition, 0x45, 0x0d, 1],
    ...body.flat(),
    ...[0x0c, 0, 0x0b, 0x0b],
  ];
}

/** Runs the body when the condition holds. */
export function when(condition: Code, ...body: Code[]): Code {
  return [...condition, 0x04, EMPTY, ...body.flat(), 0x0b];
}

/** Runs one of two bodies. */
export function either(condition: Code, yes: Code, no: Code): Code {
  return [...condition, 0x04, EMPTY, ...yes, 0x05, ...no, 0x0b];
}

/** Copies bytes within the memory. */
export const copy = (to: Code, from: Code, length: Code): Code => [
  ...to,
  ...from,
  ...length,
  0xfc,
  0x0a,
  0,
  0,
];

/** One of two values. */
export const choose = (condition: Code, yes: Code, no: Code): Code => [...yes, ...no, ...condition, 0x1b];

/** Ends the function, with `value`. */
export const leave = (value: Code): Code => [...value, 0x0f];

/** Calls the function that stands at `index` in the module. */
export const call = (index: number, ...operands: Code[]): Code => [
  ...operands.flat(),
  0x10,
  ...unsigned(index),
];

/** A parameter or local: its value, and setting it. */
export interface Variable {
  readonly get: Code;
  readonly set: (value: Code) => Code;
  /** Adds to an i32. */
  readonly add: (value: Code) => Code;
}

/** One function of a module. */
export interface WasmFunction {
  readonly name: string;
  readonly parameters: readonly ValueTypeName[];
  readonly result: ValueTypeName;
  readonly locals: readonly ValueTypeName[];
  readonly code: Code;
}

/** A function with named parameters and locals; the body's last expression is its result. It is written when a module is made of it. */
export function wasmFunction<P extends string, L extends string = never>(
  name: string,
  parameters: Readonly<Record<P, ValueTypeName>>,
  result: ValueTypeName,
  locals: Readonly<Record<L, ValueTypeName>>,
  body: (variables: Readonly<Record<P | L, Variable>>) => readonly Code[],
): WasmFunction {
  const names = [...Object.keys(parameters), ...Object.keys(locals)];
  const variables = Object.fromEntries(names.map((each, index) => [each, variable(index)]));
  return {
    name,
    parameters: Object.values(parameters),
    result,
    locals: Object.values(locals),
    get code() {
      return body(variables as Record<P | L, Variable>).flat();
    },
  };
}

function variable(index: number): Variable {
  const get = [0x20, ...unsigned(index)];
  const set = (value: Code): Code => [...value, 0x21, ...unsigned(index)];
  return { get, set, add: (value) => set(i32.add(get, value)) };
}

const sized = (content: Code): Code => [...unsigned(content.length), ...content];
const text = (name: string): Code => sized([...Buffer.from(name, 'latin1')]);
const section = (id: number, ...items: Code[]): Code => [
  id,
  ...sized([...unsigned(items.length), ...items.flat()]),
];

/** The bytes of a module that imports its memory (`forkpoint.memory`) and exports all of its functions by their names. */
export function wasmModule(functions: readonly WasmFunction[]): Uint8Array<ArrayBuffer> {
  const types = functions.map(({ parameters, result }) => [
    ...[0x60, parameters.length, ...parameters.map((each) => ValueType[each])],
    ...[1, ValueType[result]],
  ]);
  const bodies = functions.map(({ locals, code }) =>
    sized([...unsigned(locals.length), ...locals.flatMap((each) => [1, ValueType[each]]), ...code, 0x0b]),
  );
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, ...types),
    ...section(2, [...text('forkpoint'), ...text('memory'), 2, 0, 1]),
    ...section(3, ...functions.map((_, index) => unsigned(index))),
    ...section(7, ...functions.map(({ name }, index) => [...text(name), 0, ...unsigned(index)])),
    ...section(10, ...bodies),
  ]);
}
