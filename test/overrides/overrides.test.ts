// Applies each recipe of docs/overrides.md literally, with its package manager, to an app whose libraries use ws.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import type { CopyState, Project } from '../../dist/tools/doctor/project.js';
import {
  npmNetwork,
  type PackageManager,
  type PackageManagerName,
  packageManagers,
} from '../install/package-managers.js';
import { canRunWindows, cleanEnv, emptyFolder, here, onWindows, tarball, temporary } from '../install/projects.js';
import { type Registry, startRegistry } from './registry.js';

const root = join(__dirname, '..', '..');
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

const BENEATH = { 'socket.io': '^4.8.0', jsdom: '^26.1.0' };
/** Libraries with ws as a peer dependency, so that the app depends on ws itself. */
const BESIDE = { graphql: '^16.11.0', 'graphql-ws': '^6.0.0', 'isomorphic-ws': '^5.0.0' };
const WS = { ws: '^8.18.0' };
/** A library that asks for ws 7, and must keep it. */
const OF_WS_7 = { express: '^5.0.0', 'express-ws': '^5.0.2' };

interface Recipe {
  name: string;
  manager: PackageManagerName;
  /** The heading of the recipe in the guide. */
  heading: string;
  /** The index of its code block below the heading, from 0. */
  block: number;
  dependencies: Record<string, string>;
  /** The guide's command for checking an override. Each name in its output must be `ours`, or that of ws 7 where it is to stay. */
  check: { args: string[]; names: RegExp; ours: string };
  onWindows?: true;
  /** The manager may make a copy of ws-linger for each library. */
  mayRepeat?: true;
}

const ALL = { ...BENEATH, ...BESIDE };
const yarnCheck = { args: ['list', '--pattern', 'ws'], names: /─ ws@(\S+)$/gm, ours: version };
const berryCheck = { args: ['why', 'ws'], names: /^[├└]─ (\S+)$/gm, ours: `ws-linger@npm:${version}` };
const npmCheck = { args: ['npm', 'ls', 'ws'], names: / ws@(\S+)/g, ours: `npm:ws-linger@${version}` };

const RECIPES: Recipe[] = [
  {
    name: 'npm, ws only beneath other libraries',
    manager: 'npm',
    heading: 'npm',
    block: 0,
    dependencies: { ...BENEATH, ...OF_WS_7 },
    check: npmCheck,
    mayRepeat: true,
  },
  {
    name: 'npm, ws also a dependency of the app',
    manager: 'npm',
    heading: 'npm',
    block: 1,
    dependencies: { ...ALL, ...OF_WS_7 },
    check: npmCheck,
    onWindows: true,
  },
  {
    name: 'pnpm',
    manager: 'pnpm',
    heading: 'pnpm',
    block: 0,
    dependencies: { ...ALL, ...WS, ...OF_WS_7 },
    check: { args: ['why', 'ws'], names: /^ws@\S+\n└─┬ (\S+)$/gm, ours: `ws-linger@${version}` },
  },
  {
    name: 'Yarn 1',
    manager: 'yarn classic',
    heading: 'Yarn 1',
    block: 0,
    dependencies: ALL,
    check: yarnCheck,
  },
  {
    name: 'Yarn 1, beside ws 7',
    manager: 'yarn classic',
    heading: 'Yarn 1',
    block: 1,
    dependencies: { ...ALL, ...OF_WS_7 },
    check: yarnCheck,
  },
  {
    name: "Yarn 4, Plug'n'Play",
    manager: "yarn Plug'n'Play",
    heading: 'Yarn 2 and later',
    block: 0,
    dependencies: { ...ALL, ...WS },
    check: berryCheck,
  },
  {
    name: "Yarn 4, Plug'n'Play, beside ws 7",
    manager: "yarn Plug'n'Play",
    heading: 'Yarn 2 and later',
    block: 1,
    dependencies: { ...ALL, ...OF_WS_7 },
    check: berryCheck,
  },
];

