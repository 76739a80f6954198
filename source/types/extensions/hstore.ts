/** hstore_out (contrib/hstore): a count, two entries a pair, then the strings. Binary format of 9.0 and later. */
import { type OutputFactory, overPayload, UndecodableValueError } from '../output.js';

/** HS_FLAG_NEWVERSION, always set since 9.0; below it the count. */
const CURRENT_FORMAT = 0x8000_0000;
const COUNT_MASK = 0x0fff_ffff;
/** HEntry: where a string ends, and whether the value is null. */
const END_MASK = 0x3fff_ffff;
const IS_NULL = 0x4000_0000;

/** hstore_out: `"key"=>"value", "key"=>NULL`. */
export const hstoreOutput: OutputFactory = ({ text }) =>
  overPayload((data) => {
    const header = data.readUInt32LE(0);
    if (header < CURRENT_FORMAT)
      throw new UndecodableValueError('the hstore is of the format used before 9.0');
    const count = header & COUNT_MASK;
    const strings = 4 + count * 8;
    if (strings > data.length) throw new UndecodableValueError('the hstore ends inside its entries');
    const pairs: string[] = [];
    let start = strings;
    const quoteNext = (entry: number): string => {
      const end = strings + (entry & END_MASK);
      const string = text(data, start, end);
      start = end;
      return `"${string.replace(/["\\]/g, '\\$&')}"`;
    };
    for (let index = 0; index < count; index++) {
      const key = quoteNext(data.readUInt32LE(4 + index * 8));
      const entry = data.readUInt32LE(8 + index * 8);
      const value = quoteNext(entry);
      pairs.push(`${key}=>${(entry & IS_NULL) === 0 ? value : 'NULL'}`);
    }
    return pairs.join(', ');
  });
