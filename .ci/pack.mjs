/**
 * npm runs this around packing. The bundle has in it what it needs, so the packed package asks for no other: installing it is one package,
 * without network. `prepack` puts a package.json without dependencies in the place of the clone's, `postpack` puts that back.
 */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';

const KEPT = 'dist/package.json';

// What an interrupted packing has left is put back first.
if (existsSync(KEPT)) renameSync(KEPT, 'package.json');
if (process.env['npm_lifecycle_event'] === 'prepack') {
  const text = readFileSync('package.json', 'utf8');
  const { name, version, description, license, type, bin, files, engines } = JSON.parse(text);
  writeFileSync(KEPT, text);
  writeFileSync('package.json', `${JSON.stringify({ name, version, description, license, type, bin, files, engines }, null, 2)}\n`);
}
