/** Network addresses (utils/adt/network.c, port/inet_net_ntop.c, mac.c, mac8.c) and UUIDs. */
import { type OutputFunction, type PayloadOutput, requireLength, UndecodableValueError } from './output.js';

/** PGSQL_AF_INET and PGSQL_AF_INET6, the same on every platform. */
const IPV4 = 2;
const IPV6 = 3;

/** inet_out, or with `alwaysBits` cidr_out: the address, and the netmask's length unless it is the whole address. */
export function inetOutput(alwaysBits: boolean): PayloadOutput {
  return (data) => {
    const family = data.readUInt8(0);
    const bits = data.readUInt8(1);
    const size = family === IPV4 ? 4 : family === IPV6 ? 16 : 0;
    if (size === 0 || data.length !== 2 + size || bits > size * 8)
      throw new UndecodableValueError(
        `the address has family ${family}, ${bits} bits, ${data.length - 2} bytes`,
      );
    const address = family === IPV4 ? data.subarray(2).join('.') : formatIpv6(data.subarray(2));
    return alwaysBits || bits !== size * 8 ? `${address}/${bits}` : address;
  };
}

/** inet_net_ntop_ipv6: the first longest run of two or more zero words shrinks to `::`; an embedded IPv4 address shows as one. */
function formatIpv6(address: Buffer): string {
  const words: number[] = [];
  for (let offset = 0; offset < 16; offset += 2) words.push(address.readUInt16BE(offset));
  const { base, length } = longestZeroRun(words);
  let text = '';
  for (let index = 0; index < 8; index++) {
    if (base !== -1 && index >= base && index < base + length) {
      if (index === base) text += ':';
      continue;
    }
    if (index !== 0) text += ':';
    const embedded =
      length === 6 || (length === 7 && words[7] !== 1) || (length === 5 && words[5] === 0xffff);
    if (index === 6 && base === 0 && embedded) return text + address.subarray(12).join('.');
    text += words[index].toString(16);
  }
  return base !== -1 && base + length === 8 ? `${text}:` : text;
}

function longestZeroRun(words: readonly number[]): { base: number; length: number } {
  let best = { base: -1, length: 1 };
  for (let index = 0; index < words.length; index++) {
    let length = 0;
    while (words[index + length] === 0) length++;
    if (length > best.length) best = { base: index, length };
    index += length;
  }
  return best;
}

/** macaddr_out and macaddr8_out. */
export function macaddrOutput(size: 6 | 8): OutputFunction {
  return (bytes, start, end) => {
    requireLength(bytes, start, end, size);
    return bytes.toString('hex', start, end).replace(/\B(?=(?:..)+$)/g, ':');
  };
}

/** uuid_out. */
export const uuidOutput: OutputFunction = (bytes, start, end) => {
  requireLength(bytes, start, end, 16);
  const hex = bytes.toString('hex', start, end);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
};
