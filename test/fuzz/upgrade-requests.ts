/**
 * Upgrade requests: bytes that a peer sends to an HTTP server with WebSockets. It gets the answer that it gets of plain ws, no request
 * and no connection is left when it is gone, and nothing is thrown that nobody catches.
 *
 * Input: a byte of flags, the size of the pieces, and what the peer sends.
 */
import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import WebSocket, { guardServer } from 'ws-linger';
import Upstream from 'ws-upstream';
import { parseOptions } from '../../dist/defaults.js';
import type { Guard } from '../../dist/server/guard.js';
import { guardOf } from '../../dist/server/guard-registry.js';
import { processMetrics } from '../../dist/telemetry/metrics.js';
import type { Class } from '../support/side-by-side.js';
import { assertAllEnded } from './support/counts.js';
import { endStream, MemoryStream } from './support/memory-stream.js';
import { threeTimes, turns, untilIdle, within } from './support/turns.js';

const LINGER = { closeTimeout: 200, closeDeadline: 400, logger: false } as const;

/** How an application makes its server. `silent` answers no upgrade request. */
const STYLES = ['server', 'path', 'verified', 'noServer', 'later', 'silent'] as const;
type Style = (typeof STYLES)[number];

interface Host {
  http: Server;
  wss: Upstream.Server;
  guard: Guard | null;
}

const hosts = new Map<string, Host>();

function hostOf(Library: Class, style: Style): Host {
  const name = `${Library === Upstream ? 'plain' : 'ours'} ${style}`;
  const host = hosts.get(name) ?? makeHost(Library, style);
  hosts.set(name, host);
  return host;
}

function makeHost(Library: Class, style: Style): Host {
  const isOurs = Library !== Upstream;
  const http = createServer((request, response) => {
    response.sendDate = false;
    response.end(`${request.method} ${request.url}`);
  });
  const own = style === 'noServer' || style === 'later' || style === 'silent';
  const options = {
    ...(own ? { noServer: true } : { server: http }),
    ...(style === 'path' && { path: '/chat' }),
    ...(style === 'verified' && {
      verifyClient: ({ origin }: { origin?: string }, done: (...args: unknown[]) => void) =>
        origin?.startsWith('http') ? done(true) : done(false, 401, 'go away', { 'X-Why': 'origin' }),
      handleProtocols: (protocols: Set<string>) => [...protocols].at(-1) ?? false,
    }),
    perMessageDeflate: style === 'server', // and no other, see hasDeflate()
    closeTimeout: 200,
    linger: LINGER,
  };
  const wss = new Library.Server(options as Upstream.ServerOptions);
  wss.on('connection', (ws, request) => {
    ws.on('error', () => {});
    ws.on('message', (message) => ws.send(message));
    ws.send(`${request.url}`);
  });
  if (own && isOurs) guardServer(http, { logger: false });
  if (own) {
    http.on('upgrade', (request, socket, head) => {
      // Plain ws leaves it to the application to listen here.
      if (!isOurs) socket.on('error', () => {});
      const answer = () => wss.handleUpgrade(request, socket, head, (ws) => wss.emit('connection', ws, request));
      if (style === 'noServer') answer();
      if (style === 'later') setImmediate(answer);
    });
  }
  const guard = isOurs ? guardOf(http, parseOptions({ logger: false }), processMetrics.server).guard : null;
  return { http, wss, guard };
}

interface Scene {
  style: Style;
  end: 'fin' | 'reset';
  pieces: Buffer[];
}

const MOST_PIECES = 8;

function sceneOf(data: Buffer): Scene {
  const [flags = 0, size = 0] = data;
  const bytes = data.subarray(2);
  const step = Math.max(size, Math.ceil(bytes.length / MOST_PIECES));
  const pieces = [];
  for (let at = 0; at < bytes.length; at += step) pieces.push(bytes.subarray(at, at + step));
  return { style: STYLES[(flags >> 1) % STYLES.length] as Style, end: flags & 1 ? 'reset' : 'fin', pieces };
}

/** Returns what the peer gets until its end, and in all. */
async function play(Library: Class, { style, end, pieces }: Scene): Promise<string[]> {
  const { http, wss } = hostOf(Library, style);
  const stream = new MemoryStream();
  const closed = new Promise((resolve) => stream.once('close', resolve));
  http.emit('connection', stream);
  for (const piece of pieces) {
    if (!stream.destroyed && !stream.readableEnded) stream.push(Buffer.from(piece));
    await turns(1);
    for (const ws of wss.clients) await untilIdle(ws);
  }
  await turns(3);
  for (const ws of wss.clients) await untilIdle(ws);
  const answer = stream.written.toString('latin1');
  endStream(stream, end);
  await turns(4);
  const all = stream.written.toString('latin1');
  // The peer's system forgets a connection that nobody ends here.
  stream.destroy();
  await within("'close'", closed);
  await turns(2);
  assert.equal(wss.clients.size, 0, 'no client is left');
  return [answer, all].map((text) => text.replace(/\r\nDate: [^\r]*/g, ''));
}

let uncaught: unknown[] = [];
process.on('uncaughtExceptionMonitor', (error) => uncaught.push(error));

export async function fuzz(data: Buffer): Promise<void> {
  const scene = sceneOf(data);
  if (hasDeflate(scene)) await threeTimes(() => compare(scene));
  else await compare(scene);
}

const hasDeflate = ({ style }: Scene) => style === 'server';

async function compare(scene: Scene): Promise<void> {
  uncaught = [];
  const plain = await play(Upstream, scene);
  const ours = await play(WebSocket as unknown as Class, scene);
  assert.deepEqual(uncaught, [], 'nothing is thrown');
  assert.deepEqual(ours, plain, 'the peer gets the answer of plain ws');
  const { wss, guard } = hostOf(WebSocket as unknown as Class, scene.style);
  assert.equal([...(guard as Guard).upgrading].length, 0, 'no request waits for an answer');
  assertAllEnded(wss);
}
