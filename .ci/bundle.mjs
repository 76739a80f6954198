/**
 * Makes of the program the few files that users run, dist/bundle: Node takes longer to find and compile hundreds of small modules than
 * forkpoint takes to draw its first screen. `cli.js` is the front door; what only some commands need is in files of its own, loaded when
 * they do; each worker thread has its own entry. React and Ink are in their production build, without devtools. Everything else that
 * is installed is a development matter: the bundle needs Node and nothing more.
 */
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const OUT = 'dist/bundle';
const require = createRequire(import.meta.url);
process.chdir(ROOT);

const WORKER = /new Worker\(\s*new URL\('(\.[^']*)\.js', import\.meta\.url\)/g;

/** The source files that run in threads of their own, by the name they have in the bundle: `incident-worker` for incident/worker.ts. */
function findWorkers() {
  const found = new Map();
  for (const file of readdirSync('source', { recursive: true })) {
    if (!/\.tsx?$/.test(file)) continue;
    for (const [, path] of readFileSync(join('source', file), 'utf8').matchAll(WORKER))
      found.set(bundledName(join('source', file), path), join('source', dirname(file), `${path}.ts`));
  }
  return Object.fromEntries(found);
}

function bundledName(importer, path) {
  return relative('source', join(dirname(importer), path)).replaceAll(/[\\/]/g, '-');
}

/** A worker is found next to the file that starts it, and in the bundle all files are next to each other. */
const workersBeside = {
  name: 'workers',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]source[\\/].*\.tsx?$/ }, ({ path }) => {
      const text = readFileSync(path, 'utf8');
      if (text.search(WORKER) < 0) return undefined;
      const contents = text.replace(WORKER, (all, file) => all.replace(file, `./${bundledName(relative(ROOT, path), file)}`));
      return { contents, loader: path.endsWith('x') ? 'tsx' : 'ts' };
    });
  },
};

/** Packages that are something smaller or quicker in the bundle. */
const standIns = {
  name: 'stand-ins',
  setup({ onLoad, onResolve }) {
    const stringWidth = resolve('.ci/bundle/string-width.js');
    onResolve({ filter: /^string-width$/ }, ({ importer }) =>
      importer === stringWidth ? undefined : { path: stringWidth },
    );
    // Only keys of a table's rows are made of it: no need of all of Node's cryptography.
    onResolve({ filter: /^object-hash$/ }, () => ({ path: resolve('.ci/bundle/object-hash.js') }));
    onResolve({ filter: /^es-toolkit\/compat$/ }, () => ({ path: resolve('source/app/es-toolkit/compat.js') }));
    // Asks other programs how large the terminal is where the stream does not know: ours always does.
    onResolve({ filter: /^terminal-size$/ }, () => ({ path: 'terminal-size', namespace: 'nothing' }));
    // What connects to React's devtools, when DEV is set, which it never is here.
    onResolve({ filter: /^\.\/devtools\.js$/ }, () => ({ path: 'devtools', namespace: 'nothing' }));
    onLoad({ filter: /./, namespace: 'nothing' }, () => ({ contents: 'export default undefined' }));
  },
};

/** What is always the same and takes time to make is made here, once, by the program as it was compiled before. */
const madeBefore = {
  name: 'made before',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]source[\\/]wal[\\/]window-code\.ts$/ }, async () => {
      const { windowCode } = await import(pathToFileURL(resolve('dist/source/wal/window-code.js')).href);
      const text = Buffer.from(windowCode()).toString('base64');
      return { contents: `export const windowCode = () => Buffer.from('${text}', 'base64');` };
    });
  },
};

/** The licences of all that went into the bundle, as they ask. */
function licences(inputs) {
  const packages = new Map();
  for (const input of inputs) {
    const [folder] = /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input) ?? [];
    if (folder) packages.set(folder, JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')));
  }
  return [...packages]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([folder, { name, version, license }]) => {
      const file = readdirSync(folder).find((one) => /^licen[cs]e/i.test(one));
      const text = file ? readFileSync(join(folder, file), 'utf8').trim() : `License: ${license}`;
      return `${name} ${version}\n\n${text}\n`;
    })
    .join(`\n${'-'.repeat(80)}\n\n`);
}

/** Parts of Node that take milliseconds to load, and that a start without surprises does not use: each waits for its first use. */
const lazyParts = {
  name: 'lazy parts of Node',
  setup({ onLoad, onResolve }) {
    onResolve({ filter: /^(node:)?(assert|child_process|crypto|v8|worker_threads|zlib)$/ }, ({ path, namespace }) =>
      namespace === 'lazy' ? { path, external: true } : { path: path.replace(/^node:/, ''), namespace: 'lazy' },
    );
    onLoad({ filter: /./, namespace: 'lazy' }, ({ path }) => {
      const getters = Object.keys(require(path)).map((name) => `get ${name}() { return part().${name}; }`);
      return {
        contents: `let loaded; const part = () => (loaded ??= require('node:${path}')); module.exports = { ${getters} };`,
      };
    });
  },
};

async function bundle(entryPoints) {
  const { metafile } = await build({
    entryPoints,
    outdir: OUT,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    minify: true,
    sourcemap: 'linked',
    sourcesContent: false,
    legalComments: 'none',
    metafile: true,
    define: {
      'process.env.NODE_ENV': '"production"',
      'process.env.DEV': '"false"',
      // yoga would load its own bytes, which it has, with fetch, and with it all of Node's HTTP client.
      fetch: 'undefined',
    },
    banner: { js: "import{createRequire}from'node:module';const require=createRequire(import.meta.url);" },
    plugins: [workersBeside, standIns, lazyParts, madeBefore],
    logLevel: 'warning',
  });
  return Object.keys(metafile.inputs);
}

rmSync(OUT, { recursive: true, force: true });
const inputs = new Set([...(await bundle({ cli: 'source/cli.ts' })), ...(await bundle(findWorkers()))]);
writeFileSync(join(OUT, 'licences.txt'), licences(inputs));
