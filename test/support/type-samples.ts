/** Random values, as SQL text, of every type that has an output function here. */
import fc from 'fast-check';

export interface ColumnType {
  /** As in CREATE TABLE. */
  readonly type: string;
  readonly values: fc.Arbitrary<string | null>;
  /** Values that must be met, whatever chance brings. */
  readonly always?: readonly string[];
  /** First major that has it. */
  readonly since?: number;
  /** The server's own text does not read back as the same bytes: an XML declaration goes, a query's operators regroup. */
  readonly lossy?: boolean;
  /** Holds floats, whose text changed in 12. */
  readonly floats?: boolean;
}

/** Samples of each type in one run; FORKPOINT_SAMPLES asks for more. */
export const SAMPLES = Number(process.env.FORKPOINT_SAMPLES ?? 120);

/** The seed of this run's samples; FORKPOINT_SEED repeats another's. */
export const SEED = Number(process.env.FORKPOINT_SEED ?? Math.floor(Math.random() * 2 ** 31));

/** The texts to store: the ones that must be met, then random ones. */
export function valuesOf(column: ColumnType): (string | null)[] {
  return [...(column.always ?? []), ...fc.sample(column.values, { numRuns: SAMPLES, seed: SEED })];
}

/** What the tables need: types of every kind, and two functions. */
export const setup = (major: number): string => `
  CREATE EXTENSION hstore; CREATE EXTENSION citext; CREATE EXTENSION ltree; CREATE EXTENSION cube;
  CREATE SCHEMA "Odd schema"; CREATE TYPE "Odd schema"."Odd ""type""" AS (a int); CREATE TYPE "Odd schema"."select" AS ENUM ('a');
  CREATE SCHEMA plain; CREATE TYPE plain."table" AS (a int);
  CREATE TYPE mood AS ENUM ('sad', 'it''s "ok"', 'happy, really', '');
  CREATE DOMAIN positive AS numeric(12,3) CHECK (value > 0);
  CREATE TYPE pair AS (a int, b text, c timestamptz, d numeric[]);
  CREATE TYPE nested AS (p pair, m mood, q pair[], flag bool);
  ${major >= 11 ? 'CREATE DOMAIN pair_domain AS pair;' : ''}
  CREATE TYPE altered AS (a int, gone text, b int8); ALTER TYPE altered DROP ATTRIBUTE gone; ALTER TYPE altered ADD ATTRIBUTE late text;
  CREATE TYPE pairs_range AS RANGE (subtype = pair[]);
  CREATE TYPE text_range AS RANGE (subtype = text, collation = "C"${major >= 14 ? ', multirange_type_name = text_multirange' : ''});
  CREATE FUNCTION same(a anyelement, b anyelement) RETURNS bool LANGUAGE sql AS
    $$ SELECT record_image_eq(ROW(a), ROW(b)) $$;
  CREATE FUNCTION store(name text, type text, samples text[]) RETURNS int LANGUAGE plpgsql AS $$
  DECLARE sample text; number int := 0;
  BEGIN
    FOREACH sample IN ARRAY samples LOOP
      BEGIN
        EXECUTE format('INSERT INTO %I VALUES ($1, $2::%s)', name, type) USING number, sample;
        number := number + 1;
      EXCEPTION WHEN OTHERS THEN NULL;
      END;
    END LOOP;
    RETURN number;
  END $$;
`;

const digits = (most: number) => fc.stringMatching(new RegExp(`^[0-9]{1,${most}}$`));

const int = (bits: number) =>
  fc
    .oneof(
      fc.bigInt({ min: -(2n ** BigInt(bits - 1)), max: 2n ** BigInt(bits - 1) - 1n }),
      fc.bigInt({ min: -9n, max: 9n }),
    )
    .map(String);

const unsigned = (bits: number) => fc.bigInt({ min: 0n, max: 2n ** BigInt(bits) - 1n }).map(String);

/** A double by its bits, so that every exponent is as likely as another; whole numbers and short decimals besides. */
const float8 = fc
  .oneof(
    fc
      .bigInt({ min: 0n, max: 2n ** 64n - 1n })
      .map((bits) => Buffer.from(bits.toString(16).padStart(16, '0'), 'hex').readDoubleBE(0)),
    fc
      .tuple(fc.integer({ min: -999, max: 999 }), fc.integer({ min: -30, max: 40 }))
      .map(([mantissa, power]) => Number(`${mantissa}e${power}`)),
    // Where digits behind the point end in a tie, and where powers of two meet powers of ten.
    fc
      .tuple(fc.bigInt({ min: 2n ** 52n, max: 2n ** 53n - 1n }), fc.integer({ min: -5, max: 90 }))
      .map(([mantissa, power]) => Number(mantissa) * 2 ** power),
    fc.integer({ min: -1074, max: 1023 }).map((power) => 2 ** power),
  )
  .map((value) => (Object.is(value, -0) ? '-0' : String(value)));

