/**
 * Projects like those of users: the packed package, installed into an empty folder by a package manager, and run there.
 */
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Report } from './app/talk.js';
import { type PackageManagerName, packageManagers } from './package-managers.js';

const { nodeBinary, runWindowsNode, windowsPath } = require('../../scripts/windows-node.js');

export { nodeBinary, windowsPath };

/**
 * A folder outside the repository that scripts/test-install.js makes. Holds the tarball and all that these tests write.
 */
export const temporary = process.env.WS_LINGER_TEST_INSTALL ?? '';
if (!temporary) throw new Error('start these tests by scripts/test-install.js');
export const tarball = join(temporary, readdirSync(temporary).find((file) => file.endsWith('.tgz')) ?? '');

/** This machine's Node, or Windows Node under Wine. */
export type Platform = 'here' | 'windows';

/** Whether Windows Node can run. If not, scripts/test-install.js prints that, or fails under CI. */
export const canRunWindows = process.env.WS_LINGER_TEST_WINDOWS === '1';

export interface Project {
  folder: string;
  nodeArgs: string[];
  /** What the package manager printed. */
  output: string;
}

/** Makes a project with ws-linger, `more` packages and the program of test/install/app. */
export function install(name: PackageManagerName, platform: Platform, more: string[] = []): Project {
  const managers = packageManagers(join(temporary, 'cache'), platform === 'windows');
  const { command, files = {}, nodeArgs = [] } = managers[name];
  const folder = emptyFolder();
  for (const [file, content] of Object.entries({ 'package.json': { name: 'app', private: true }, ...files })) {
    // JSON is valid YAML.
    writeFileSync(join(folder, file), typeof content === 'string' ? content : JSON.stringify(content));
  }
  cpSync(join(__dirname, 'app'), folder, { recursive: true });
  const [program = '', ...args] = [...command, `ws-linger@file:${tarball}`, ...more];
  const { status, stdout, stderr } = spawnSync(program, args, { cwd: folder, env: cleanEnv(), timeout: 120_000 });
  const output = `${stdout}${stderr}`;
  assert.equal(status, 0, output);
  return { folder, nodeArgs, output };
}

export function emptyFolder(): string {
  return mkdtempSync(join(temporary, 'project-'));
}

/** The environment without npm's variables, which name this repository's folder and npm's log level. */
export function cleanEnv(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('npm_')));
}

export interface Ran {
  report: Report;
  /** All other lines that were printed. */
  otherLines: string[];
}

/** Runs a program of the project and reads its report. */
export async function run(
  { folder, nodeArgs = [] }: Pick<Project, 'folder'> & Partial<Project>,
  platform: Platform,
  args: string[],
  env: Record<string, string> = {},
): Promise<Ran> {
  const run = platform === 'windows' ? onWindows : here;
  const output = await run([...nodeArgs, ...args], folder, env);
  const lines = output.split(/\r?\n/).filter((line) => line !== '');
  const reports = lines.filter((line) => line.startsWith('{"control"'));
  assert.equal(reports.length, 1, output);
  return { report: JSON.parse(reports[0] as string), otherLines: lines.filter((line) => line !== reports[0]) };
}

export async function here(args: string[], cwd: string, env: Record<string, string>): Promise<string> {
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { cwd, env: { ...cleanEnv(), ...env } });
  return stdout + stderr;
}

export async function onWindows(args: string[], cwd: string, env: Record<string, string>): Promise<string> {
  const { code, output } = await runWindowsNode(args, { cwd, env, quiet: true });
  assert.equal(code, 0, output);
  return output;
}
