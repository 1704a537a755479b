/** The peers of one host: plain ws, or bare sockets that read, stall or never answer. They tell how they were ended. */
import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import tls from 'node:tls';
import Upstream from 'ws-upstream';
import { listenToRunner } from '../lossless/channel.js';
import type { Profile } from '../lossless/profile.js';
import { Throttle } from '../lossless/throttle.js';
import { portOf } from '../support/end.js';
import { acceptUpgrade } from '../support/pairs.js';
import { UPGRADE_REQUEST } from '../support/peer.js';
import type { Behaviour, Identity, PeerNews, PeerOrder } from './orders.js';

/** Nothing ends on the peer's account while it is observed. */
const PATIENCE = { closeTimeout: 300_000, perMessageDeflate: false };
const SLOW = { speed: 20_000, pause: null } as Profile;

type Stream = net.Socket | Throttle;

let identity: Identity;
const peers = new Map<string, Peer>();

class Peer {
  readonly #id: string;
  #bytes = 0;
  #stream: Stream | undefined;
  #throttle: Throttle | null = null;
  #ended = false;

  constructor(id: string) {
    this.#id = id;
  }

  /** Takes over a stream whose upgrade is done. `tcp` is what is below it, where that is throttled. */
  observe(stream: Stream, behaviour: Behaviour, tcp?: Stream): void {
    this.#stream = stream;
    this.#throttle = tcp instanceof Throttle ? tcp : null;
    for (const event of ['end', 'error']) stream.on(event, () => this.#end(endOf(stream, event, tcp)));
    stream.on('data', (chunk) => {
      this.#bytes += chunk.length;
    });
    if (behaviour === 'stalled') stream.pause();
    tell({ is: 'open', id: this.#id });
  }

  #end(how: 'FIN' | 'RST'): void {
    if (this.#ended) return;
    this.#ended = true;
    tell({ is: 'ended', id: this.#id, at: Date.now(), how });
  }

  resume(): void {
    this.#throttle?.release();
    this.#stream?.resume();
  }

  write(): void {
    this.#stream?.write('anybody there?');
  }

  count(): void {
    tell({ is: 'counted', id: this.#id, bytes: this.#bytes });
  }
}

function endOf(stream: Stream, event: string, tcp: Stream | undefined): 'FIN' | 'RST' {
  // TLS that breaks off in the middle of a record is an error, too.
  if (tcp instanceof Throttle) return tcp.seenEnd === 'rst' ? 'RST' : 'FIN';
  // To libuv the end of what was read before an RST is an end; but such a connection has no other side any more.
  const { _handle: handle } = stream as { _handle?: { getpeername?(out: object): number } | null };
  const isReset = event === 'error' || (handle?.getpeername && handle.getpeername({}) !== 0);
  return isReset ? 'RST' : 'FIN';
}

type Connect = Extract<PeerOrder, { do: 'connect' }>;

function add(id: string): Peer {
  const peer = new Peer(id);
  peers.set(id, peer);
  return peer;
}

function socketOf(ws: Upstream): net.Socket {
  return (ws as unknown as { _socket: net.Socket })._socket;
}

async function connect({ id, transport, behaviour, host, port }: Connect): Promise<void> {
  const peer = add(id);
  if (behaviour === 'living') {
    const url = `${transport === 'tls' ? 'wss' : 'ws'}://${host}:${port}/${id}`;
    const ws = new Upstream(url, { ...PATIENCE, rejectUnauthorized: false });
    ws.on('error', () => {});
    await once(ws, 'open');
    return peer.observe(socketOf(ws), behaviour);
  }
  const tcp =
    behaviour === 'slow' ? Throttle.connect(SLOW, host, port) : net.connect({ host, port, allowHalfOpen: true });
  if (tcp instanceof Throttle) tcp.begin(Date.now());
  const stream = transport === 'tls' ? tls.connect({ socket: tcp, rejectUnauthorized: false }) : tcp;
  stream.on('error', () => {});
  stream.write(UPGRADE_REQUEST.replace('GET /', `GET /${id}`));
  if (behaviour !== 'waiting') await once(stream, 'data');
  peer.observe(stream, behaviour, tcp);
}

function listen({ id, transport, behaviour }: Extract<PeerOrder, { do: 'listen' }>): void {
  const peer = add(id);
  const web = transport === 'tls' ? https.createServer({ ...identity, allowHalfOpen: true }) : http.createServer();
  if (behaviour === 'living') {
    const wss = new Upstream.Server({ server: web, ...PATIENCE });
    wss.on('connection', (ws) => {
      ws.on('error', () => {});
      peer.observe(socketOf(ws), behaviour);
    });
  } else {
    web.on('upgrade', (request, socket: net.Socket) => {
      socket.on('error', () => {});
      acceptUpgrade(request, socket);
      peer.observe(socket, behaviour);
    });
  }
  web.listen(0, '0.0.0.0', () => tell({ is: 'listening', id, port: portOf(web) }));
}

/** Opens many connections and resets all of them in one turn of the loop. */
async function storm({ id, host, port, count }: Extract<PeerOrder, { do: 'storm' }>): Promise<void> {
  const sockets = await Promise.all(
    Array.from({ length: count }, async () => {
      const socket = net.connect({ host, port });
      socket.on('error', () => {});
      socket.write(UPGRADE_REQUEST);
      await once(socket, 'data');
      return socket;
    }),
  );
  for (const socket of sockets) socket.resetAndDestroy();
  tell({ is: 'stormed', id, at: Date.now() });
}

const tell = listenToRunner<PeerOrder, PeerNews>([], (order) => {
  const failed = (error: Error) => tell({ is: 'failed', id: 'id' in order ? order.id : '', why: String(error) });
  if (order.do === 'setup') identity = order;
  else if (order.do === 'connect') connect(order).catch(failed);
  else if (order.do === 'listen') listen(order);
  else if (order.do === 'storm') storm(order).catch(failed);
  else if (order.do === 'resume') peers.get(order.id)?.resume();
  else if (order.do === 'write') peers.get(order.id)?.write();
  else peers.get(order.id)?.count();
});