/** A NaN is a corner that is not even its own equal. */
const finite = float8.filter((value) => value !== 'NaN');

const float4 = fc
  .oneof(
    fc
      .integer({ min: 0, max: 0xffff_ffff })
      .map((bits) => Buffer.from(bits.toString(16).padStart(8, '0'), 'hex').readFloatBE(0)),
    fc
      .tuple(fc.integer({ min: -999, max: 999 }), fc.integer({ min: -30, max: 30 }))
      .map(([mantissa, power]) => Math.fround(Number(`${mantissa}e${power}`))),
    fc
      .tuple(fc.integer({ min: 2 ** 23, max: 2 ** 24 - 1 }), fc.integer({ min: -4, max: 60 }))
      .map(([mantissa, power]) => mantissa * 2 ** power),
    fc.integer({ min: -149, max: 127 }).map((power) => 2 ** power),
  )
  .map((value) => (Object.is(value, -0) ? '-0' : String(value)));

/** Both ends: 131072 digits before the point, 16383 behind it (utils/numeric.h). */
const wideNumeric = fc
  .tuple(
    fc.constantFrom('', '-'),
    fc.integer({ min: 0, max: 131_072 }),
    fc.integer({ min: 0, max: 16_383 }),
    digits(12),
  )
  .map(([sign, before, behind, some]) => {
    const fill = (length: number) => some.repeat(Math.ceil(length / some.length)).slice(0, length);
    return `${sign}${fill(before) || '0'}.${fill(behind)}0`.slice(0, before + behind + 2);
  });

const numeric = fc.oneof(
  fc
    .tuple(fc.constantFrom('', '-'), digits(40), fc.option(digits(30), { nil: '0' }))
    .map(([sign, whole, fraction]) => `${sign}${whole}.${fraction}`),
  fc
    .tuple(fc.constantFrom('', '-'), digits(9), fc.integer({ min: -60, max: 60 }))
    .map(([sign, whole, power]) => `${sign}${whole}e${power}`),
  fc
    .tuple(fc.constantFrom('', '-'), digits(3), fc.integer({ min: -16_383, max: 131_000 }))
    .map(([sign, whole, power]) => `${sign}${whole}e${power}`),
  int(64),
  digits(300),
  fc.constant('NaN'),
);

/** Any characters a UTF-8 database takes. */
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 30 }).map((value) => value.replaceAll('\0', '')),
  fc.string({
    unit: fc.constantFrom(
      'a',
      'B',
      ' ',
      '"',
      "'",
      '\\',
      '{',
      '}',
      '(',
      ')',
      '[',
      ']',
      ',',
      ';',
      '\n',
      '\t',
      '\v',
      '€',
      '𝄞',
      '\u0001',
      '\u2003',
      '\u00a0',
      'NULL',
      '',
    ),
    maxLength: 8,
  }),
  fc.constantFrom('NULL', 'null', '', ' ', '\\', '"'),
);

/** Now and then long enough for a four-byte header, or to be compressed. */
const longText = fc.oneof(
  { weight: 9, arbitrary: text },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.string({ minLength: 1, maxLength: 20 }), fc.integer({ min: 5, max: 300 }))
      .map(([part, times]) => part.replaceAll('\0', '').repeat(times)),
  },
);

const quote = (value: string): string => `"${value.replace(/["\\]/g, '\\$&')}"`;

/** An array's text around element texts. */
const array = (element: fc.Arbitrary<string>, delimiter = ',') =>
  fc
    .array(fc.option(element.map(quote), { nil: 'NULL', freq: 8 }), { maxLength: 6 })
    .map((elements) => `{${elements.join(delimiter)}}`);

/** Two dimensions, and lower bounds of any kind. */
const matrix = (element: fc.Arbitrary<string>) =>
  fc
    .tuple(
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: -3, max: 3 }),
      fc.infiniteStream(fc.option(element.map(quote), { nil: 'NULL', freq: 5 })),
    )
    .map(([rows, columns, bound, elements]) => {
      const row = (): string => `{${Array.from({ length: columns }, () => elements.next().value).join(',')}}`;
      return `[${bound}:${bound + rows - 1}][1:${columns}]={${Array.from({ length: rows }, row).join(',')}}`;
    });

