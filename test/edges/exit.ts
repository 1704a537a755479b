/**
 * node exit.js PLACE: exits with code 7 while connections are open, stalled, closing and aborted, and while threads
 * open and abort others.
 */
import { once } from 'node:events';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import WebSocket, { WebSocketServer } from 'ws-linger';
import { portOf } from '../support/end.js';

export type Place = 'in the tick of abort()' | 'on connection' | 'on disconnect' | 'while threads are at work';

const STALL_BYTES = 4 * 1024 * 1024;
const linger = { logger: false } as const;
const exit = () => process.exit(7);

async function main(place: Place): Promise<void> {
  const wss = new WebSocketServer({ port: 0, host: '127.0.0.1', linger });
  await once(wss, 'listening');
  const states: ((ws: WebSocket, client: WebSocket) => void)[] = [
    () => {},
    (ws) => ws.close(),
    (ws) => ws.abort(),
    (ws, client) => {
      client.pause();
      ws.send(Buffer.alloc(STALL_BYTES));
      ws.terminate();
    },
  ];
  const open = async () => {
    const accepted = once(wss, 'connection');
    const client = new WebSocket(`ws://127.0.0.1:${portOf(wss)}`, { linger });
    client.on('error', () => {});
    const [[ws]] = await Promise.all([accepted, once(client, 'open')]);
    return [ws as WebSocket, client] as const;
  };
  for (let i = 0; i < 12; i++) states[i % states.length]?.(...(await open()));

  if (place === 'while threads are at work') {
    const busy = [1, 2, 3].map(
      () => new Worker(join(__dirname, 'worker.js'), { workerData: 'abort connections until ended' }),
    );
    await Promise.all(busy.map((worker) => once(worker, 'message')));
    exit();
  }
  if (place === 'on connection') wss.on('connection', exit);
  const [ws] = await open();
  if (place === 'on disconnect') ws.on('disconnect', exit);
  ws.abort();
  if (place === 'in the tick of abort()') exit();
}

main(process.argv[2] as Place);
