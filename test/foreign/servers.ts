/** WebSocket servers that are not Node's, and proxies in front of one that is. All of them echo. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { WebSocketServer } from 'ws-linger';
import { ROOT } from '../support/child.js';
import { portOf, until } from '../support/end.js';
import { type ProxyName, startProxy } from './proxy.js';

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
  startBehind('nginx', {
    proxy_read_timeout: idleLimit,
    proxy_send_timeout: idleLimit,
    send_timeout: idleLimit, // a client that takes nothing
  });

export const haproxy = (): Promise<ForeignServer> =>
  startBehind('HAProxy', { 'timeout client': '60s', 'timeout server': '60s', 'timeout tunnel': '1h' });

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

/** Starts a ws-linger server and a proxy in front of it. What is seen is what the server says. */
async function startBehind(name: ProxyName, settings: Record<string, string>): Promise<ForeignServer> {
  const ended: Record<string, number> = {};
  const wss = new WebSocketServer({ host: '127.0.0.1', port: 0, linger: { logger: false } });
  wss.on('connection', (ws) => {
    ws.on('message', (data, binary) => ws.send(data, { binary }));
    ws.on('disconnect', ({ kind }) => {
      ended[kind] = (ended[kind] ?? 0) + 1;
    });
  });
  await once(wss, 'listening');
  const proxy = await startProxy(name, [{ upstream: portOf(wss), settings }]);
  const stop = async () => {
    await until('the server has no connections', () => wss.clients.size === 0).catch(() => {});
    const open = wss.clients.size;
    await proxy.stop();
    for (const ws of wss.clients) ws.terminate();
    wss.close();
    return { open, ended };
  };
  return { url: proxy.urls[0] as string, version: proxy.version, stop };
}