/** Up to six dimensions, as many as an array can have (MAXDIM). */
const cube = (element: fc.Arbitrary<string>) =>
  fc
    .tuple(
      fc.array(
        fc.tuple(fc.integer({ min: -2_000_000_000, max: 2_000_000_000 }), fc.integer({ min: 1, max: 2 })),
        {
          minLength: 1,
          maxLength: 6,
        },
      ),
      fc.infiniteStream(fc.option(element.map(quote), { nil: 'NULL', freq: 5 })),
    )
    .map(([dimensions, elements]) => {
      const write = (depth: number): string => {
        if (depth === dimensions.length) return String(elements.next().value);
        return `{${Array.from({ length: dimensions[depth][1] }, () => write(depth + 1)).join(',')}}`;
      };
      const bounds = dimensions.map(([lower, length]) => `[${lower}:${lower + length - 1}]`);
      return `${bounds.join('')}=${write(0)}`;
    });

const record = (...fields: fc.Arbitrary<string | null>[]) =>
  fc
    .tuple(...fields)
    .map(
      (values) =>
        `(${values.map((value) => (value === null ? '' : `"${value.replace(/["\\]/g, '$&$&')}"`)).join(',')})`,
    );

const two = (number: number): string => String(number).padStart(2, '0');
const fraction = fc.oneof(
  fc.constant(''),
  digits(6).map((value) => `.${value}`),
);
const time = fc
  .tuple(
    fc.integer({ min: 0, max: 23 }),
    fc.integer({ min: 0, max: 59 }),
    fc.integer({ min: 0, max: 59 }),
    fraction,
  )
  .map(([hour, minute, second, rest]) => `${two(hour)}:${two(minute)}:${two(second)}${rest}`);
const date = (lastYear: number) =>
  fc
    .tuple(
      fc.oneof(fc.integer({ min: 1, max: lastYear }), fc.integer({ min: 1600, max: 2400 })),
      fc.integer({ min: 1, max: 12 }),
      fc.integer({ min: 1, max: 31 }),
    )
    .map(([year, month, day]) => `${String(year).padStart(4, '0')}-${two(month)}-${two(day)}`);
const era = fc.constantFrom('', '', '', ' BC');
const timestamp = fc
  .tuple(date(290_000), time, era)
  .map(([day, clock, bc]) => `${day} ${clock}${bc === '' || Number(day.split('-')[0]) > 4700 ? '' : bc}`);
const zone = fc
  .tuple(
    fc.constantFrom('+', '-'),
    fc.integer({ min: 0, max: 15 }),
    fc.integer({ min: 0, max: 59 }),
    fc.constantFrom('', ':00', ':07'),
  )
  .map(([sign, hour, minute, second]) => `${sign}${two(hour)}:${two(minute)}${second}`);
/** Each of the three fields at any value it can hold: months and days of 32 bits, microseconds of 64. */
const wideInterval = fc
  .tuple(
    fc.bigInt({ min: -(2n ** 31n), max: 2n ** 31n - 1n }),
    fc.bigInt({ min: -(2n ** 31n), max: 2n ** 31n - 1n }),
    fc.bigInt({ min: -(2n ** 63n) + 1n, max: 2n ** 63n - 1n }),
    fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }),
  )
  .map(([months, days, microseconds, keep]) => {
    const size = microseconds < 0n ? -microseconds : microseconds;
    const seconds = size / 1_000_000n;
    const clock = `${microseconds < 0n ? '-' : ''}${seconds / 3600n}:${two(Number((seconds / 60n) % 60n))}:${two(Number(seconds % 60n))}.${String(size % 1_000_000n).padStart(6, '0')}`;
    const fields = [`${months} mons`, `${days} days`, clock];
    return fields.filter((_, i) => keep[i]).join(' ') || '0';
  });

const interval = fc
  .tuple(
    fc.integer({ min: -2_000_000, max: 2_000_000 }),
    fc.integer({ min: -3, max: 3 }),
    fc.integer({ min: -400, max: 400 }),
    fc.integer({ min: -99, max: 99_999_999 }),
    fraction,
  )
  .chain((parts) => fc.tuple(fc.constant(parts), fc.array(fc.boolean(), { minLength: 4, maxLength: 4 })))
  .map(([[months, years, days, seconds, rest], keep]) => {
    const units = [`${months} months`, `${years} years`, `${days} days`, `${seconds}${rest} seconds`];
    return units.filter((_, index) => keep[index]).join(' ') || '0';
  });

