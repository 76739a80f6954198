/**
 * Puts PostgreSQL's server binaries beside the tests: `npm ci` in this folder, then the libraries' symbolic links,
 * which npm cannot pack and npm 11 does not let a dependency make for itself. Done once; afterwards it returns at once.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = dirname(fileURLToPath(import.meta.url));
const modules = join(folder, 'node_modules');
const stamp = join(modules, '.forkpoint-complete');
const wanted = createHash('sha256')
  .update(readFileSync(join(folder, 'package-lock.json')))
  .digest('hex');

/** Makes the links that `native/pg-symlinks.json` lists: all of them lie within one folder. */
function linkLibraries(packageFolder) {
  const list = join(packageFolder, 'native', 'pg-symlinks.json');
  if (!existsSync(list)) return;
  for (const { source, target } of JSON.parse(readFileSync(list, 'utf8'))) {
    const link = join(packageFolder, target);
    if (dirname(source) !== dirname(target))
      throw new Error(`unexpected link ${target} to ${source} in ${list}`);
    if (!existsSync(link)) symlinkSync(basename(source), link);
  }
}

if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) process.exit(0);

if (process.platform !== 'linux' || process.arch !== 'x64') {
  console.error(
    'The tests run real PostgreSQL servers, whose npm packages are used here for Linux on x64 only.',
  );
  process.exit(1);
}

console.log('Installing PostgreSQL 10 to 18 for the tests (about 550 MB, once) ...');
execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: folder, stdio: 'inherit' });
for (const name of readdirSync(modules)) {
  if (name.startsWith('postgres-')) linkLibraries(join(modules, name));
}
writeFileSync(stamp, wanted);
