/** Every character of every server-side encoding, against what a server converts it to. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { printable } from '../source/bytes/printable.js';
import { textReader } from '../source/types/encoding.js';
import { UndecodableValueError } from '../source/types/registry.js';
import { initdb, type Server, stopAllServers } from './servers/server.js';

after(stopAllServers);

/** pg_enc names by number. */
const NAMES = [
  ...[
    'SQL_ASCII',
    'EUC_JP',
    'EUC_CN',
    'EUC_KR',
    'EUC_TW',
    'EUC_JIS_2004',
    'UTF8',
    'MULE_INTERNAL',
    'LATIN1',
    'LATIN2',
  ],
  ...[
    'LATIN3',
    'LATIN4',
    'LATIN5',
    'LATIN6',
    'LATIN7',
    'LATIN8',
    'LATIN9',
    'LATIN10',
    'WIN1256',
    'WIN1258',
    'WIN866',
  ],
  ...[
    'WIN874',
    'KOI8R',
    'WIN1251',
    'WIN1252',
    'ISO_8859_5',
    'ISO_8859_6',
    'ISO_8859_7',
    'ISO_8859_8',
    'WIN1250',
  ],
  ...['WIN1253', 'WIN1254', 'WIN1255', 'WIN1257', 'KOI8U'],
];
const FIRST_SINGLE_BYTE = 8;

/** What we read of bytes, null when we refuse them. */
function read(encoding: number, bytes: Buffer): string | null {
  const page = Buffer.concat([Buffer.from([0xff]), bytes, Buffer.from([0xa1])]);
  try {
    return textReader(encoding)(page, 1, 1 + bytes.length);
  } catch (error) {
    assert.ok(error instanceof UndecodableValueError, String(error));
    return null;
  }
}

for (const major of [14, 18]) {
  let server: Server;

  before(async () => {
    server = await (await initdb(major)).start();
    await server.query(`CREATE FUNCTION converted(bytes bytea, encoding text) RETURNS text LANGUAGE plpgsql AS $$
      BEGIN RETURN convert_from(bytes, encoding::name); EXCEPTION WHEN OTHERS THEN RETURN NULL; END $$`);
  });

  /** Asks the server for all of these codes, each its bytes as one big-endian number. */
  async function compare(
    encoding: number,
    codes: number[],
    length: number,
    mayRefuse = false,
  ): Promise<void> {
    const rows = await server.query<{ bytes: Buffer; text: string | null }>(
      `SELECT bytes, converted(bytes, $1) AS text
       FROM unnest($2::bigint[]) code, LATERAL (SELECT decode(lpad(to_hex(code), $3, '0'), 'hex') AS bytes) b`,
      [NAMES[encoding], codes, length * 2],
    );
    assert.equal(rows.length, codes.length);
    for (const { bytes, text } of rows) {
      const ours = read(encoding, bytes);
      if (ours !== null || !mayRefuse)
        assert.equal(ours, text, `0x${bytes.toString('hex')} in ${NAMES[encoding]}`);
    }
  }

  const upTo = (first: number, last: number): number[] =>
    Array.from({ length: last - first + 1 }, (_, index) => first + index);
  const pairs = upTo(0xa1, 0xfe).flatMap((lead) => upTo(0xa1, 0xfe).map((trail) => lead * 256 + trail));

  test(`single-byte encodings on PostgreSQL ${major}`, { timeout: 60_000 }, async () => {
    for (let encoding = FIRST_SINGLE_BYTE; encoding < NAMES.length; encoding++)
      await compare(encoding, upTo(0x01, 0xff), 1);
  });

  test(`EUC encodings on PostgreSQL ${major}`, { timeout: 60_000 }, async () => {
    for (const encoding of [1, 2, 3]) await compare(encoding, pairs, 2);
    for (const encoding of [4, 5]) await compare(encoding, pairs, 2, true);
    await compare(1, upTo(0x8ea1, 0x8efe), 2);
    await compare(
      1,
      pairs.map((pair) => 0x8f0000 + pair),
      3,
    );
  });

  test(`UTF-8 on PostgreSQL ${major}`, { timeout: 60_000 }, async () => {
    await compare(6, upTo(0x01, 0xff), 1);
    await compare(6, upTo(0xc000, 0xdfff), 2);
    // Around the surrogates, the private use area and the end, where overlong and impossible forms lie.
    await compare(
      6,
      [...upTo(0xe08000, 0xe0a0bf), ...upTo(0xed8000, 0xedbfbf), ...upTo(0xefbf00, 0xefbfff)],
      3,
    );
    await compare(
      6,
      [...upTo(0xf08080, 0xf090ff).map((code) => code * 256 + 0x80), 0xf48fbfbf, 0xf4908080, 0xf5808080],
      4,
    );
  });
}

test('what has no meaning beyond ASCII', () => {
  const ascii = Buffer.from('plain text');
  for (const encoding of [4, 5, 7, 35, 99]) {
    assert.equal(read(encoding, ascii), 'plain text');
    assert.equal(read(encoding, Buffer.from([0x61, 0xe4])), null);
  }
  // A replacement character that is in the value is no sign of damage.
  assert.equal(read(6, Buffer.from('\ufffd')), '\ufffd');
  assert.equal(read(1, Buffer.from([0x61, 0xa4])), null);
});

test('SQL_ASCII is read as UTF-8 where it is that, and else byte by byte, losing none', () => {
  assert.equal(read(0, Buffer.from('plain text')), 'plain text');
  assert.equal(read(0, Buffer.from('déjà')), 'déjà');
  assert.equal(read(0, Buffer.from([0x61, 0xe4, 0x80, 0xff])), 'a\udce4\udc80\udcff');
  assert.equal(printable('a\udce4'), 'a\\xe4');
});
