/** The demo: one port, on which the page, its feed and the two servers under observation are found. */
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from '../../websocket-server';
import { WAYS, type Way } from './bare-peer';
import { Feed } from './feed';
import { servePage } from './page-files';
import { Servers } from './servers';

export interface Demo {
  url: string;
  /** Ends all connections; the process can end then. */
  close(): void;
}

export async function startDemo({ host, port }: { host: string; port: number }): Promise<Demo> {
  const server = createServer(servePage);
  const servers = new Servers();
  const pages = new WebSocketServer({ noServer: true, maxPayload: 1024, linger: { logger: false } });
  const feed = new Feed(servers.ledger, act);

  function act(action: string): void {
    if (action === 'close-all') servers.closeAll();
    else if (action === 'abort-all') servers.abortAll();
    else if (action === 'forget') {
      servers.ledger.forget();
      feed.restart();
    } else if (Object.hasOwn(WAYS, action)) {
      const { address, port } = server.address() as AddressInfo;
      servers.end(action as Way, { host: reachable(address), port }).catch(() => {}); // the demo is being closed
    }
  }

  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => {}); // refused below, perhaps
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

/** Browsers let any page of the web connect to this machine, and say from which page it came (RFC 6455 §10.2). */
function isOwnPage({ headers: { origin, host } }: IncomingMessage): boolean {
  return origin === undefined || (URL.canParse(origin) && new URL(origin).host === host);
}

function refuse(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

/** An address to connect to, for one that is listened on: "any" is no address on Windows. */
function reachable(address: string): string {
  if (address === '0.0.0.0') return '127.0.0.1';
  return address === '::' ? '::1' : address;
}
