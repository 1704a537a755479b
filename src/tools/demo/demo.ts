/** Starts the demo: one port serves the page, the page's feed, and the two servers that are compared. */
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { isLoopbackHost } from '../../server/loopback';
import { statusHandler } from '../../server/status';
import { WebSocketServer } from '../../websocket-server';
import { SCENARIOS, type Scenario } from './bare-peer';
import { Feed } from './feed';
import { liveView } from './live-view';
import { servePage } from './page-files';
import { requestUrl } from './request-url';
import { Servers } from './servers';

export interface Demo {
  url: string;
  /** Ends all connections and stops listening, so that the process can exit. */
  close(): void;
}

export async function startDemo({ host, port }: { host: string; port: number }): Promise<Demo> {
  const serveStatus = statusHandler({ remote: !isLoopbackHost(host.includes(':') ? `[${host}]` : host) });
  const server = createServer((request, response) =>
    requestUrl(request)?.pathname === '/status' ? serveStatus(request, response) : servePage(request, response),
  );
  const servers = new Servers();
  const pages = new WebSocketServer({ noServer: true, maxPayload: 1024, linger: { logger: false } });
  const feed = new Feed(servers.log, runAction, liveView());

  function runAction(action: string): void {
    if (action === 'close-all') servers.closeAll();
    else if (action === 'abort-all') servers.abortAll();
    else if (action === 'clear') {
      servers.log.clear();
      feed.restart();
    } else if (Object.hasOwn(SCENARIOS, action)) {
      const { address, port } = server.address() as AddressInfo;
      servers.end(action as Scenario, { host: reachable(address), port }).catch(() => {}); // rejects when the demo closes meanwhile
    }
  }

  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => {}); // a refused client may be gone already
    if (!isOwnPage(request)) refuse(socket, '403 Forbidden');
    else if (request.url === '/feed') pages.handleUpgrade(request, socket, head, (ws) => feed.add(ws));
    else if (!servers.upgrade(request, socket, head)) refuse(socket, '404 Not Found');
  });
  server.listen(port, host);
  await once(server, 'listening');
  const address = server.address() as AddressInfo;
  const name = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return {
    url: `http://${name}:${address.port}/`,
    close: () => {
      servers.stop();
      for (const page of pages.clients) page.terminate();
      server.close();
      server.closeAllConnections();
    },
  };
}

/**
 * Whether the request comes from the demo's own page. A browser lets every page of the web open a WebSocket to this
 * machine, and names the page in the Origin header (RFC 6455 §10.2). Clients that are no browsers send no Origin.
 */
function isOwnPage({ headers: { origin, host } }: IncomingMessage): boolean {
  return origin === undefined || (URL.canParse(origin) && new URL(origin).host === host);
}

function refuse(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

/** The address to connect to when the server listens on `address`. Windows cannot connect to 0.0.0.0 or `::`. */
function reachable(address: string): string {
  if (address === '0.0.0.0') return '127.0.0.1';
  return address === '::' ? '::1' : address;
}
