/** The process of a program, on this machine's Node or on Windows Node. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { cleanEnv, type Platform } from '../install/projects.js';

const { runWindowsNode } = require('../../scripts/windows-node.js');

export interface Ended {
  /** Exit code, or the signal. */
  exit: number | string;
  /** What was printed on stderr. */
  output: string;
}

export interface Running {
  ended: Promise<Ended>;
  kill(): void;
}

/** Runs apps/host.js of a project. */
export function startHost(folder: string, platform: Platform, options: object): Running {
  const args = [join('apps', 'host.js'), JSON.stringify(options)];
  return platform === 'windows' ? startOnWindows(args, folder) : startHere(args, folder);
}

function startHere(args: string[], cwd: string): Running {
  const child = spawn(process.execPath, args, { cwd, env: cleanEnv(), stdio: ['ignore', 'ignore', 'pipe'] });
  let output = '';
  child.stderr.setEncoding('utf8').on('data', (chunk) => {
    output += chunk;
  });
  const ended = once(child, 'close').then(([code, signal]) => ({ exit: code ?? signal, output }));
  return { ended, kill: () => void child.kill('SIGKILL') };
}

function startOnWindows(args: string[], cwd: string): Running {
  let child: ChildProcess | undefined;
  const onSpawn = (spawned: ChildProcess) => {
    child = spawned;
  };
  const running: Promise<{ code: number | string; output: string }> = runWindowsNode(args, {
    cwd,
    quiet: true,
    onSpawn,
  });
  return { ended: running.then(({ code, output }) => ({ exit: code, output })), kill: () => void child?.kill() };
}

/** The lines of an output without what differs from run to run: ports, process numbers, colours and frames of stacks. */
export function comparableLines(output: string): string[] {
  const colours = new RegExp(`${String.fromCharCode(27)}\\[[\\d;]*m`, 'g');
  return output
    .replaceAll(colours, '')
    .split(/\r?\n/)
    .filter((line) => line.trim() !== '' && !/^\s+at /.test(line))
    .map((line) => line.replaceAll(/:\d{4,5}\b/g, ':port').replaceAll(/\(node:\d+\)/g, '(node)'));
}
