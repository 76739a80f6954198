/**
 * The EUC encodings: where the server's tables (utils/mb/Unicode/*.map) differ from the decoders that Node brings.
 * A character's code is its bytes read as one big-endian number.
 */

/** An EUC encoding, as Node's decoder of `label` corrected by what the server does. */
export interface ExtendedUnixEncoding {
  readonly label: string;
  /** First byte of a character of three bytes; any other above 127 begins one of two. */
  readonly threeByteLead: number | undefined;
  /** Codes the server reads differently, or reads alone. */
  readonly differences: ReadonlyMap<number, string>;
  /** Codes the server does not take for characters, first and last. */
  readonly missing: readonly (readonly [first: number, last: number])[];
}

function* consecutive(first: number, characters: string): Iterable<[number, string]> {
  let code = first;
  for (const character of characters) yield [code++, character];
}

/** By pg_enc number. */
export const EXTENDED_UNIX_ENCODINGS: ReadonlyMap<number, ExtendedUnixEncoding> = new Map([
  // EUC_JP: with the IBM extensions in rows 83 and 84 of its third set.
  [
    1,
    {
      label: 'euc-jp',
      threeByteLead: 0x8f,
      differences: new Map([
        [0x8fa2c3, '\uffe4'],
        ...consecutive(0x8ff3f3, 'ⅰⅱⅲⅳⅴⅵⅶⅷⅸⅹⅠⅡ'),
        ...consecutive(
          0x8ff4a1,
          'ⅢⅣⅤⅥⅦⅧⅨⅩ\uff07\uff02㈱№℡炻仼僴凬匇匤\ufa0e咊坙\ufa0f\ufa10增寬峵嵓\ufa11德悅愠敎昻晥\ufa12\uf929栁\ufa13\ufa14橫櫢淸淲瀨\ufa15\ufa16甁皂皞\ufa17礰\ufa18\ufa19\ufa1a\ufa1b竧\ufa1c\ufa1d綠緖\ufa1e荢\ufa1f薰\ufa20\ufa21蠇\ufa22譿賴赶\ufa23\ufa24\ufa25郞\ufa26鄕\ufa27\ufa28閒\uf9dc\ufa29霻靍靑\ufa2a\ufa2b\ufa2c馞髙魲\ufa2d黑',
        ),
      ]),
      missing: [
        [0x8ee0, 0x8ee2],
        [0xf9a1, 0xfcee],
        [0xfcf1, 0xfcfe],
        [0x8fa2b7, 0x8fa2b7],
        [0x8ff3a1, 0x8ff3b4],
        [0x8ff3b7, 0x8ff3b7],
      ],
    },
  ],
  // EUC_CN: GB 2312 alone, where the decoder knows GBK.
  [
    2,
    {
      label: 'gbk',
      threeByteLead: undefined,
      differences: new Map([
        [0xa1a4, '\u30fb'],
        [0xa1aa, '\u2015'],
      ]),
      missing: [
        [0x8080, 0xa1a0],
        [0xa2a1, 0xa2b0],
        [0xa2e3, 0xa2e4],
        [0xa2ef, 0xa2f0],
        [0xa2fd, 0xa2fe],
        [0xa4f4, 0xa4fe],
        [0xa5f7, 0xa5fe],
        [0xa6b9, 0xa6c0],
        [0xa6d9, 0xa6fe],
        [0xa7c2, 0xa7d0],
        [0xa7f2, 0xa7fe],
        [0xa8bb, 0xa8c4],
        [0xa8ea, 0xa9a3],
        [0xa9f0, 0xaffe],
        [0xd7fa, 0xd7fe],
        [0xf8a1, 0xfefe],
      ],
    },
  ],
  // EUC_KR: without what UHC added.
  [
    3,
    {
      label: 'euc-kr',
      threeByteLead: undefined,
      differences: new Map(consecutive(0xa2e6, '\u20ac\u00ae\u327e')),
      missing: [
        [0x8080, 0xa1a0],
        [0xc9a1, 0xc9fe],
        [0xfea1, 0xfefe],
      ],
    },
  ],
]);
