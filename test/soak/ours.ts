/** The servers and clients under test: made by two copies of this package, and by plain ws with one or both attached. */
import { once } from 'node:events';
import https from 'node:https';
import type * as ours from 'ws-linger';
import Upstream from 'ws-upstream';
import { certificate } from '../support/certificate.js';
import { type Copy, loadCopy } from '../support/copies.js';
import { listen, portOf } from '../support/end.js';
import type { Target } from './messages.js';

export const A = loadCopy();
const B = loadCopy();

/** No `logger`: lines go to stderr, which nobody reads. */
const LINGER: ours.LingerOptions = {
  closeTimeout: 200,
  closeDeadline: 1_000,
  heartbeat: { interval: 400, timeout: 400 },
};
const QUIET: ours.LingerOptions = { ...LINGER, logger: false, maxAge: 2_000, sendTimeout: 500 };

export type OurServer = ours.WebSocketServer;

const attached = (options: object, ...copies: Copy[]): OurServer => {
  const wss = new Upstream.WebSocketServer(options as Upstream.ServerOptions);
  for (const copy of copies) copy.attach(wss as never, LINGER);
  return wss as unknown as OurServer;
};

/** By name. Each makes a server of these options of ws. */
const SERVERS: Record<string, (options: object) => OurServer> = {
  'server of A': (options) => new A.WebSocketServer({ ...options, linger: LINGER }),
  'server of A, quiet': (options) =>
    new A.WebSocketServer({ ...options, linger: { ...QUIET, maxBufferedAmount: 2 ** 20 } }),
  'server of A, class of B': (options) =>
    new A.WebSocketServer({ ...options, linger: LINGER, WebSocket: B.WebSocket } as never) as unknown as OurServer,
  'server of B': (options) => new B.WebSocketServer({ ...options, linger: LINGER }) as unknown as OurServer,
  'server of ws, attached by A': (options) => attached(options, A),
  'server of ws, attached by B and A': (options) => attached(options, B, A),
  'server of A over TLS': (options) => new A.WebSocketServer({ ...options, linger: QUIET }),
};

export const SERVER_NAMES = Object.keys(SERVERS);

export interface Serving extends Target {
  wss: OurServer;
  stop(): void;
}

export async function serve(name: string): Promise<Serving> {
  const make = SERVERS[name] as (options: object) => OurServer;
  if (!name.includes('TLS')) {
    const wss = make({ port: 0, host: '127.0.0.1', perMessageDeflate: { threshold: 0 } });
    await once(wss, 'listening');
    return { wss, port: portOf(wss), secure: false, stop: () => {} };
  }
  const server = await listen(https.createServer(await certificate()));
  return { wss: make({ server }), port: portOf(server), secure: true, stop: () => server.close() };
}

/** Each makes a client of this URL. */
export const CLIENTS: ((url: string) => ours.WebSocket)[] = [
  (url) => new A.WebSocket(url, { linger: LINGER }),
  (url) => new B.WebSocket(url, { linger: QUIET }),
  (url) => A.attach(new Upstream(url) as never, LINGER) as ours.WebSocket,
  (url) => B.attach(A.attach(new Upstream(url) as never, QUIET)) as unknown as ours.WebSocket,
];

/** How many sockets of both copies linger. */
export function lingering(): number {
  const { processMetrics } =
    require('../../dist/telemetry/metrics.js') as typeof import('../../dist/telemetry/metrics.js');
  return Object.values(processMetrics).reduce((sum, metrics) => sum + metrics.read().lingering.now, 0);
}
