/** bit_out and varbit_out: a count of bits, then the bits, highest first (utils/varbit.h). */
import { type PayloadOutput, UndecodableValueError } from './output.js';

/** bit_out, varbit_out. */
export const bitOutput: PayloadOutput = (data) => {
  const length = data.readInt32LE(0);
  if (length < 0 || Math.ceil(length / 8) !== data.length - 4)
    throw new UndecodableValueError(`the bit string says it has ${length} bits in ${data.length - 4} bytes`);
  let text = '';
  for (let offset = 4; offset < data.length; offset++) text += data[offset].toString(2).padStart(8, '0');
  return text.slice(0, length);
};