const hex = (length: number) => fc.stringMatching(new RegExp(`^[0-9a-f]{${length}}$`));
const ipv4 = fc
  .tuple(...Array.from({ length: 4 }, () => fc.integer({ min: 0, max: 255 })))
  .map((bytes) => bytes.join('.'));
const ipv6 = fc
  .array(
    fc.oneof(
      fc.constant('0'),
      fc.constant('ffff'),
      fc.constant('1'),
      fc.integer({ min: 0, max: 65_535 }).map((word) => word.toString(16)),
    ),
    { minLength: 8, maxLength: 8 },
  )
  .map((words) => words.join(':'));
const inet = fc.oneof(
  ipv4,
  ipv6,
  fc.tuple(ipv4, fc.integer({ min: 0, max: 32 })).map(([address, bits]) => `${address}/${bits}`),
  fc.tuple(ipv6, fc.integer({ min: 0, max: 128 })).map(([address, bits]) => `${address}/${bits}`),
);

const point = fc.tuple(float8, float8).map(([x, y]) => `(${x},${y})`);
const points = fc.array(point, { minLength: 1, maxLength: 5 }).map((list) => list.join(','));
const json = fc.json({ maxDepth: 4, noUnicodeString: false }).map((value) => value.replaceAll('\\u0000', ''));
const jsonWithNumbers = fc.oneof(
  json,
  fc
    .tuple(numeric, json)
    .map(([number, value]) => `{"n": [${number}, {"deep": ${value}}, true], "": ${number}}`),
);

const { element: xml } = fc.letrec<{ element: string }>((tie) => ({
  element: fc.oneof(
    { maxDepth: 4, depthSize: 'large' },
    fc
      .tuple(
        fc.stringMatching(/^[a-z_é][a-z0-9_.-]{0,5}$/),
        fc.constantFrom('', ' a="1"', " b='&lt;&quot;'", ' xmlns:x="urn:y" x:c=""'),
      )
      .map(([name, attributes]) => `<${name}${attributes}/>`),
    fc.constantFrom(
      'text',
      '&amp;',
      '&#x20AC;',
      '<!-- note -->',
      '<?run it?>',
      '<![CDATA[<&>]]>',
      ' \n ',
      '€𝄞',
    ),
    fc
      .tuple(fc.stringMatching(/^[a-z]{1,4}$/), fc.array(tie('element'), { maxLength: 4 }))
      .map(([name, inner]) => `<${name}>${inner.join('')}</${name}>`),
  ),
}));

const lexeme = fc
  .string({
    unit: fc.constantFrom('a', 'b', 'ü', "''", '\\\\', ' ', '&', '|', ':'),
    minLength: 1,
    maxLength: 5,
  })
  .map((value) => `'${value}'`);
const position = fc
  .tuple(fc.integer({ min: 1, max: 16_383 }), fc.constantFrom('', 'A', 'B', 'C', 'D'))
  .map((parts) => parts.join(''));
const tsvector = fc
  .array(fc.tuple(lexeme, fc.array(position, { maxLength: 4 })), { maxLength: 6 })
  .map((words) =>
    words.map(([word, positions]) => (positions.length ? `${word}:${positions.join(',')}` : word)).join(' '),
  );
const { query: tsquery } = fc.letrec<{ query: string }>((tie) => ({
  query: fc.oneof(
    { maxDepth: 5, depthSize: 'large' },
    fc.tuple(lexeme, fc.constantFrom('', ':*', ':A', ':*BD', ':ABCD')).map((parts) => parts.join('')),
    tie('query').map((query) => `!(${query})`),
    fc
      .tuple(tie('query'), fc.constantFrom('&', '|', '<->', '<3>'), tie('query'))
      .map(([left, operator, right]) => `(${left}) ${operator} (${right})`),
  ),
}));

const range = (bound: fc.Arbitrary<string>) =>
  fc.oneof(
    { weight: 1, arbitrary: fc.constantFrom('empty', '(,)', '[,)') },
    {
      weight: 9,
      arbitrary: fc
        .tuple(fc.constantFrom('[', '('), fc.option(bound), fc.option(bound), fc.constantFrom(']', ')'))
        .map(([open, lower, upper, close]) => {
          const write = (value: string | null): string => (value === null ? '' : quote(value));
          return `${open}${write(lower)},${write(upper)}${close}`;
        }),
    },
  );
