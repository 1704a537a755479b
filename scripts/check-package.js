#!/usr/bin/env node

// npm run check:package: checks the package as it is published. publint and "are the types wrong" judge its package.json, and
// the files of test/types/ are compiled with the module settings that users have: with plain ws installed too, with an override
// that puts this package in the place of ws or of its types, without Node's types, and with other versions of TypeScript.

const { execFile, execFileSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { promisify } = require('node:util');
const ts = require('typescript');
const { pack } = require('./package/build.js');
const { root } = require('./steps.js');

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ws-linger-types-'));

const commonJs = { module: 'node16', moduleResolution: 'node16' };
const INTEROP_ONLY = ['default.cts'];
const WITHOUT_INTEROP = ['namespace-without-interop.cts'];
/** Files that import ws too, which under an override would be this package itself. */
const BESIDE_WS = ['mixed.cts', 'mixed.mts'];

const everything = (file) => /\.[cm]ts$/.test(file) && !/^(augment|bare|disposal)/.test(file);
const except =
  (...without) =>
  (file) =>
    everything(file) && !without.flat().includes(file);
const always = () => true;
const bare = { lib: ['es2023'], types: [] };

/** Each project: the compiler's options, what is installed as ws and as its types, and which files it compiles. */
const PROJECTS = [
  { name: 'node16', options: commonJs, files: except(WITHOUT_INTEROP) },
  {
    name: 'node16, without esModuleInterop',
    options: { ...commonJs, esModuleInterop: false },
    files: except(INTEROP_ONLY),
  },
  { name: 'bundler', options: { module: 'preserve', moduleResolution: 'bundler' }, files: except(WITHOUT_INTEROP) },
  {
    name: 'bundler, without esModuleInterop',
    options: { module: 'esnext', moduleResolution: 'bundler', esModuleInterop: false },
    files: (file) => everything(file) && file.endsWith('.mts'),
  },
  {
    name: 'node10',
    options: { module: 'commonjs', moduleResolution: 'node10' },
    files: (file) => except(WITHOUT_INTEROP)(file) && file.endsWith('.cts'),
  },
  { name: 'ws overridden', options: commonJs, ws: 'ours', files: except(WITHOUT_INTEROP, BESIDE_WS) },
  {
    name: 'ws and @types/ws overridden',
    options: commonJs,
    ws: 'ours',
    types: 'ours',
    files: except(WITHOUT_INTEROP, BESIDE_WS),
  },
  ...['ws', 'ws-linger'].map((name) => ({
    name: `declare module '${name}'`,
    options: commonJs,
    ws: name === 'ws' ? 'ours' : undefined,
    files: (file) => /^augment\./.test(file),
    everyTypeScript: always,
  })),
  {
    name: "declare module 'ws', extending the class",
    options: commonJs,
    ws: 'ours',
    files: (file) => file === 'augment-base.cts',
    everyTypeScript: always,
  },
  {
    name: "declare module 'ws-linger', bundler",
    options: { module: 'esnext', moduleResolution: 'bundler' },
    files: (file) => file === 'augment.mts',
    everyTypeScript: always,
  },
  {
    name: "declare module 'ws-linger', node10",
    options: { module: 'commonjs', moduleResolution: 'node10' },
    files: (file) => file === 'augment.cts',
    everyTypeScript: always,
  },
  {
    name: "declare module 'ws', as ws's own types have it",
    options: commonJs,
    ws: 'ws-upstream',
    files: (file) => file === 'augment.mts',
    importing: 'ws',
  },
  ...[
    { name: 'await using', options: commonJs },
    {
      name: "await using, without Node's types",
      options: { ...commonJs, ...bare, lib: ['es2023', 'esnext.disposable'] },
      node: false,
    },
  ].map((project) => ({
    ...project,
    files: (file) => file === 'disposal.mts',
    // It came with TypeScript 5.2.
    everyTypeScript: (typescript) => typescript !== 'typescript-5.0',
  })),
  {
    name: "without Node's types",
    options: { ...commonJs, ...bare },
    node: false,
    files: (file) => file === 'bare.mts',
    everyTypeScript: always,
  },
  {
    name: "without Node's types, with those of browsers",
    options: { module: 'esnext', moduleResolution: 'bundler', ...bare, lib: ['es2023', 'dom'] },
    ws: 'ours',
    node: false,
    files: (file) => /^bare/.test(file),
    everyTypeScript: always,
  },
];

/** The oldest compiler whose users are served, and the newest ones, beside that of this repository. */
const compilers = path.join(root, 'test', 'types', 'compilers');
const OTHER_TYPESCRIPTS = Object.keys(require(path.join(compilers, 'package.json')).dependencies);

/** Makes a user's project: the packed package with its dependencies, installed as npm does it, and the files to compile. */
function makeProject({ name, options, files, ws, types, node = true, importing }, tarball) {
  const project = path.join(folder, name.replaceAll(/\W+/g, '-'));
  const install = (as, what) => {
    const target = path.join(project, 'node_modules', as);
    fs.mkdirSync(what === 'ours' ? target : path.dirname(target), { recursive: true });
    const source = path.join(root, 'node_modules', what);
    if (what === 'ours') execFileSync('tar', ['xzf', tarball, '--strip-components=1', '-C', target]);
    else fs.cpSync(source, target, { recursive: true });
  };
  install('ws', ws ?? 'ws-upstream');
  // With an override nobody asks for ws's types; where they are asked for, they may be overridden, too.
  if (ws !== 'ours' || types) install('@types/ws', types ?? '@types/ws-upstream');
  install('ws-upstream', 'ws-upstream');
  if (node) for (const what of ['@types/node', 'undici-types']) install(what, what);
  if (ws !== 'ours') install('ws-linger', 'ours');
  const imported = importing ?? (ws === 'ours' ? 'ws' : 'ws-linger');
  const sources = fs.readdirSync(path.join(root, 'test', 'types')).filter(files);
  for (const file of sources) {
    const source = fs.readFileSync(path.join(root, 'test', 'types', file), 'utf8');
    fs.writeFileSync(path.join(project, file), source.replaceAll("'ws-linger'", `'${imported}'`));
  }
  const config = {
    compilerOptions: { ...COMMON, types: node ? ['node'] : [], ...options, noEmit: true },
    files: sources,
  };
  fs.writeFileSync(path.join(project, 'tsconfig.json'), JSON.stringify(config));
  return { project, config };
}

/** The compiler's options of a test file's project, as tsconfig.json has them. Declarations are checked, too. */
const COMMON = { target: 'es2022', lib: ['es2023'], strict: true, esModuleInterop: true, skipLibCheck: false };

/** Declarations of TypeScript and of Node itself. They are the same in every project, so the first one alone checks them. */
const FOREIGN = /\/node_modules\/(typescript|@types\/node|undici-types)\//;

/** Compiles a project as `tsc --noEmit` does, but in this process, where the compiler is loaded and optimised once for all. */
function compile({ name }, { project, config }) {
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

/** Compiles a project with another TypeScript. */
async function compileWith(typescript, { project, config }) {
  const major = Number.parseInt(typescript.slice('typescript-'.length), 10);
  const isNode10 = config.compilerOptions.moduleResolution === 'node10';
  if (major >= 7 && isNode10) return; // it has no node10 any more
  const args = major === 6 && isNode10 ? ['--ignoreDeprecations', '6.0'] : [];
  await runNode(path.join(compilers, 'node_modules', typescript, 'bin', 'tsc'), ['-p', project, ...args]);
}

/** Runs a program of node_modules/.bin; rejects with what it printed when it fails. */
const runBin = (name, args) => run(path.join(root, 'node_modules', '.bin', name), args);
const runNode = (script, args) => run(process.execPath, [script, ...args]);

async function run(program, args) {
  try {
    await promisify(execFile)(program, args);
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

/** A folder of their own, since each of them would be node_modules/.bin/tsc. */
function installCompilers() {
  const installed = path.join(compilers, 'node_modules', '.package-lock.json');
  if (
    fs.existsSync(installed) &&
    fs.statSync(installed).mtimeMs >= fs.statSync(path.join(compilers, 'package-lock.json')).mtimeMs
  )
    return;
  execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: compilers,
    stdio: ['ignore', 2, 2],
  });
}

async function main() {
  installCompilers();
  const tarball = await pack(folder);
  // Processes of their own, which run beside the compiler.
  const manifest = [
    check('publint', () => runBin('publint', ['--strict', tarball])),
    check('are the types wrong', () => runBin('attw', [tarball])),
  ];
  for (const project of PROJECTS) {
    const made = makeProject(project, tarball);
    await check(project.name, () => compile(project, made));
    for (const typescript of OTHER_TYPESCRIPTS.filter(project.everyTypeScript ?? (() => false))) {
      await check(`${project.name}, ${typescript}`, () => compileWith(typescript, made));
    }
  }
  await Promise.all(manifest);
}

main().finally(() => fs.rmSync(folder, { recursive: true }));
