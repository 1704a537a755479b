/**
 * A process with a WebSocket server that serves its status at /status and its metrics at /metrics. Sends `{ socket, http }`, its
 * ports, over the message channel, and ends with it.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { register } from 'prom-client';
import { statusHandler, WebSocketServer } from 'ws-linger';
import { collectMetrics } from 'ws-linger/prometheus';
import { listen, portOf } from './end.js';

async function main(): Promise<void> {
  collectMetrics();
  const heartbeat = { interval: 50, timeout: 20_000 };
  const wss = new WebSocketServer({ port: 0, host: '127.0.0.1', backlog: 6_000, linger: { logger: false, heartbeat } });
  await once(wss, 'listening');
  const status = statusHandler();
  const server = createServer(async (request, response) => {
    if (request.url === '/status') status(request, response);
    else response.end(await register.metrics());
  });
  await listen(server);
  process.send?.({ socket: portOf(wss), http: portOf(server) });
  process.on('disconnect', () => process.exit());
}

main();
