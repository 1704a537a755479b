// Apps with ws-linger that a bundler turned into one file, or that consist of the files that @vercel/nft traced.
import assert from 'node:assert/strict';
import { copyFileSync, cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { before, describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { assertNative, assertPortable } from './expect.js';
import { canRunWindows, emptyFolder, install, type Project, run } from './projects.js';

const BINARY = join('prebuilds', 'win32-x64', 'ws-linger.node');
const onWindows = { skip: !canRunWindows };

let project: Project;
before(() => {
  const rollup = [
    'rollup@4.68.7',
    ...['commonjs@29.0.3', 'json@6.1.0', 'node-resolve@16.0.3'].map((p) => `@rollup/plugin-${p}`),
  ];
  const others = ['esbuild@0.28.2', 'webpack@5.112.2', 'vite@8.3.8', '@vercel/nft@1.11.5'];
  project = install('npm', 'here', [...rollup, ...others]);
});

/** Loads a tool that is installed in the project. */
const tool = (name: string) => createRequire(join(project.folder, 'package.json'))(name);
const resolve = (name: string) => createRequire(join(project.folder, 'package.json')).resolve(name);

/** Bundles a program of the project. Fails on an error or a warning. */
type Bundler = (program: string, outfile: string) => Promise<void>;

function assertNoMessages(...messages: { text?: string; message?: string }[][]): void {
  assert.deepEqual(
    messages.flat().map(({ text, message }) => text ?? message),
    [],
  );
}

const esbuild =
  (more: object = {}): Bundler =>
  async (program, outfile) => {
    const options = { bundle: true, platform: 'node', logLevel: 'silent', ...more };
    const entryPoints = [join(project.folder, program)];
    const { errors, warnings } = await tool('esbuild').build({ ...options, entryPoints, outfile });
    assertNoMessages(errors, warnings);
  };

/** Bundles to an ES module, in which the user has to define the variables that CommonJS modules expect. */
const esbuildModule = (define: string): Bundler =>
  esbuild({ format: 'esm', banner: { js: `import { createRequire } from 'node:module'; ${define}` } });
const REQUIRE = 'const require = createRequire(import.meta.url);';
const DIRNAME = 'const __dirname = import.meta.dirname;';

const webpack: Bundler = async (program, outfile) => {
  const options = {
    mode: 'production',
    target: 'node',
    context: project.folder,
    entry: `./${program}`,
    output: { path: dirname(outfile), filename: basename(outfile) },
    // ws uses these two if they are installed; webpack warns if they are not.
    externals: { bufferutil: 'commonjs bufferutil', 'utf-8-validate': 'commonjs utf-8-validate' },
  };
  const stats = await promisify(tool('webpack'))(options);
  const { errors, warnings } = stats.toJson();
  assertNoMessages(errors, warnings);
};

const rollup: Bundler = async (program, outfile) => {
  const plugins = [
    tool('@rollup/plugin-node-resolve').nodeResolve({ preferBuiltins: true }),
    tool('@rollup/plugin-commonjs')(),
    tool('@rollup/plugin-json')(),
  ];
  const messages: { message: string }[] = [];
  const onwarn = (warning: { message: string }) => messages.push(warning);
  const bundle = await tool('rollup').rollup({ input: join(project.folder, program), plugins, onwarn });
  const toModule = outfile.endsWith('.mjs');
  await bundle.write({ file: outfile, format: toModule ? 'es' : 'cjs', banner: toModule ? DIRNAME : '' });
  assertNoMessages(messages);
};

/** Bundles for SSR with all dependencies, which Vite would otherwise leave out. */
const vite: Bundler = async (program, outfile) => {
  const { build, createLogger } = await import(pathToFileURL(resolve('vite')).href);
  const messages: { text: string }[] = [];
  const collect = (text: string) => messages.push({ text });
  const customLogger = { ...createLogger('silent'), warn: collect, warnOnce: collect, error: collect };
  const output = { entryFileNames: basename(outfile), banner: DIRNAME };
  await build({
    configFile: false,
    customLogger,
    root: project.folder,
    ssr: { noExternal: true },
    build: { ssr: program, outDir: dirname(outfile), emptyOutDir: false, rollupOptions: { output } },
  });
  assertNoMessages(messages);
};

const BUNDLES: [title: string, program: string, file: string, bundle: Bundler][] = [
  ['esbuild, from require()', 'main.cjs', 'bundle.cjs', esbuild()],
  ['esbuild, from import', 'main.mjs', 'bundle.cjs', esbuild()],
  ['esbuild, from import to an ES module', 'main.mjs', 'bundle.mjs', esbuildModule(REQUIRE + DIRNAME)],
  ['webpack, from require()', 'main.cjs', 'bundle.cjs', webpack],
  ['webpack, from import', 'main.mjs', 'bundle.cjs', webpack],
  ['rollup, from require()', 'main.cjs', 'bundle.cjs', rollup],
  ['rollup, from import to an ES module', 'main.mjs', 'bundle.mjs', rollup],
  ['Vite, for SSR', 'main.mjs', 'bundle.mjs', vite],
];

function putBinaryBeside(folder: string): void {
  mkdirSync(dirname(join(folder, BINARY)), { recursive: true });
  copyFileSync(join(project.folder, 'node_modules/ws-linger', BINARY), join(folder, BINARY));
}

for (const [title, program, file, bundle] of BUNDLES) {
  describe(title, () => {
    // Outside the project, so that the bundle finds no node_modules.
    const folder = emptyFolder();

    it('builds without an error or a warning', () => bundle(program, join(folder, file)));

    it('runs on this machine, and its logger writes the expected line', async () => {
      const ran = await run({ folder }, 'here', [file, 'too-long']);
      assertPortable(ran, /has no native part/);
      assert.deepEqual(
        ran.otherLines.map((line) => JSON.parse(line).kind),
        ['protocol-error'],
      );
    });

    it('is portable on Windows without prebuilds/, without a warning', onWindows, async () => {
      const ran = await run({ folder }, 'windows', [file]);
      assertPortable(ran, /there is no binary for win32-x64/);
      assert.deepEqual(ran.otherLines, []);
    });

    it('is native on Windows with prebuilds/ beside it', onWindows, async () => {
      putBinaryBeside(folder);
      const ran = await run({ folder }, 'windows', [file]);
      assertNative(ran);
      assert.deepEqual(ran.otherLines, []);
    });

    it('is portable on Windows with a broken binary beside it, with one warning', onWindows, async () => {
      writeFileSync(join(folder, BINARY), 'no binary');
      const ran = await run({ folder }, 'windows', [file]);
      assertPortable(ran, /ws-linger\.node failed to load: ./);
      assert.deepEqual(
        ran.otherLines.map((line) => JSON.parse(line).event),
        ['native-unavailable'],
      );
    });
  });
}

it('an ES module without __dirname is portable on Windows, without a warning', onWindows, async () => {
  const folder = emptyFolder();
  await esbuildModule(REQUIRE)('main.mjs', join(folder, 'bundle.mjs'));
  putBinaryBeside(folder);
  const ran = await run({ folder }, 'windows', ['bundle.mjs']);
  assertPortable(ran, /this bundle has no __dirname/);
  assert.deepEqual(ran.otherLines, []);
});

describe('@vercel/nft', () => {
  let folder: string;

  it('traces the package with the binary for Windows', async () => {
    const programs = ['main.cjs', 'main.mjs'].map((file) => join(project.folder, file));
    const { fileList, warnings } = await tool('@vercel/nft').nodeFileTrace(programs, { base: project.folder });
    assert.ok(fileList.has(join('node_modules/ws-linger', BINARY)));
    for (const { message } of warnings) assert.match(message, /"(bufferutil|utf-8-validate)"/);
    folder = emptyFolder();
    for (const file of fileList) cpSync(join(project.folder, file), join(folder, file));
  });

  for (const program of ['main.cjs', 'main.mjs']) {
    it(`a copy of the traced files runs ${program} on this machine`, async () => {
      const ran = await run({ folder }, 'here', [program, 'too-long']);
      assertPortable(ran, /has no native part/);
      assert.equal(ran.otherLines.length, 1);
    });

    it(`a copy of the traced files runs ${program} on Windows, natively`, onWindows, async () => {
      const ran = await run({ folder }, 'windows', [program]);
      assertNative(ran);
      assert.deepEqual(ran.otherLines, []);
    });
  }
});
