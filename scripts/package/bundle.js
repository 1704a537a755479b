// Turns dist/, as the compiler made it, into what is published.
//
//   index.js        require(): the names of ws, and this package's
//   face.js         the classes and functions that users hold
//   shared.js       what both face.js and core.js need: ws, Node's timers as they are at first, what copies of this package share.
//                   One file, since each takes time to find and to read; not in face.js, since bundlers warn of circles
//   core.js         everything behind them, which face.js loads when the first of them is used, or as soon as the event loop has
//                   time: most programs that load this package by way of another one never open a WebSocket, and its folder may
//                   be moved or replaced before the first one
//   socket-control/load.js, telemetry/, tools/     files of their own, on core.js and face.js
//   tools/libraries/     the libraries of the command line, one file each, so that nobody installs them
//
// Node's modules are loaded by their names without `node:`, which Jest 26 does not know. Only the libraries are minified: a stack trace
// through this package's own files can be read.

const fs = require('node:fs');
const path = require('node:path');
const esbuild = require('esbuild');
const { root } = require('../steps.js');

const src = path.join(root, 'src');
/** What the compiler made. */
const compiled = path.join(root, 'dist');

/** Modules of the face, in src/. */
const FACE = ['additions', 'attach', 'set-defaults', 'websocket', 'websocket-server', 'websocket-stream'];
const SHARED = ['copies', 'errors', 'real-timers', 'switched-off', 'upstream'];
/** Modules that are files of their own. load.ts finds the addon by its own place. */
const ALONE = ['index', 'browser', 'socket-control/load', 'telemetry/prometheus', 'telemetry/opentelemetry'];

/** Packages that are bundled: the imports of the tools, and the file for each. */
const LIBRARIES = {
  commander: 'commander',
  'cli-progress': 'cli-progress',
  'cli-table3': 'cli-table3',
  picocolors: 'picocolors',
  'pure-rand/distribution/uniformInt': 'pure-rand-uniformInt',
  'pure-rand/generator/xoroshiro128plus': 'pure-rand-xoroshiro128plus',
  'string-width': 'string-width',
};
const LIBRARY_FOLDER = 'tools/libraries';
/** A script and a style sheet that the demo's page loads. */
const UPLOT = ['uPlot.iife.min.js', 'uPlot.min.css'];

// ---------- Which file a module goes into ----------

/** A source's path below src/, with slashes and without its ending. */
const moduleOf = (file) =>
  path
    .relative(src, file)
    .split(path.sep)
    .join('/')
    .replace(/\.m?ts$/, '');

/** The file of dist/ that has a module, without its ending. */
function homeOf(module) {
  if (FACE.includes(module)) return 'face';
  if (SHARED.includes(module)) return 'shared';
  return ALONE.includes(module) || module.startsWith('tools/') ? module : 'core';
}

/** The name of a module's exports in face.js or core.js. */
const exportName = (module) => module.replaceAll(/\W/g, '_');

const sources = fs
  .readdirSync(src, { recursive: true })
  .filter((file) => /\.ts$/.test(file))
  .map((file) => moduleOf(path.join(src, file)));

/** The path by which one file of dist/ loads another one. */
function specifier(from, to) {
  const relative = path.posix.relative(path.posix.dirname(from), `${to}.js`);
  return relative.startsWith('.') ? relative : `./${relative}`;
}

// ---------- How a file gets what is in another one ----------

/** What a module exports, found in what the compiler made of it. */
const exportsOf = (module) => Object.keys(require(path.join(compiled, `${module}.js`)));

/** Loads core.js once. */
const LOADER = `let core;\nmodule.exports = () => (core ??= require('./core.js'));`;

/** Loads core.js before it is needed. Jest fails a run in which anything is loaded after a file's last test. */
const PRELOAD = `
import core from 'loader:';
import { setImmediate } from './real-timers';
import { isSwitchedOff } from './switched-off';
function preload() {
  try { core(); } catch {} // whoever uses it is told
}
if (!isSwitchedOff) {
  if (process.env.JEST_WORKER_ID !== undefined) preload();
  else setImmediate(preload).unref?.();
}`;

/**
 * The exports of a module in core.js for face.js: what loads core.js when the first of them is used, and is replaced by what is
 * there, so that nothing comes in between later.
 */
function lazily(module) {
  const values = Object.entries(require(path.join(compiled, `${module}.js`)));
  const lazy = values.filter(([, value]) => typeof value === 'function');
  const names = lazy.map(([name]) => name).join(', ');
  return [
    `import core from 'loader:';`,
    `const load = () => { ({ ${names} } = core().${exportName(module)}); };`,
    ...lazy.map(([name, value]) => `export let ${name} = ${standIn(name, value)};`),
    ...values
      .filter(([, value]) => typeof value !== 'function')
      .map(([name, value]) => `export const ${name} = ${JSON.stringify(value)};`),
  ].join('\n');
}

/** Until core.js is loaded. A class is only made instances of. */
function standIn(name, value) {
  const call = `${/^class\b/.test(value) ? 'new ' : ''}${name}(...args)`;
  return `function (...args) { load(); return ${call}; }`;
}

/** For functions that users get: each is there at once, keeps its identity, and loads core.js when it is called. */
function lazyFunctions(module) {
  const names = exportsOf(module).filter((name) => ADDITIONS.has(name));
  const wrappers = names.map(
    (name) => `export function ${name}(...args) { return core().${exportName(module)}.${name}(...args); }`,
  );
  return `import core from 'loader:';\n${wrappers.join('\n')}`;
}

