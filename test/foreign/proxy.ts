/** nginx and HAProxy, in front of as many servers as a test has, each with settings of its own. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '../support/end.js';

export const PROXY_NAMES = ['nginx', 'HAProxy'] as const;
export type ProxyName = (typeof PROXY_NAMES)[number];

/** A server behind the proxy, and the settings that the proxy has for it, in its own words. */
export interface Route {
  upstream: number;
  settings: Readonly<Record<string, string>>;
}

export interface RunningProxy {
  version: string;
  /** Where the routes are reached, in their order. */
  urls: string[];
  process: ChildProcess;
  /** The process that holds the connections now. */
  worker(): number;
  stop(): Promise<void>;
}

/** How long a proxy that is reloaded or stopped softly keeps its connections, in ms. */
export const SHUTDOWN_MS = 1_000;
/** Not the address that other programs of this machine use, so that a port which was free a moment ago still is. */
export const PROXY_ADDRESS = '127.77.0.1';

interface Listener extends Route {
  port: number;
}

interface Program {
  path: string;
  args(folder: string): string[];
  config(folder: string, listeners: readonly Listener[]): string;
}

const PROGRAMS: Record<ProxyName, Program> = {
  nginx: { path: '/usr/sbin/nginx', args: (folder) => ['-p', folder, '-e', 'stderr', '-c'], config: nginxConfig },
  // A master and a worker, as Debian runs it.
  HAProxy: { path: '/usr/sbin/haproxy', args: () => ['-W', '-f'], config: haproxyConfig },
};

function nginxConfig(folder: string, listeners: readonly Listener[]): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  const servers = listeners.map(
    ({ port, upstream, settings }) => `
      server {
        listen ${PROXY_ADDRESS}:${port} backlog=4096;
        location / {
          proxy_pass http://127.0.0.1:${upstream};
          proxy_http_version 1.1;
          proxy_set_header Upgrade $http_upgrade;
          proxy_set_header Connection upgrade;
          ${Object.entries(settings)
            .map(([name, value]) => `${name} ${value};`)
            .join(' ')}
        }
      }`,
  );
  return `
    daemon off; worker_processes 1; pid ${folder}/pid; error_log stderr crit;
    ${process.getuid?.() === 0 ? 'user root;' : ''}
    worker_shutdown_timeout ${SHUTDOWN_MS}ms;
    events { worker_connections 8192; }
    http {
      access_log off;
      ${temporary.map((name) => `${name}_temp_path ${folder}/${name};`).join(' ')}
      ${servers.join('')}
    }`;
}

function haproxyConfig(_folder: string, listeners: readonly Listener[]): string {
  const sections = listeners.map(
    ({ port, upstream, settings }) => `
listen port-${port}
  bind ${PROXY_ADDRESS}:${port} backlog 4096
  server node 127.0.0.1:${upstream}
${Object.entries(settings)
  .map(([name, value]) => `  ${name} ${value}`)
  .join('\n')}
`,
  );
  return `
global
  maxconn 8192
  hard-stop-after ${SHUTDOWN_MS}ms
defaults
  mode http
  timeout connect 5s
${sections.join('')}`;
}

/** A test that fails stops none. */
const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGTERM');
});

export async function startProxy(name: ProxyName, routes: readonly Route[]): Promise<RunningProxy> {
  const { path, args, config } = PROGRAMS[name];
  const folder = mkdtempSync(join(tmpdir(), 'ws-linger-proxy-'));
  const ports = await freePorts(routes.length);
  const listeners = routes.map((route, index) => ({ ...route, port: ports[index] as number }));
  const file = join(folder, 'config');
  writeFileSync(file, config(folder, listeners));
  // HAProxy says at length that it stops.
  const child = spawn(path, [...args(folder), file], { stdio: ['ignore', 'ignore', name === 'nginx' ? 2 : 'ignore'] });
  running.add(child);
  const exited = once(child, 'exit').finally(() => running.delete(child));
  const hasExited = () => child.exitCode !== null || child.signalCode !== null;
  const stop = async () => {
    if (!hasExited()) child.kill('SIGTERM');
    await exited;
    rmSync(folder, { recursive: true });
  };
  try {
    const isUp = async () => (await Promise.all(ports.map(accepts))).every(Boolean);
    await until(`${path} listens`, async () => hasExited() || (await isUp()));
    if (hasExited()) throw new Error(`${path} exited with ${child.exitCode}`);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    version: versionOf(path),
    urls: ports.map((port) => `ws://${PROXY_ADDRESS}:${port}/`),
    process: child,
    worker: () =>
      Number(readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim().split(' ').at(-1)),
    stop,
  };
}

/** nginx says its version on stderr, HAProxy on stdout, with more. */
function versionOf(program: string): string {
  const text = execFileSync('sh', ['-c', '"$0" -v 2>&1', program]).toString();
  return /\d+\.\d+\.\d+/.exec(text)?.[0] ?? text;
}

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = net.createServer().listen(0, PROXY_ADDRESS);
      await once(server, 'listening');
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as net.AddressInfo).port);
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports;
}

async function accepts(port: number): Promise<boolean> {
  const socket = net.connect(port, PROXY_ADDRESS);
  const open = await Promise.race([
    once(socket, 'connect').then(() => true),
    once(socket, 'error').then(() => false),
  ]).catch(() => false);
  socket.destroy();
  return open;
}
