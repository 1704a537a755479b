/** WebSocket servers that are not Node's, and proxies in front of one that is. All of them echo. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { WebSocketServer } from 'ws-linger';
import { ROOT } from '../support/child.js';
import { portOf, until } from '../support/end.js';

/** What a server has seen of its connections. */
export interface Seen {
  /** How many it still has. */
  open: number;
  /** How many ended, by what the server says of the end. */
  ended: Record<string, number>;
}

export interface ForeignServer {
  url: string;
  version: string;
  /** Ends the server, and resolves with what it has seen. */
  stop(): Promise<Seen>;
}

const SOURCES = join(ROOT, 'test', 'foreign');
/** Not the address that other programs of this machine use, so that a port which was free a moment ago still is. */
const PROXY_ADDRESS = '127.77.0.1';

export const python = (): Promise<ForeignServer> => startProgram('/usr/bin/python3', join(SOURCES, 'echo.py'));

/** Builds with the packages of Debian, without a download. */
export async function go(): Promise<ForeignServer> {
  const folder = mkdtempSync(join(tmpdir(), 'ws-linger-go-'));
  const program = join(folder, 'echo');
  const env = { ...process.env, GO111MODULE: 'off', GOPATH: '/usr/share/gocode', GOFLAGS: '', CGO_ENABLED: '0' };
  execFileSync('go', ['build', '-o', program, join(SOURCES, 'echo.go')], { env, stdio: ['ignore', 2, 2] });
  const server = await startProgram(program);
  return { ...server, stop: () => server.stop().finally(() => rmSync(folder, { recursive: true })) };
}

/** `idleLimit` is what nginx itself has by default: how long neither side need send or take anything. */
export const nginx = (idleLimit = '60s'): Promise<ForeignServer> =>
  startProxy('/usr/sbin/nginx', '-v', (folder, port, upstream) => {
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
    const config = `
      daemon off; master_process off; pid ${folder}/pid; error_log stderr;
      events { worker_connections 4096; }
      http {
        access_log off;
        ${temporary.map((name) => `${name}_temp_path ${folder}/${name};`).join(' ')}
        server {
          listen ${PROXY_ADDRESS}:${port};
          location / {
            proxy_pass http://127.0.0.1:${upstream};
            proxy_http_version 1.1;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection upgrade;
            proxy_read_timeout ${idleLimit};
            proxy_send_timeout ${idleLimit};
            send_timeout ${idleLimit}; # a client that takes nothing
          }
        }
      }`;
    return { config, args: ['-p', folder, '-e', 'stderr', '-c'] };
  });

export const haproxy = (): Promise<ForeignServer> =>
  startProxy('/usr/sbin/haproxy', '-v', (_folder, port, upstream) => {
    const config = [
      'defaults',
      '  mode http',
      '  timeout connect 5s',
      '  timeout client 60s',
      '  timeout server 60s',
      '  timeout tunnel 1h',
      'listen websockets',
      `  bind ${PROXY_ADDRESS}:${port}`,
      `  server node 127.0.0.1:${upstream}`,
      '',
    ].join('\n');
    return { config, args: ['-db', '-f'] };
  });

/** Starts a program that prints its port and version as JSON, and what it has seen when its stdin ends. */
async function startProgram(program: string, ...args: string[]): Promise<ForeignServer> {
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const lines = createInterface({ input: child.stdout });
  const next = async () => {
    const [line] = (await Promise.race([
      once(lines, 'line'),
      exited.then(([code]) => Promise.reject(new Error(`${program} exited with ${code}`))),
    ])) as [string];
    return JSON.parse(line);
  };
  const { port, version } = await next();
  const stop = async () => {
    const seen = next();
    child.stdin.end();
    try {
      return (await seen) as Seen;
    } finally {
      child.kill('SIGKILL');
      await exited;
    }
  };
  return { url: `ws://127.0.0.1:${port}/`, version, stop };
}

type Configure = (folder: string, port: number, upstream: number) => { config: string; args: string[] };

/** Starts a ws-linger server and a proxy in front of it. What is seen is what the server says. */
async function startProxy(program: string, versionFlag: string, configure: Configure): Promise<ForeignServer> {
  const ended: Record<string, number> = {};
  const wss = new WebSocketServer({ host: '127.0.0.1', port: 0, linger: { logger: false } });
  wss.on('connection', (ws) => {
    ws.on('message', (data, binary) => ws.send(data, { binary }));
    ws.on('disconnect', ({ kind }) => {
      ended[kind] = (ended[kind] ?? 0) + 1;
    });
  });
  await once(wss, 'listening');
  const folder = mkdtempSync(join(tmpdir(), 'ws-linger-proxy-'));
  const port = await freePort();
  const { config, args } = configure(folder, port, portOf(wss));
  const file = join(folder, 'config');
  writeFileSync(file, config);
  const child = spawn(program, [...args, file], { stdio: ['ignore', 2, 2] });
  const exited = once(child, 'exit');
  const stop = async () => {
    await until('the server has no connections', () => wss.clients.size === 0).catch(() => {});
    const open = wss.clients.size;
    child.kill('SIGKILL');
    await exited;
    for (const ws of wss.clients) ws.terminate();
    wss.close();
    rmSync(folder, { recursive: true });
    return { open, ended };
  };
  try {
    await until(`${program} listens`, () => accepts(port) || child.exitCode !== null);
    if (child.exitCode !== null) throw new Error(`${program} exited with ${child.exitCode}`);
  } catch (error) {
    await stop();
    throw error;
  }
  return { url: `ws://${PROXY_ADDRESS}:${port}/`, version: versionOf(program, versionFlag), stop };
}

/** nginx says its version on stderr, HAProxy on stdout, with more. */
function versionOf(program: string, flag: string): string {
  const text = execFileSync('sh', ['-c', `"$0" "$1" 2>&1`, program, flag]).toString();
  return /\d+\.\d+\.\d+/.exec(text)?.[0] ?? text;
}

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, PROXY_ADDRESS);
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
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
