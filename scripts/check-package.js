#!/usr/bin/env node

// npm run check:package: checks the package as it is published. publint and "are the types wrong" judge its package.json, and
// the files of test/types/ are compiled with the module settings that users have: with plain ws installed too, and with an
// override that puts this package in the place of ws or of its types.

const { execFile, execFileSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { promisify } = require('node:util');
const ts = require('typescript');
const { root } = require('./steps.js');

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ws-linger-types-'));

const commonJs = { module: 'node16', moduleResolution: 'node16' };
const INTEROP_ONLY = ['default.cts'];
const WITHOUT_INTEROP = ['namespace-without-interop.cts'];
/** Files that import ws too, which under an override would be this package itself. */
const BESIDE_WS = ['mixed.cts', 'mixed.mts'];

/** Each project: the compiler's options, what is installed as ws and as its types, and which files it compiles. */
const PROJECTS = [
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

/** Makes a user's project: the packed package with its dependencies, installed as npm does it. */
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

/** The compiler's options of a test file's project, as tsconfig.json has them. */
const COMMON = { target: 'es2022', lib: ['es2023'], strict: true, esModuleInterop: true, types: ['node', 'ws'] };

/** Declarations of TypeScript and of Node itself. They are the same in every project, so the first one alone checks them. */
const FOREIGN = /\/node_modules\/(typescript|@types\/node|undici-types)\//;

/** Compiles a project as `tsc --noEmit` does, but in this process, where the compiler is loaded and optimised once for all. */
function compile({ name, options, only = '', without, ws, types }, tarball) {
  const project = makeProject(name, tarball, { ws, types });
  const files = fs
    .readdirSync(path.join(root, 'test', 'types'))
    .filter((file) => file.endsWith(only) && !without.includes(file));
  for (const file of files) {
    const source = fs.readFileSync(path.join(root, 'test', 'types', file), 'utf8');
    fs.writeFileSync(path.join(project, file), ws === 'ours' ? source.replaceAll("'ws-linger'", "'ws'") : source);
  }
  const config = { compilerOptions: { ...COMMON, ...options, noEmit: true }, files };
  const parsed = ts.parseJsonConfigFileContent(config, ts.sys, project, undefined, path.join(project, 'tsconfig.json'));
  const program = ts.createProgram({
    ...parsed,
    rootNames: parsed.fileNames,
    configFileParsingDiagnostics: parsed.errors,
  });
  const checked = program
    .getSourceFiles()
    .filter(({ fileName }) => name === PROJECTS[0].name || !FOREIGN.test(fileName));
  const found = ts.sortAndDeduplicateDiagnostics(checked.flatMap((file) => ts.getPreEmitDiagnostics(program, file)));
  if (found.length > 0) throw new Error(ts.formatDiagnostics(found, ts.createCompilerHost(parsed.options)));
}

/** Runs a program of node_modules/.bin; rejects with what it printed when it fails. */
async function runBin(name, args) {
  try {
    await promisify(execFile)(path.join(root, 'node_modules', '.bin', name), args);
  } catch ({ stdout, stderr, message }) {
    throw new Error(`${stdout}${stderr}` || message);
  }
}

/** Reports one check. A failure does not stop the others. */
async function check(name, work) {
  try {
    await work();
    console.log(`passed  ${name}`);
  } catch (error) {
    process.exitCode = 1;
    console.log(`FAILED  ${name}\n${error.message}`);
  }
}

async function main() {
  // Without npm's scripts: what has been compiled is packed, and nothing is compiled while other programs use it.
  const [{ filename }] = JSON.parse(
    execFileSync('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', folder], { cwd: root }),
  );
  const tarball = path.join(folder, filename);
  // Processes of their own, which run beside the compiler.
  const manifest = [
    check('publint', () => runBin('publint', ['--strict', tarball])),
    check('are the types wrong', () => runBin('attw', [tarball])),
  ];
  for (const project of PROJECTS) await check(project.name, () => compile(project, tarball));
  await Promise.all(manifest);
}

main().finally(() => fs.rmSync(folder, { recursive: true }));
