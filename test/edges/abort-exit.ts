/** A forked server whose connection is aborted, and whose process exits, in one tick. argv: 'idle' or 'write in flight'. */
import { once } from 'node:events';
import type WebSocket from 'ws-linger';
import { WebSocketServer } from 'ws-linger';
import { portOf } from '../support/end.js';
import { STALL_BYTES } from '../support/pairs.js';

async function main(state: string): Promise<void> {
  const wss = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false, linger: { logger: false } });
  await once(wss, 'listening');
  process.send?.(portOf(wss));
  const [ws] = (await once(wss, 'connection')) as [WebSocket];
  if (state === 'write in flight') for (let i = 0; i < 2; i++) ws.send(Buffer.alloc(STALL_BYTES));
  await once(ws, 'message'); // the peer has the answer to its upgrade request
  ws.abort();
  process.exit(7);
}

main(process.argv[2] as string);
