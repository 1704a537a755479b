/**
 * node inflating.js: closes a connection whose peer's messages wait to be inflated for longer than closeTimeout, since all threads
 * of the pool are busy. Prints the close code as `lingering` and the number of messages as `collected`.
 */
import { pbkdf2 } from 'node:crypto';
import { once } from 'node:events';
import net from 'node:net';
import zlib from 'node:zlib';
import type WebSocket from 'ws-linger';
import { WebSocketServer } from 'ws-linger';
import { portOf } from '../support/end.js';
import { UPGRADE_REQUEST } from '../support/peer.js';

const THREADS = 4;
const CLOSE_TIMEOUT = 300;
let isBusy = true;

/** One thread's work, again and again until the time is over. */
function occupy(until: number): void {
  pbkdf2('a', 'b', 200_000, 64, 'sha512', () => {
    if (performance.now() < until) occupy(until);
    else isBusy = false;
  });
}

function frame(first: number, payload: Buffer): Buffer {
  return Buffer.concat([Buffer.from([first, 0x80 | payload.length, 0, 0, 0, 0]), payload]);
}

async function main(): Promise<void> {
  const wss = new WebSocketServer({
    port: 0,
    host: '127.0.0.1',
    perMessageDeflate: { threshold: 0 },
    linger: { closeTimeout: CLOSE_TIMEOUT, logger: false },
  });
  await once(wss, 'listening');
  const connected = once(wss, 'connection') as Promise<[WebSocket]>;
  const peer = net.connect(portOf(wss), '127.0.0.1');
  peer.write(UPGRADE_REQUEST.replace('\r\n\r\n', '\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n'));
  await once(peer, 'data');
  const [ws] = await connected;
  let messages = 0;
  ws.on('message', () => messages++);
  for (let i = 0; i < 2 * THREADS; i++) occupy(performance.now() + 4 * CLOSE_TIMEOUT);
  const compressed = zlib.deflateRawSync(Buffer.alloc(500, 'x'), { finishFlush: zlib.constants.Z_SYNC_FLUSH });
  const message = frame(0xc2, compressed.subarray(0, -4));
  ws.on('ping', () => ws.close(1001));
  peer.write(Buffer.concat([frame(0x89, Buffer.alloc(0)), message, message, frame(0x88, Buffer.from([3, 0xe8]))]));
  const [code] = (await once(ws, 'close')) as [number];
  process.stdout.write(`${JSON.stringify({ lingering: code, collected: messages, heldMs: isBusy ? 1 : 0 })}\n`);
  process.exit();
}

main();