const ordered = fc
  .tuple(fc.integer({ min: -1000, max: 1000 }), fc.integer({ min: 0, max: 99 }))
  .map(([from, length]) => `[${from},${from + length})`);
const multirange = (one: fc.Arbitrary<string>) =>
  fc.array(one, { maxLength: 12 }).map((ranges) => `{${ranges.join(',')}}`);

const label = fc.stringMatching(/^[A-Za-z0-9_]{1,9}$/);
const ltree = fc.array(label, { maxLength: 6 }).map((labels) => labels.join('.'));
const variant = fc
  .tuple(label, fc.constantFrom('', '@', '*', '%', '%@', '@*'))
  .map((parts) => parts.join(''));
const repeats = fc.constantFrom('', '{2}', '{,3}', '{1,}', '{1,4}', '{,}');
const lquery = fc
  .array(
    fc.oneof(
      repeats.map((count) => `*${count}`),
      fc
        .tuple(
          fc.constantFrom('', '!'),
          fc.array(variant, { minLength: 1, maxLength: 3 }),
          fc.constantFrom('', '', '{1,2}'),
        )
        .map(([not, variants, count]) => not + variants.join('|') + count),
    ),
    { minLength: 1, maxLength: 5 },
  )
  .map((levels) => levels.join('.'));
const { query: ltxtquery } = fc.letrec<{ query: string }>((tie) => ({
  query: fc.oneof(
    { maxDepth: 4, depthSize: 'large' },
    variant,
    tie('query').map((query) => `!(${query})`),
    fc
      .tuple(tie('query'), fc.constantFrom('&', '|'), tie('query'))
      .map(([left, operator, right]) => `(${left}) ${operator} (${right})`),
  ),
}));

const JSON_PATHS = [
  '$',
  'strict $.a',
  '$.a.b[*]',
  '$."odd \\"key"[0, 2 to last]',
  '$.**{2 to 5}.x',
  '$.**{last}',
  '$.**',
  '$.** {3}',
  '$.*',
  '$[*] ? (@.a > 1 && @.b == "x" || !(@.c < 2))',
  '$ ? (exists(@.x)).y',
  '$ ? ((@.a > 1) is unknown)',
  '$ ? (@ like_regex "^a.*\\\\d" flag "ix")',
  '$ ? (@ starts with "ab")',
  '$ ? (@ starts with $var)',
  '-$.a',
  '+($.a + 2) * 3 - 1',
  '$.a + 2 * 3 % 4 / 5',
  '($.a + 1) * 2',
  '-(1 + 2)',
  '$.a.size().abs().floor().ceiling().double().type()',
  '$.keyvalue()',
  '$.t.datetime()',
  '$.t.datetime("HH24:MI")',
  '1.5',
  '"text\\n"',
  'true',
  'false',
  'null',
  '$[last - 1]',
  '$ ? (@.a == null).b ? (@ != true)',
  '$[$i to $j + 1]',
  '$ ? (@ <> 1 && @ >= 2 && @ <= 3)',
];

const JSON_PATHS_SINCE_17 = [
  '(1).type()',
  '$.bigint()',
  '$.boolean()',
  '$.date()',
  '$.decimal()',
  '$.decimal(4)',
  '$.decimal(4,-2)',
  '$.integer()',
  '$.number()',
  '$.string()',
  '$.time()',
  '$.time(2)',
  '$.time_tz(3)',
  '$.timestamp()',
  '$.timestamp(4)',
  '$.timestamp_tz(5)',
];

const XML_DOCUMENTS = [
  '<a/>',
  'text &amp; <b>more</b>',
  '<?xml version="1.0"?><a/>',
  '<?xml version="1.0" encoding="UTF-8"?>\n<a>é</a>',
  "<?xml version='1.0' standalone='yes'?><a/>",
  '<?xml version="1.0" standalone="no" ?>\n\n<a/>',
  '<?xml-stylesheet href="x"?><a/>',
  '\n<a/>',
  '',
  '<?xml version="1.1"?><a/>',
];

