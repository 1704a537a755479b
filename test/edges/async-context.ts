/**
 * node --expose-gc async-context.js WHAT: is what the AsyncLocalStorage of the first connection has collected when that has ended, and
 * another connection is open? `visits`: by default. `heartbeat`, `sweep`: with these limits. `lingering`: both linger first. Prints
 * one line of JSON.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { once } from 'node:events';
import http from 'node:http';
import { setImmediate as turn } from 'node:timers/promises';
import type WebSocket from 'ws-linger';
import { WebSocketServer } from 'ws-linger';
import { listen, portOf, until } from '../support/end.js';
import { connectPeer } from '../support/peer.js';

/** Printed as one line of JSON. */
export interface AsyncContext {
  isCollected: boolean;
  /** Those that are open, or whose sockets linger. */
  others: number;
}

export type Scene = 'visits' | 'heartbeat' | 'sweep' | 'lingering';

const LIMITS: Record<Scene, WebSocket.LingerOptions> = {
  visits: {},
  heartbeat: { heartbeat: { interval: 60_000, timeout: 60_000 } },
  sweep: { maxBufferedAmount: 1e9, sendTimeout: 60_000, maxAge: 1e9 },
  lingering: { closeTimeout: 50, closeDeadline: 60_000 },
};

async function main(scene: Scene): Promise<void> {
  const storage = new AsyncLocalStorage<object>();
  const server = await listen(http.createServer());
  const wss = new WebSocketServer({ noServer: true, linger: { logger: false, ...LIMITS[scene] } });
  const stores: WeakRef<object>[] = [];
  server.on('upgrade', (request, socket, head) => {
    const store = { of: 'the request' };
    stores.push(new WeakRef(store));
    const onOpen = (ws: WebSocket) => {
      if (scene === 'lingering') ws.close();
      wss.emit('connection', ws, request);
    };
    storage.run(store, () => wss.handleUpgrade(request, socket, head, onOpen));
  });
  const open = async () => {
    const connected = once(wss, 'connection') as Promise<[WebSocket]>;
    const peer = await connectPeer(portOf(server));
    const [ws] = await connected;
    if (scene === 'lingering') await once(ws, 'close');
    return peer;
  };
  const first = await open();
  await open();
  const others = () => (scene === 'lingering' ? wss.stats().lingering.now : wss.clients.size);
  first.destroy();
  await until('the first has ended', () => others() === 1);
  let isCollected = false;
  await until('it is collected', async () => {
    await turn();
    globalThis.gc?.();
    isCollected = stores[0]?.deref() === undefined;
    return isCollected;
  }).catch(() => {});
  const result: AsyncContext = { isCollected, others: others() };
  console.log(JSON.stringify(result));
  process.exit();
}

void main(process.argv[2] as Scene);
