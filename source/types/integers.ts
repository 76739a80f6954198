/** Whole numbers and what is stored as one: boolean, integers, object and transaction identifiers, LSNs, money. */
import { type OutputFunction, type PayloadOutput, requireLength, UndecodableValueError } from './output.js';

const TWO_TO_32 = 0x1_0000_0000;
/** High halves within this lie, together with any low half, inside the integers a number holds exactly. */
const EXACT_HIGH_HALF = 0x20_0000;

/** boolout. */
export const booleanOutput: OutputFunction = (bytes, start, end) => {
  requireLength(bytes, start, end, 1);
  return bytes[start] === 0 ? 'f' : 't';
};

/** int2out. */
export const int2Output: OutputFunction = (bytes, start, end) => {
  requireLength(bytes, start, end, 2);
  return String(bytes.readInt16LE(start));
};

/** int4out. */
export const int4Output: OutputFunction = (bytes, start, end) => {
  requireLength(bytes, start, end, 4);
  return String(bytes.readInt32LE(start));
};

/** int8out. */
export const int8Output: OutputFunction = (bytes, start, end) => {
  requireLength(bytes, start, end, 8);
  const high = bytes.readInt32LE(start + 4);
  if (high > -EXACT_HIGH_HALF && high < EXACT_HIGH_HALF)
    return String(high * TWO_TO_32 + bytes.readUInt32LE(start));
  return bytes.readBigInt64LE(start).toString();
};

/** oidout, xidout and cidout: 32 bits without a sign. */
export const unsignedOutput: OutputFunction = (bytes, start, end) => {
  requireLength(bytes, start, end, 4);
  return String(bytes.readUInt32LE(start));
};

/** xid8out: 64 bits without a sign. */
export const unsigned8Output: OutputFunction = (bytes, start, end) => {
  requireLength(bytes, start, end, 8);
  return bytes.readBigUInt64LE(start).toString();
};

/** tidout: an ItemPointerData, whose block number is kept as two halves, high half first. */
export const tidOutput: OutputFunction = (bytes, start, end) => {
  requireLength(bytes, start, end, 6);
  const block = bytes.readUInt16LE(start) * 0x1_0000 + bytes.readUInt16LE(start + 2);
  return `(${block},${bytes.readUInt16LE(start + 4)})`;
};

/** pg_lsn_out. */
export const lsnOutput: OutputFunction = (bytes, start, end) => {
  requireLength(bytes, start, end, 8);
  const low = bytes.readUInt32LE(start).toString(16).toUpperCase();
  return `${bytes
    .readUInt32LE(start + 4)
    .toString(16)
    .toUpperCase()}/${low}`;
};

/** cash_out under `lc_monetary = C`: a dollar sign, commas, two digits. Reads back under that setting only. */
export const moneyOutput: OutputFunction = (bytes, start, end) => {
  requireLength(bytes, start, end, 8);
  const cents = bytes.readBigInt64LE(start);
  const digits = (cents < 0n ? -cents : cents).toString().padStart(3, '0');
  const whole = digits.slice(0, -2).replace(/\B(?=(?:\d{3})+$)/g, ',');
  return `${cents < 0n ? '-' : ''}$${whole}.${digits.slice(-2)}`;
};

/** What an array's fixed part takes behind its varlena header, when it has one dimension and no nulls. */
const VECTOR_HEADER_SIZE = 20;

/** int2vectorout and oidvectorout: one-dimensional arrays that print as numbers and spaces. */
export function vectorOutput(elementSize: 2 | 4): PayloadOutput {
  return (data) => {
    const count = data.readInt32LE(12);
    if (data.readInt32LE(0) !== 1 || count * elementSize !== data.length - VECTOR_HEADER_SIZE)
      throw new UndecodableValueError('the vector is not a one-dimensional array of the size it says');
    const numbers: number[] = [];
    for (let offset = VECTOR_HEADER_SIZE; offset < data.length; offset += elementSize)
      numbers.push(elementSize === 2 ? data.readInt16LE(offset) : data.readUInt32LE(offset));
    return numbers.join(' ');
  };
}

/** pg_snapshot_out, txid_snapshot_out: `xmin:xmax:xip,xip`. The fields are 64 bits wide and aligned as such. */
export const snapshotOutput: PayloadOutput = (data) => {
  const count = data.readUInt32LE(0);
  if (data.length !== 20 + count * 8)
    throw new UndecodableValueError('the snapshot does not have the size it says');
  const running: string[] = [];
  for (let offset = 20; offset < data.length; offset += 8)
    running.push(data.readBigUInt64LE(offset).toString());
  return `${data.readBigUInt64LE(4)}:${data.readBigUInt64LE(12)}:${running.join(',')}`;
};
