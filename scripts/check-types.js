#!/usr/bin/env node

// npm run check:types: looks at the package as it is published. publint and "are the types wrong" judge its package.json,
// and the files of test/types/ are compiled in the ways in which users compile theirs: beside plain ws, and where an
// override has put this package in the place of ws or of its types.

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const root = path.join(__dirname, '..');
const bin = (name) => path.join(root, 'node_modules', '.bin', name);
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ws-linger-types-'));

const commonJs = { module: 'node16', moduleResolution: 'node16' };
const INTEROP_ONLY = ['default.cts'];
const WITHOUT_INTEROP = ['namespace-without-interop.cts'];
/** These name ws as well, which under an override would be this package itself. */
const BESIDE_WS = ['mixed.cts', 'mixed.mts'];

/** Every way: what is in node_modules as ws and as its types, the compiler's options, and the files left out. */
const WAYS = [
  { name: 'node16', options: commonJs, without: WITHOUT_INTEROP },
  { name: 'node16, without esModuleInterop', options: { ...commonJs, esModuleInterop: false }, without: INTEROP_ONLY },
  { name: 'bundler', options: { module: 'preserve', moduleResolution: 'bundler' }, without: WITHOUT_INTEROP },
  {
    name: 'bundler, without esModuleInterop',
    options: { module: 'esnext', moduleResolution: 'bundler', esModuleInterop: false },
    only: '.mts',
    without: [],
  },
  {
    name: 'node10',
    options: { module: 'commonjs', moduleResolution: 'node10' },
    only: '.cts',
    without: WITHOUT_INTEROP,
  },
  { name: 'ws overridden', options: commonJs, ws: 'ours', without: [...WITHOUT_INTEROP, ...BESIDE_WS] },
  {
    name: 'ws and @types/ws overridden',
    options: commonJs,
    ws: 'ours',
    types: 'ours',
    without: [...WITHOUT_INTEROP, ...BESIDE_WS],
  },
];

/** A user's project: the packed package, and what it depends on, beside it as npm puts it. */
function makeProject(name, tarball, { ws, types }) {
  const project = path.join(folder, name.replaceAll(/\W+/g, '-'));
  const install = (as, what) => {
    const target = path.join(project, 'node_modules', as);
    fs.mkdirSync(what === 'ours' ? target : path.dirname(target), { recursive: true });
    const source = path.join(root, 'node_modules', what);
    if (what === 'ours') execFileSync('tar', ['xzf', tarball, '--strip-components=1', '-C', target]);
    else if (what === '@types/node') fs.symlinkSync(source, target);
    // A copy each, so that ws's types and those that this package builds on are not the same.
    else fs.cpSync(source, target, { recursive: true });
  };
  install('ws', ws ?? 'ws-upstream');
  install('@types/ws', types ?? '@types/ws-upstream');
  for (const what of ['ws-upstream', '@types/ws-upstream', '@types/node']) install(what, what);
  if (ws !== 'ours') install('ws-linger', 'ours');
  return project;
}

function compile({ name, options, only = '', without, ws, types }, tarball) {
  const project = makeProject(name, tarball, { ws, types });
  const files = fs
    .readdirSync(path.join(root, 'test', 'types'))
    .filter((file) => file.endsWith(only) && !without.includes(file));
  for (const file of files) {
    const source = fs.readFileSync(path.join(root, 'test', 'types', file), 'utf8');
    fs.writeFileSync(path.join(project, file), ws === 'ours' ? source.replaceAll("'ws-linger'", "'ws'") : source);
  }
  const compilerOptions = {
    target: 'es2022',
    lib: ['es2023'],
    strict: true,
    esModuleInterop: true,
    types: ['node', 'ws'],
    ...options,
  };
  fs.writeFileSync(path.join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }));
  run(`${name} (${files.length} files)`, bin('tsc'), ['-p', project, '--noEmit', '--pretty', 'false']);
}

let failed = 0;

function run(name, command, args) {
  const began = Date.now();
  try {
    execFileSync(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    console.log(`passed  ${name}, ${Math.round((Date.now() - began) / 100) / 10} s`);
  } catch (error) {
    failed++;
    console.log(`FAILED  ${name}\n${error.stdout}${error.stderr}`);
  }
}

try {
  // Without scripts: what is packed is what has been compiled, and nothing is compiled under somebody's feet.
  const [{ filename }] = JSON.parse(
    execFileSync('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', folder], { cwd: root }),
  );
  const tarball = path.join(folder, filename);
  run('publint', bin('publint'), ['--strict', tarball]);
  run('are the types wrong', bin('attw'), [tarball]);
  for (const way of WAYS) compile(way, tarball);
} finally {
  fs.rmSync(folder, { recursive: true });
}
process.exitCode = failed === 0 ? 0 : 1;
