/**
 * node tcp-info.js FILE: closes connections to a slow and to a stopped peer, with a look() that answers from FILE in place of
 * SIO_TCP_INFO, which Wine does not have. FILE is a table of counters by "LOCAL PEER", which the test keeps up to date.
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type net from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type WebSocket from 'ws-linger';
import { WebSocketServer } from 'ws-linger';
import { loadNative } from '../../dist/socket-control/load.js';
import type { NativeConnection, SendProgress } from '../../dist/socket-control/native.js';
import { portOf } from '../support/end.js';
import { CLIENT_FRAMES, connectPeer } from '../support/peer.js';

const MESSAGE = 8 * 1024 * 1024;
const MESSAGES = 2;
/** The last bytes of what the peer gets: an unmasked close frame with code 1000. */
const CLOSE_FRAME = Buffer.from([0x88, 2, 1000 >> 8, 1000 & 0xff]);
/** The slow peer reads so many bytes in each of so many ms. */
const PORTION = 64 * 1024;
const PAUSE_MS = 100;

/** Printed as one line of JSON, for each peer. */
export interface Told {
  kind: string;
  clean: boolean;
  /** From close() to 'disconnect', in ms. */
  after: number;
  /** Bytes that the peer had read by then, and 'end' or 'ECONNRESET' where its connection had ended. */
  read: number;
  end: string;
}

/** Makes the addon's look() answer from the table. The addon's own answer is null under Wine. */
function emulate(file: string): void {
  const { binding, reason } = loadNative();
  if (!binding) throw new Error(reason);
  const { resolve } = binding;
  const keys = new WeakMap<NativeConnection, string>();
  binding.resolve = (...tuple) => {
    const found = resolve(...tuple);
    if (found) keys.set(found, `${tuple[0]}:${tuple[1]} ${tuple[2]}:${tuple[3]}`);
    return found;
  };
  binding.look = (connection) => {
    const table = JSON.parse(readFileSync(file, 'utf8')) as Record<string, SendProgress>;
    return table[keys.get(connection) ?? ''] ?? null;
  };
}

async function readSlowly(peer: net.Socket, told: Told): Promise<void> {
  let last = Buffer.alloc(0);
  while (told.end === '') {
    const chunk: Buffer | null = peer.read(Math.min(PORTION, peer.readableLength)) ?? null;
    if (chunk) {
      told.read += chunk.length;
      last = Buffer.concat([last, chunk]).subarray(-CLOSE_FRAME.length);
      if (last.equals(CLOSE_FRAME)) peer.end(CLIENT_FRAMES.close);
    }
    await delay(PAUSE_MS);
  }
}

async function close(isSlow: boolean): Promise<Told> {
  const linger = { logger: false, control: 'native' } as const;
  const wss = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false, linger });
  await once(wss, 'listening');
  const accepted = once(wss, 'connection');
  const peer = await connectPeer(portOf(wss));
  const [ws] = (await accepted) as [WebSocket];
  const told: Told = { kind: '', clean: false, after: 0, read: 0, end: '' };
  peer.on('end', () => (told.end ||= 'end')).on('error', () => (told.end ||= 'ECONNRESET'));
  peer.pause();
  if (isSlow) readSlowly(peer, told);
  const began = performance.now();
  const ended = once(ws, 'disconnect');
  for (let i = 0; i < MESSAGES; i++) ws.send(Buffer.alloc(MESSAGE));
  ws.close(1000);
  const [{ kind, clean }] = await ended;
  const result = { ...told, kind, clean, after: Math.round(performance.now() - began) };
  told.end ||= 'stop';
  peer.destroy();
  wss.close();
  return result;
}

async function main(): Promise<void> {
  emulate(process.argv[2] as string);
  console.log(JSON.stringify(await Promise.all([close(true), close(false)])));
  process.exit();
}

main();
