/**
 * Frames: bytes that a peer sends on an open connection. The connection ends once, with a known kind, and shows the application
 * and the peer what plain ws shows them for the same bytes.
 *
 * Input: a byte of flags, the size of the pieces, and what the peer sends.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import WebSocket from 'ws-linger';
import Upstream from 'ws-upstream';
import { CLOSE_KINDS, type CloseInfo } from '../../dist/close-info.js';
import { SAMPLE_KEY } from '../support/peer.js';
import type { Class } from '../support/side-by-side.js';
import { assertAllEnded } from './support/counts.js';
import { endStream, MemoryStream } from './support/memory-stream.js';
import { threeTimes, turns, untilIdle, within } from './support/turns.js';

interface Scene {
  role: 'server' | 'client';
  deflate: boolean;
  /** What ends the connection once the bytes have come. */
  end: 'fin' | 'reset' | 'close' | 'terminate';
  /** Whether the listener of 'message' answers. */
  echo: boolean;
  pieces: Buffer[];
}

const ENDS = ['fin', 'reset', 'close', 'terminate'] as const;
const MOST_PIECES = 16;
const LIMITS = { maxPayload: 4_096, closeTimeout: 200 };
const LINGER = { closeTimeout: 200, closeDeadline: 400, logger: false } as const;

function sceneOf(data: Buffer): Scene {
  const [flags = 0, size = 0] = data;
  const bytes = data.subarray(2);
  return {
    role: flags & 1 ? 'client' : 'server',
    deflate: (flags & 2) !== 0,
    end: ENDS[(flags >> 2) & 3] as Scene['end'],
    echo: (flags & 16) !== 0,
    pieces: cut(bytes, Math.max(size, Math.ceil(bytes.length / MOST_PIECES))),
  };
}

function cut(bytes: Buffer, size: number): Buffer[] {
  const pieces = [];
  for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.subarray(at, at + size));
  return pieces;
}

/** Servers are made once: they keep nothing of a connection that has ended. */
const servers = new Map<string, Upstream.Server>();

function serverOf(Library: Class, deflate: boolean): Upstream.Server {
  const name = `${Library === Upstream ? 'plain' : 'ours'} ${deflate}`;
  const server =
    servers.get(name) ??
    new Library.Server({ noServer: true, perMessageDeflate: deflate, ...LIMITS, linger: LINGER } as object);
  servers.set(name, server);
  return server;
}

const UPGRADE = {
  method: 'GET',
  url: '/',
  headers: {
    upgrade: 'websocket',
    'sec-websocket-key': SAMPLE_KEY,
    'sec-websocket-version': '13',
    'sec-websocket-extensions': 'permessage-deflate',
  },
} as unknown as IncomingMessage;

interface Opened {
  ws: Upstream;
  stream: MemoryStream;
}

function accept(Library: Class, deflate: boolean): Promise<Opened> {
  const stream = new MemoryStream();
  return new Promise((resolve) => {
    serverOf(Library, deflate).handleUpgrade(UPGRADE, stream, Buffer.alloc(0), (ws) => resolve({ ws, stream }));
  });
}

function connect(Library: Class, deflate: boolean): Promise<Opened> {
  const stream = new MemoryStream((chunk) => {
    const key = /Sec-WebSocket-Key: (.*)\r\n/i.exec(chunk.toString('latin1'))?.[1];
    if (key) stream.push(answerTo(key, deflate));
  });
  const options = {
    perMessageDeflate: deflate,
    generateMask: (mask: Buffer) => mask.fill(7),

    ...LIMITS,
    linger: LINGER,
    createConnection: () => stream,
  };
  const ws = new Library('ws://peer/', options as unknown as Upstream.ClientOptions);
  return new Promise((resolve) => ws.once('open', () => resolve({ ws, stream })));
}

function answerTo(key: string, deflate: boolean): string {
  const accepted = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
  const extensions = deflate ? 'Sec-WebSocket-Extensions: permessage-deflate\r\n' : '';
  return (
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
    `Sec-WebSocket-Accept: ${accepted}\r\n${extensions}\r\n`
  );
}

interface Seen {
  events: string[];
  written: string;
}

async function play(Library: Class, { role, deflate, end, echo, pieces }: Scene): Promise<Seen & { ws: Upstream }> {
  const opening = role === 'server' ? accept(Library, deflate) : connect(Library, deflate);
  const { ws, stream } = await within('opening', opening);
  stream.forgetWritten();
  const events: string[] = [];
  ws.on('message', (message: Buffer, isBinary) => {
    events.push(`message ${isBinary} ${message.toString('hex')}`);
    if (echo && ws.readyState === ws.OPEN) ws.send(message);
  });
  ws.on('ping', (bytes) => events.push(`ping ${bytes.toString('hex')}`));
  ws.on('pong', (bytes) => events.push(`pong ${bytes.toString('hex')}`));
  ws.on('error', (error: NodeJS.ErrnoException) => events.push(`error ${error.code} ${error.message}`));
  const closed = new Promise<void>((resolve) =>
    ws.on('close', (code, reason) => {
      events.push(`close ${code} ${reason.toString('hex')}`);
      resolve();
    }),
  );
  ws.on('disconnect' as 'open', () => events.push('disconnect'));
  for (const piece of pieces) {
    if (!stream.destroyed && !stream.readableEnded) stream.push(Buffer.from(piece)); // ws unmasks what it is given in its place
    await turns(1);
    await untilIdle(ws);
  }
  if (end === 'close') ws.close(1000, 'enough');
  if (end === 'terminate') ws.terminate();
  await turns(1);
  endStream(stream, end === 'reset' ? 'reset' : 'fin');
  await within("'close'", closed);
  stream.destroy();
  await turns(2);
  return { ws, events, written: stream.written.toString('hex') };
}

export async function fuzz(data: Buffer): Promise<void> {
  const scene = sceneOf(data);
  if (scene.deflate) await threeTimes(() => compare(scene));
  else await compare(scene);
}

async function compare(scene: Scene): Promise<void> {
  const plain = await play(Upstream, scene);
  const ours = await play(WebSocket as unknown as Class, scene);

  const { events, written, ws } = ours;
  const told = events.slice(-2);
  assert.equal(told[0], 'disconnect', "'disconnect' comes right before 'close'");
  assert.deepEqual(events.filter((event) => event !== 'disconnect').length, events.length - 1, 'one disconnect');
  assert.equal(events.filter((event) => event.startsWith('close ')).length, 1, 'one close');
  const { kind, code, reason } = (ws as unknown as { closeInfo: CloseInfo }).closeInfo;
  assert.ok(CLOSE_KINDS.includes(kind), `kind ${kind}`);
  assert.equal(told[1]?.startsWith(`close ${code} `), true, `${told[1]} and code ${code}`);
  if (kind === 'clean') assert.equal(told[1], `close ${code} ${Buffer.from(reason).toString('hex')}`);
  assert.deepEqual(
    events.filter((event) => event !== 'disconnect'),
    plain.events,
    'the application is told what plain ws tells',
  );
  assert.equal(written, plain.written, 'the peer gets what plain ws sends');
  for (const deflate of [false, true]) {
    const server = serverOf(WebSocket as unknown as Class, deflate);
    assertAllEnded(server);
    assert.equal(server.clients.size, 0);
  }
}
