/** Strings of characters and of bytes: text and its relatives, name, "char", bytea, xml. */
import { type OutputFactory, type OutputFunction, requireLength, UndecodableValueError } from './output.js';

/** textout, varcharout, bpcharout (padding included, as stored), json_out, and whatever else keeps plain text. */
export const textOutput: OutputFactory = (context) => context.text;

/** nameout: NAMEDATALEN bytes, padded with zeros. Also any C string that may end before `end`. */
export const nameOutput: OutputFactory =
  ({ text }) =>
  (bytes, start, end) => {
    const zero = bytes.indexOf(0, start);
    return text(bytes, start, zero === -1 || zero > end ? end : zero);
  };

/**
 * charout. A byte above 127 is not read: 16 and later write it as `\ooo`, which earlier servers take for a backslash, and
 * earlier ones write it as it is, which need not be a character at all.
 */
export const charOutput: OutputFunction = (bytes, start, end) => {
  requireLength(bytes, start, end, 1);
  if (bytes[start] > 0x7f)
    throw new UndecodableValueError(
      `a "char" of byte 0x${bytes[start].toString(16)} has no text that every server reads alike`,
    );
  return bytes[start] === 0 ? '' : String.fromCharCode(bytes[start]);
};

/** byteaout under `bytea_output = hex`. */
export const byteaOutput: OutputFunction = (bytes, start, end) => `\\x${bytes.toString('hex', start, end)}`;

/** What xml_out leaves of a declaration: version when it is not 1.0, standalone when it was said. Never an encoding. */
const XML_DECLARATION =
  /^<\?xml[ \t\r\n]+version[ \t\r\n]*=[ \t\r\n]*(?:"([^"]*)"|'([^']*)')(?:[ \t\r\n]+encoding[ \t\r\n]*=[ \t\r\n]*(?:"[^"]*"|'[^']*'))?(?:[ \t\r\n]+standalone[ \t\r\n]*=[ \t\r\n]*(?:"(yes|no)"|'(yes|no)'))?[ \t\r\n]*\?>/;

/** xml_out (utils/adt/xml.c): the declaration is written anew, and one line break after a dropped one goes with it. */
export const xmlOutput: OutputFactory =
  ({ text }) =>
  (bytes, start, end) => {
    const stored = text(bytes, start, end);
    const declaration = XML_DECLARATION.exec(stored);
    if (!declaration && /^<\?xml[ \t\r\n]/.test(stored))
      throw new UndecodableValueError('the XML declaration is not written as XML 1.0 has it');
    const version = declaration?.[1] ?? declaration?.[2] ?? '1.0';
    const standalone = declaration?.[3] ?? declaration?.[4];
    const rest = stored.slice(declaration?.[0].length ?? 0);
    if (version === '1.0' && standalone === undefined) return rest.startsWith('\n') ? rest.slice(1) : rest;
    return `<?xml version="${version}"${standalone ? ` standalone="${standalone}"` : ''}?>${rest}`;
  };