/** Every type that can be a column's, with values for it. */
export const COLUMN_TYPES: readonly ColumnType[] = [
  { type: 'bool', values: fc.constantFrom('t', 'f') },
  { type: 'int2', values: int(16) },
  { type: 'int4', values: fc.option(int(32)) },
  {
    type: 'int8',
    values: int(64),
    always: ['-9223372036854775808', '9223372036854775807', '9007199254740993', '-9007199254740993'],
  },
  { type: 'oid', values: unsigned(32) },
  { type: 'xid', values: unsigned(32) },
  { type: 'cid', values: unsigned(32) },
  { type: 'xid8', values: unsigned(64), since: 13 },
  {
    type: 'tid',
    values: fc.tuple(unsigned(32), unsigned(16)).map(([block, offset]) => `(${block},${offset})`),
  },
  {
    type: 'pg_lsn',
    values: fc.tuple(hex(8), hex(8)).map((halves) => halves.join('/')),
    always: ['0/0', '1/0'],
  },
  {
    type: 'pg_snapshot',
    values: fc
      .array(fc.integer({ min: 11, max: 99_999 }), { maxLength: 5 })
      .map((list) => `10:100000:${[...new Set(list)].sort((a, b) => a - b).join(',')}`),
    since: 13,
  },
  {
    type: 'txid_snapshot',
    values: fc
      .array(fc.integer({ min: 11, max: 99_999 }), { maxLength: 5 })
      .map((list) => `10:100000:${[...new Set(list)].sort((a, b) => a - b).join(',')}`),
  },
  {
    type: 'int2vector',
    values: fc.array(int(16), { maxLength: 9 }).map((list) => list.join(' ')),
    since: 17,
  },
  {
    type: 'oidvector',
    values: fc.array(unsigned(32), { maxLength: 9 }).map((list) => list.join(' ')),
    since: 17,
  },
  {
    type: 'money',
    values: int(64).map((cents) => (Number(cents) / 100).toFixed(2)),
    always: ['0', '-0.05', '1234567.89', '-92233720368547758.08', '999.99', '-1000'],
  },
  {
    type: 'float4',
    values: float4,
    floats: true,
    always: [
      'NaN',
      'Infinity',
      '-Infinity',
      '-0',
      '1e6',
      '999999',
      '123456',
      '1234567',
      '1e-4',
      '1e-5',
      '3.4028235e38',
      '1e-45',
      '2097152.25',
      '16777216',
      '8388608.5',
    ],
  },
  {
    type: 'float8',
    values: float8,
    floats: true,
    always: [
      'NaN',
      'Infinity',
      '-Infinity',
      '-0',
      '1e15',
      '1e14',
      '123456789012345680',
      '1e-4',
      '1e-5',
      '1e23',
      '5e-324',
      '1.7976931348623157e308',
      '1e22',
      '9007199254740993',
      '2251799813685248.25',
      '1125899906842624.125',
      '1125899906842624.375',
      '-1e23',
      '4e22',
    ],
  },
  {
    type: 'numeric',
    values: fc.oneof({ weight: 9, arbitrary: numeric }, wideNumeric),
    always: [
      `${'9'.repeat(131_072)}.${'9'.repeat(16_383)}`,
      `-0.${'0'.repeat(16_382)}1`,
      '1e131071',
      '1e-16383',
      '0',
      '0.00',
      '-0.001',
      '10000',
      '100000000',
      '0.0001',
      '1e-1000',
      '1e1000',
      '9999',
      '99990000.00',
    ],
  },
  { type: 'numeric(1000)', values: fc.constantFrom('NaN', '7') },
  {
    type: 'positive[]',
    values: array(numeric),
    since: 11,
  },
  { type: 'numeric(6,6)', values: digits(6).map((value) => `0.${value}`) },
  { type: 'numeric(1000,500)', values: fc.tuple(digits(400), digits(400)).map((parts) => parts.join('.')) },
  { type: 'numeric(10,-3)', values: int(40), since: 15 },
  {
    type: 'numeric[]',
    values: array(fc.constantFrom('Infinity', '-Infinity', 'NaN', '1')),
    since: 14,
  },
  { type: 'text', values: fc.option(longText) },
  { type: 'varchar(20)', values: text },
  { type: 'char(10)', values: text },
  { type: 'name', values: text },
  { type: '"char"', values: fc.string({ maxLength: 1 }) },
  { type: 'citext', values: text },
  { type: 'refcursor', values: text },
  {
    type: 'bytea',
    values: fc
      .oneof({ weight: 5, arbitrary: fc.uint8Array({ maxLength: 50 }) }, fc.uint8Array({ maxLength: 3000 }))
      .map((bytes) => `\\x${Buffer.from(bytes).toString('hex')}`),
  },
  { type: 'uuid', values: fc.uuid() },
  {
    type: 'date',
    values: fc.oneof(
      date(5_800_000),
      fc.tuple(date(4700), era).map((parts) => parts.join('')),
    ),
    always: [
      'infinity',
      '-infinity',
      '4714-11-24 BC',
      '5874897-12-31',
      '0001-01-01',
      '0001-12-31 BC',
      '2000-02-29',
      '2000-01-01',
      '1999-12-31',
      '0005-02-28 BC',
      '0001-02-29 BC',
    ],
  },
  { type: 'time', values: time, always: ['24:00:00', '00:00:00'] },
  { type: 'time(3)', values: time },
  {
    type: 'timetz',
    values: fc.tuple(time, zone).map((parts) => parts.join('')),
    always: ['24:00:00+00', '00:00:00-15:59:59'],
  },
  {
    type: 'timestamp',
    values: timestamp,
    always: [
      'infinity',
      '-infinity',
      '4714-11-24 00:00:00 BC',
      '294276-12-31 23:59:59.999999',
      '1999-12-31 23:59:59.999999',
      '2000-01-01 00:00:00',
    ],
  },
  {
    type: 'timestamptz',
    values: fc.tuple(timestamp, zone).map(([stamp, offset]) => stamp.replace(/( BC)?$/, `${offset}$1`)),
    always: ['infinity', '-infinity', '0001-01-01 00:00:00+00 BC', '294276-12-31 23:59:59.999999+00'],
  },
  {
    type: 'interval',
    values: fc.oneof(interval, wideInterval),
    always: [
      '0',
      '-1 day +1 second',
      '1 mon -1 day',
      '-1 year 2 mons',
      '1 year',
      '-00:00:00.000001',
      '178956970 years 7 mons 2147483647 days 23:59:59',
    ],
  },
  {
    type: 'interval[]',
    values: fc.constantFrom('{infinity,-infinity}', '{1 day}'),
    since: 17,
  },
  { type: 'bit(11)', values: fc.stringMatching(/^[01]{11}$/) },
  { type: 'varbit', values: fc.stringMatching(/^[01]{0,70}$/) },
  { type: 'bit varying(3000)', values: fc.stringMatching(/^[01]{0,3000}$/) },
  { type: 'inet', values: inet },
  {
    type: 'cidr',
    values: fc.oneof(
      ipv4,
      ipv6,
      fc.integer({ min: 0, max: 32 }).map((bits) => `0.0.0.0/${bits}`),
      fc.integer({ min: 32, max: 128 }).map((bits) => `2001:db8::/${bits}`),
    ),
  },
  { type: 'macaddr', values: hex(12) },
  { type: 'macaddr8', values: hex(16) },
  { type: 'point', values: point, floats: true },
  {
    type: 'line',
    values: fc.tuple(float8, float8, float8).map((list) => `{${list.join(',')}}`),
    floats: true,
  },
  { type: 'lseg', values: fc.tuple(point, point).map((list) => `[${list.join(',')}]`), floats: true },
  { type: 'box', values: fc.tuple(point, point).map((list) => list.join(',')), floats: true },
  {
    type: 'path',
    values: fc.oneof(
      points.map((list) => `[${list}]`),
      points.map((list) => `(${list})`),
    ),
    floats: true,
  },
  { type: 'polygon', values: points.map((list) => `(${list})`), floats: true },
  {
    type: 'circle',
    values: fc
      .tuple(point, fc.integer({ min: 0, max: 99 }))
      .map(([center, radius]) => `<${center},${radius}>`),
    floats: true,
  },
  { type: 'json', values: json },
  {
    type: 'jsonb',
    values: jsonWithNumbers,
    always: [
      '1',
      '"a"',
      'null',
      '[]',
      '{}',
      '[[],{}]',
      '[1]',
      '{"a":{"b":[1.50,"\\u0001\\u007f\\"\\\\\\/\\b\\f\\n\\r\\t"]}}',
      `[${Array.from({ length: 100 }, (_, index) => `${index}.5, "${index}"`).join(',')}]`,
      '1e400',
    ],
  },
  { type: 'jsonpath', values: fc.constantFrom(...JSON_PATHS), since: 12, always: JSON_PATHS },
  {
    type: 'jsonpath[]',
    values: fc.constantFrom(...JSON_PATHS_SINCE_17).map((path) => `{${quote(path)}}`),
    since: 17,
    always: JSON_PATHS_SINCE_17.map((path) => `{${quote(path)}}`),
  },
  {
    type: 'xml',
    values: fc.oneof(fc.constantFrom(...XML_DOCUMENTS), xml),
    lossy: true,
    always: XML_DOCUMENTS,
  },
  { type: 'tsvector', values: tsvector },
  { type: 'tsquery', values: tsquery, lossy: true },
  { type: 'mood', values: fc.constantFrom('sad', `it's "ok"`, 'happy, really', '') },
  { type: 'positive', values: numeric },
  {
    type: 'int4[]',
    values: fc.oneof(array(int(32)), matrix(int(32))),
    always: ['{}', '{{1,2},{3,4}}', '[0:1]={1,NULL}', '{{{1}},{{2}}}'],
  },
  { type: 'int8[]', values: fc.oneof(array(int(64)), cube(int(64))) },
  { type: 'bool[]', values: array(fc.constantFrom('t', 'f')) },
  { type: 'text[]', values: fc.oneof(array(longText), matrix(text)) },
  { type: 'numeric[]', values: fc.oneof(array(numeric), matrix(numeric)) },
  { type: 'timestamptz[]', values: array(timestamp) },
  {
    type: 'box[]',
    values: array(
      fc.tuple(point, point).map((list) => list.join(',')),
      ';',
    ),
    floats: true,
  },
  { type: 'jsonb[]', values: array(json) },
  { type: 'mood[]', values: array(fc.constantFrom('sad', `it's "ok"`, 'happy, really', '')) },
  { type: 'name[]', values: array(text) },
  { type: '"char"[]', values: array(fc.string({ maxLength: 1 })) },
  {
    type: 'int2vector[]',
    values: array(fc.array(int(16), { maxLength: 3 }).map((list) => list.join(' '))),
    since: 17,
  },
  { type: 'inet[]', values: array(inet) },
  {
    type: 'pair',
    values: record(fc.option(int(32)), fc.option(longText), fc.option(timestamp), fc.option(array(numeric))),
  },
  {
    type: 'pair[]',
    values: array(
      record(fc.option(int(32)), fc.option(text), fc.option(timestamp), fc.option(array(numeric))),
    ),
  },
  {
    type: 'pair_domain',
    values: record(fc.option(int(32)), fc.option(text), fc.option(timestamp), fc.option(array(numeric))),
    since: 11,
  },
  {
    type: 'nested',
    values: record(
      fc.option(record(int(32), text, timestamp, array(numeric))),
      fc.constantFrom('sad', '', null),
      fc.option(array(record(fc.option(int(32)), text, fc.option(timestamp), fc.option(array(numeric))))),
      fc.constantFrom('t', null),
    ),
  },
  { type: 'int4range', values: range(int(32)) },
  { type: 'int8range', values: range(int(64)) },
  { type: 'numrange', values: range(numeric) },
  { type: 'tsrange', values: range(timestamp) },
  { type: 'tstzrange', values: range(timestamp) },
  { type: 'daterange', values: range(date(3000)) },
  { type: 'text_range', values: range(longText) },
  {
    type: 'altered',
    values: record(fc.option(int(32)), fc.option(int(64)), fc.option(text)),
  },
  {
    type: 'pairs_range',
    values: range(array(record(fc.option(int(32)), text, fc.option(timestamp), fc.option(array(numeric))))),
  },
  { type: 'numrange[]', values: array(range(numeric)) },
  { type: 'int4multirange', values: multirange(ordered), since: 14 },
  { type: 'nummultirange', values: multirange(range(numeric)), since: 14 },
  { type: 'tstzmultirange', values: multirange(range(timestamp)), since: 14 },
  { type: 'text_multirange', values: multirange(range(text)), since: 14 },
  {
    type: 'hstore',
    values: fc
      .array(fc.tuple(text, fc.option(text)), { maxLength: 5 })
      .map((pairs) =>
        pairs.map(([key, value]) => `${quote(key)}=>${value === null ? 'NULL' : quote(value)}`).join(','),
      ),
  },
  { type: 'ltree', values: ltree },
  { type: 'lquery', values: lquery, always: ['a.*.b|c{1,2}'] },
  { type: 'ltxtquery', values: ltxtquery, lossy: true },
  {
    type: 'cube',
    values: fc.oneof(
      fc.array(float8, { minLength: 1, maxLength: 4 }).map((list) => `(${list.join(',')})`),
      fc.tuple(finite, finite, finite, finite).map(([a, b, c, d]) => `(${a},${b}),(${c},${d})`),
    ),
    floats: true,
  },
];