const ADDITIONS = new Set(exportsOf('additions'));

/** Resolves imports for the file `home` of dist/. */
function plugin(home) {
  return {
    name: 'homes',
    setup(build) {
      const contents = (text) => ({ contents: text, resolveDir: src, loader: 'js' });
      const load = (module) =>
        `export const { ${exportsOf(module).join(', ')} } = require(${JSON.stringify(specifier(home, homeOf(module)))}).${exportName(module)};`;
      build.onResolve({ filter: /^node:/ }, ({ path: name }) => ({ path: name.slice('node:'.length), external: true }));
      build.onResolve({ filter: /^loader:$/ }, () => ({ path: 'core.js', namespace: 'loader' }));
      build.onLoad({ filter: /./, namespace: 'loader' }, () => contents(LOADER));
      build.onResolve({ filter: /^[a-z@]/ }, ({ path: name, namespace }) => {
        if (namespace === 'library') return undefined;
        const library = LIBRARIES[name];
        return { path: library ? specifier(home, `${LIBRARY_FOLDER}/${library}`) : name, external: true };
      });
      build.onResolve({ filter: /^\./ }, ({ path: name, resolveDir, importer, kind, namespace }) => {
        if (kind === 'entry-point' || namespace !== 'file' || name.endsWith('.json')) {
          return namespace === 'file' && kind !== 'entry-point' ? { path: name, external: true } : undefined;
        }
        const module = moduleOf(path.join(resolveDir, name));
        const theirs = homeOf(module);
        if (theirs === home) return undefined;
        if (theirs === module) return { path: specifier(home, module), external: true };
        return { path: module, namespace: importer && moduleOf(importer) === 'additions' ? 'lazy-functions' : theirs };
      });
      build.onLoad({ filter: /./, namespace: 'lazy-functions' }, ({ path: module }) => contents(lazyFunctions(module)));
      build.onLoad({ filter: /./, namespace: 'core' }, ({ path: module }) =>
        contents(home === 'face' ? lazily(module) : load(module)),
      );
      for (const namespace of ['face', 'shared']) {
        build.onLoad({ filter: /./, namespace }, ({ path: module }) => contents(load(module)));
      }
      for (const namespace of ['loader', 'core', 'face', 'shared']) {
        build.onResolve({ filter: /^\./, namespace }, ({ path: name }) => ({ path: name, external: true }));
      }
    },
  };
}

// ---------- The files ----------

const COMMON = {
  ...{ bundle: true, platform: 'node', format: 'cjs', target: 'node20' },
  ...{ absWorkingDir: root, charset: 'utf8', logLevel: 'warning' },
};

/** esbuild's exports are getters, which cost time at each use from another file. */
const PLAIN =
  'module.exports = Object.fromEntries(Object.entries(module.exports).map(([name, module]) => [name, { ...module }]));';

/** A file that has several modules: each is one export. */
function many(home, dist) {
  const modules = sources.filter((module) => homeOf(module) === home);
  const modulesOf = modules.map((module) => `export * as ${exportName(module)} from './${module}';`).join('\n');
  const contents = home === 'face' ? modulesOf + PRELOAD : modulesOf;
  const stdin = { contents, resolveDir: src, sourcefile: `${home}.ts`, loader: 'ts' };
  const outfile = path.join(dist, `${home}.js`);
  return esbuild.build({ ...COMMON, stdin, outfile, footer: { js: PLAIN }, plugins: [plugin(home)] });
}

/** A file of one module. */
function one(module, dist) {
  const entryPoints = [path.join(src, `${module}.ts`)];
  const outfile = path.join(dist, `${module}.js`);
  return esbuild.build({ ...COMMON, entryPoints, outfile, plugins: [plugin(module)] });
}

/** A library as one file. Returns the files of node_modules that are in it. */
async function library([name, file], dist) {
  const outfile = path.join(dist, LIBRARY_FOLDER, `${file}.js`);
  const stdin = { contents: `module.exports = require('${name}');`, resolveDir: root };
  const { metafile } = await esbuild.build({ ...COMMON, stdin, outfile, metafile: true, minify: true });
  return Object.keys(metafile.inputs).filter((input) => input.includes('node_modules/'));
}

/**
 * Rewrites a folder that is as the compiler made dist/. Returns the names of the packages whose code is in it.
 */
async function bundle(dist) {
  const before = fs.readdirSync(dist, { recursive: true }).filter((file) => /\.(d\.m?ts|js)$/.test(file));
  const alone = sources.filter((module) => homeOf(module) === module);
  const together = ['face', 'core', 'shared'].map((home) => many(home, dist));
  await Promise.all([...together, ...alone.map((module) => one(module, dist))]);
  const inputs = (await Promise.all(Object.entries(LIBRARIES).map((each) => library(each, dist)))).flat();

  const uplot = path.dirname(require.resolve('uplot/dist/uPlot.iife.min.js'));
  for (const name of UPLOT) fs.copyFileSync(path.join(uplot, name), path.join(dist, LIBRARY_FOLDER, name));

  const kept = new Set(alone.map((module) => path.normalize(`${module}.js`)));
  for (const file of before) {
    if (!kept.has(file) && path.dirname(file) !== 'types') fs.rmSync(path.join(dist, file));
  }
  const packages = inputs.map((input) => /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input)[1]);
  return [...new Set([...packages, 'uplot', '@types/ws-upstream'])].sort();
}

module.exports = { bundle };
