/**
 * npm runs this after installing a clone: it builds the program. The compiler and the bundler are development dependencies; without them
 * (`npm ci --omit=dev`) what is built already stays, and where nothing is, this says what to do.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

if (existsSync('node_modules/typescript')) {
  const { status } = spawnSync('npm', ['run', 'build'], { stdio: 'inherit', shell: process.platform === 'win32' });
  process.exitCode = status ?? 1;
} else if (!existsSync('dist/bundle/cli.js')) {
  process.stderr.write(
    'forkpoint is installed but not built, since its compiler is a development dependency.\n' +
      'Build it elsewhere (npm ci && npm pack) and install the packed file here (npm install -g forkpoint-0.1.0.tgz),\n' +
      'or build it here (npm ci): what is built has in it what it needs, and node_modules may be dropped afterwards.\n',
  );
}