/** Returns the code blocks of a section of the guide. */
function blocks(heading: string): { language: string; code: string }[] {
  const guide = readFileSync(join(root, 'docs', 'overrides.md'), 'utf8');
  const section = guide.split(/^## /m).find((part) => part.startsWith(`${heading}\n`)) ?? '';
  return [...section.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map(([, language = '', code = '']) => ({
    language,
    code,
  }));
}

let registry: Registry;
before(async () => {
  registry = await startRegistry(tarball, npmNetwork().registry ?? '');
});
after(() => registry.close());

/** Makes a project as the guide describes it. */
function prepare({ manager, heading, block }: Recipe): { folder: string; manager: PackageManager } {
  const made = packageManagers(join(temporary, 'cache'), false, registry.url)[manager];
  const { language, code } = blocks(heading)[block] as { language: string; code: string };
  const manifest = { name: 'app', private: true };
  const files: Record<string, unknown> = { 'package.json': manifest, ...made.files };
  if (language === 'yaml') files['pnpm-workspace.yaml'] = code;
  else Object.assign(manifest, JSON.parse(code));

  const folder = emptyFolder();
  for (const [file, content] of Object.entries(files)) {
    writeFileSync(join(folder, file), typeof content === 'string' ? content : JSON.stringify(content));
  }
  copyFileSync(join(root, 'test', 'overrides', 'app.js'), join(folder, 'app.cjs'));
  return { folder, manager: made };
}

/** Runs a command asynchronously, because the registry runs in this process. */
async function execute([program = '', ...args]: string[], folder: string): Promise<string> {
  const { stdout } = await promisify(execFile)(program, args, { cwd: folder, env: cleanEnv() });
  return stdout;
}

const add = ({ command }: PackageManager, dependencies: Record<string, string>, folder: string) =>
  execute([...command, ...Object.entries(dependencies).map(([name, range]) => `${name}@${range}`)], folder);

/** Filters the libraries that app.js knows. */
const librariesIn = (dependencies: object) =>
  Object.keys(dependencies).filter((name) => !/^(graphql|ws|express)$/.test(name));

/**
 * Checks the output of app.js: all libraries of ws 8 get ws-linger, with one ws beneath it, and their connections end with a known
 * cause; express-ws keeps ws 7, and works.
 */
function assertOverridden(output: string, libraries: string[], mayRepeat = false): void {
  const { gets, ends, installed } = JSON.parse(output);
  const expected = {
    ...{ 'socket.io': 'reset', jsdom: 'clean', 'graphql-ws': 'clean', 'isomorphic-ws': 'the same' },
    'express-ws': 'string',
  };
  for (const library of libraries) {
    assert.match(gets[library], library === 'express-ws' ? /^ws@7\./ : new RegExp(`^ws-linger@${version}$`), library);
    assert.equal(ends[library], expected[library as keyof typeof expected], library);
  }
  const copies = (installed as string[]).map((name) => name.replace(/\..*/, ''));
  const found = mayRepeat ? [...new Set(copies)] : copies;
  assert.deepEqual(
    found,
    ['ws-linger@8', ...(libraries.includes('express-ws') ? ['ws@7'] : []), 'ws@8'],
    copies.join(),
  );
}

for (const recipe of RECIPES) {
  const { name, dependencies, check } = recipe;
  const libraries = librariesIn(dependencies);
  describe(name, () => {
    let project: ReturnType<typeof prepare>;
    before(async () => {
      project = prepare(recipe);
      await add(project.manager, dependencies, project.folder);
    });

    it('libraries of ws 8 get ws-linger, with one ws beneath it, those of ws 7 keep it, and all work', async () => {
      const { folder, manager } = project;
      const nodeArgs = manager.nodeArgs?.slice(0, 2) ?? []; // the app has no ES modules
      assertOverridden(await here([...nodeArgs, 'app.cjs', ...libraries], folder, {}), libraries, recipe.mayRepeat);
    });

    it("the guide's command shows the override", async () => {
      const { folder, manager } = project;
      const program = manager.command.slice(0, manager.command.indexOf('add'));
      const command = check.args[0] === 'npm' ? check.args : [...program, ...check.args];
      const output = await execute(command, folder);
      const named = new Set([...output.matchAll(check.names)].map(([, name]) => name as string));
      const old = [...named].filter((name) => /^7\.|^express-ws@/.test(name));
      for (const name of old) named.delete(name);
      assert.deepEqual([...named], [check.ours], output);
      assert.equal(old.length, libraries.includes('express-ws') ? 1 : 0, output);
    });

    it('ws-linger doctor finds what each library gets', { skip: recipe.manager === "yarn Plug'n'Play" }, async () => {
      const cli = join(root, 'dist', 'tools', 'cli', 'main.js');
      const { project: found } = JSON.parse(await here([cli, 'doctor', '--json'], project.folder, {})) as {
        project: Project;
      };
      const askedBy = (state: CopyState) =>
        found.copies.flatMap((copy) => (copy.state === state ? copy.askedBy.map(({ name }) => name) : []));
      assert.deepEqual(askedBy('old-ws'), libraries.includes('express-ws') ? ['express-ws'] : []);
      assert.deepEqual(askedBy('ws'), []);
      assert.deepEqual([...new Set(askedBy('ws-upstream'))], ['ws-linger']);
      const replaced = askedBy('ws-linger-as-ws');
      const wanted = ['engine.io', ...libraries.filter((name) => name !== 'socket.io' && name !== 'express-ws')];
      for (const name of wanted) assert.ok(replaced.includes(name), `${name} is not among ${replaced}`);
    });

    if (!recipe.onWindows) return;
    it('the same on Windows Node', { skip: !canRunWindows }, async () => {
      assertOverridden(await onWindows(['app.cjs', ...libraries], project.folder, {}), libraries);
    });
  });
}

it('npm install keeps a ws that is in the lockfile, and npm update replaces it', async () => {
  const { folder, manager } = prepare(RECIPES[0] as Recipe);
  const file = join(folder, 'package.json');
  const { overrides, ...manifest } = JSON.parse(readFileSync(file, 'utf8'));
  const gets = async () => {
    const inEngineIo = "require('module').createRequire(require.resolve('engine.io'))";
    return (await here(['-p', `${inEngineIo}('ws/package.json').name`], folder, {})).trim();
  };

  writeFileSync(file, JSON.stringify(manifest));
  await add(manager, { 'socket.io': '^4.8.0' }, folder);
  const { dependencies } = JSON.parse(readFileSync(file, 'utf8'));
  writeFileSync(file, JSON.stringify({ ...manifest, dependencies, overrides }));
  await execute(manager.command, folder);
  assert.equal(await gets(), 'ws');
  await execute(['npm', 'update', '--ignore-scripts', '--no-audit', '--no-fund'], folder);
  assert.equal(await gets(), 'ws-linger');
});
