/**
 * A server whose connections another process accepts, and a client of it. argv: 'round-robin' or 'shared', for a cluster with
 * that way of sharing connections; 'sent', for sockets that are sent to a child.
 */
import { type ChildProcess, fork } from 'node:child_process';
import cluster from 'node:cluster';
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import WebSocket, { WebSocketServer } from 'ws-linger';
import { listen, portOf } from '../support/end.js';

export type Way = 'round-robin' | 'shared' | 'sent';

/** Printed as one line of JSON: of which control each end was, and how the peer of abort() was ended. */
export interface Processes {
  server: string | null;
  client: string | null;
  ended: string;
}

const linger = { logger: false } as const;
const controlOf = (ws: WebSocket) => ws.closeInfo?.control ?? null;

/** In the process that has the connections: aborts each one, and tells of which control it was. */
async function serve(way: Way): Promise<void> {
  const server = http.createServer();
  const wss = new WebSocketServer({ server, linger });
  wss.on('connection', (ws: WebSocket) => {
    ws.on('message', () => ws.abort());
    ws.on('disconnect', () => process.send?.({ control: controlOf(ws) }));
  });
  if (way === 'sent') {
    process.on('message', (_, socket) => server.emit('connection', socket));
    process.send?.({ port: null });
  } else {
    await listen(server);
    process.send?.({ port: portOf(server) });
  }
}

async function main(way: Way): Promise<void> {
  let child: ChildProcess;
  if (way === 'sent') child = fork(__filename, [way], { env: { ...process.env, WS_LINGER_TEST_SERVES: '1' } });
  else {
    cluster.schedulingPolicy = way === 'shared' ? cluster.SCHED_NONE : cluster.SCHED_RR;
    cluster.setupPrimary({ args: [way] });
    child = cluster.fork({ WS_LINGER_TEST_SERVES: '1' }).process;
  }
  const [{ port }] = (await once(child, 'message')) as [{ port: number | null }];
  const sender = port === null ? await listen(net.createServer({ pauseOnConnect: true })) : null;
  sender?.on('connection', (socket) => child.send('socket', socket));
  const ws = new WebSocket(`ws://127.0.0.1:${port ?? portOf(sender as net.Server)}`, { linger });
  ws.on('error', () => {});
  await once(ws, 'open');
  ws.send('end it');
  const [[info], [{ control }]] = await Promise.all([once(ws, 'disconnect'), once(child, 'message')]);
  const result: Processes = { server: control, client: controlOf(ws), ended: info.kind };
  console.log(JSON.stringify(result));
  child.kill();
  process.exit();
}

const way = process.argv[2] as Way;
if (process.env.WS_LINGER_TEST_SERVES) serve(way);
else main(way);
