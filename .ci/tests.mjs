/**
 * Runs the compiled test files, two at a time, those that take longest first, so that none runs on alone at the end:
 *
 *     node .ci/tests.mjs            all of them, those of the matrix on a few majors
 *     node .ci/tests.mjs matrix     those of the matrix, on every major and wal_level in scope
 *
 * With FORKPOINT_MATRIX=all the first does what both do, each file once.
 */
import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { run } from 'node:test';
import { spec, tap } from 'node:test/reporters';
import { fileURLToPath } from 'node:url';

const COMPILED = fileURLToPath(new URL('../dist/test/', import.meta.url));
const SOURCES = fileURLToPath(new URL('../test/', import.meta.url));

/** What is promised first of all: these take their servers from test/support/matrix.ts. */
const MATRIX = [
  'lost-ddl',
  'wal-only',
  'lost-transactions',
  'rewritten-catalogs',
  'large-objects',
  'segment-sizes',
];

/** The longest of the others. */
const LONG = [
  'jobs',
  'fuzz',
  'server-encodings',
  'preserve',
  'written-ahead',
  'read-only',
  'odd-cases',
  'large-transactions',
  'recorded',
  'corruption',
  'archives',
  'restore-command',
  'bad-input',
  'several-databases',
  'check',
];

/** Every test file by its name, `lost-ddl` for test/lost-ddl.test.ts; what stays compiled of one that is gone is left out. */
function everyTest() {
  const sources = readdirSync(SOURCES);
  return readdirSync(COMPILED)
    .filter((file) => file.endsWith('.test.js'))
    .map((file) => basename(file, '.js'))
    .filter((test) => sources.includes(`${test}.ts`) || sources.includes(`${test}.tsx`))
    .map((test) => basename(test, '.test'));
}

/** The names in the order in which they begin. */
function testsOf(extent) {
  if (extent === 'matrix') return MATRIX;
  const first = [...MATRIX, ...LONG];
  const every = everyTest();
  const gone = first.filter((test) => !every.includes(test));
  if (gone.length > 0) throw new Error(`.ci/tests.mjs names test files that are not there: ${gone.join(', ')}`);
  return [...first, ...every.filter((test) => !first.includes(test))];
}

const [extent] = process.argv.slice(2);
if (extent === 'matrix') process.env.FORKPOINT_MATRIX = 'all';
else if (extent !== undefined) throw new Error(`there is nothing but the matrix to be chosen, not ${extent}`);

run({ files: testsOf(extent).map((test) => join(COMPILED, `${test}.test.js`)), concurrency: 2 })
  .on('test:fail', () => {
    process.exitCode = 1;
  })
  .compose(process.stdout.isTTY ? spec : tap)
  .pipe(process.stdout);
