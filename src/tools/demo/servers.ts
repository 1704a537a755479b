/** The two servers under observation, and what is done to their connections. */
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { Upstream } from '../../upstream';
import type { WebSocket } from '../../websocket';
import { WebSocketServer } from '../../websocket-server';
import { connectBare, GOING_AWAY, WAYS, type Way, type Where } from './bare-peer';
import { Ledger, type Side } from './ledger';
import { urlOf } from './request-url';

/** More than two kernels hold for a reader that has stopped. */
const BACKLOG = Buffer.alloc(8 * 1024 * 1024);

const SIDES: readonly Side[] = ['linger', 'plain'];

const OPTIONS = { noServer: true, maxPayload: 1024 * 1024 };

const LONGEST_LABEL = 80;

/** Short, for those who look on. In ms. */
const HEARTBEAT = { interval: 3_000, timeout: 3_000 };

/** The servers send by themselves too, as those do whose pages are live. In ms. */
const TICK = 250;

export class Servers {
  readonly linger = new WebSocketServer({ ...OPTIONS, linger: { logger: false, heartbeat: HEARTBEAT } });
  readonly plain = new Upstream.Server(OPTIONS);
  readonly ledger = new Ledger(this);
  readonly #byKey = new Map<string, Set<Upstream>>();
  readonly #bare = new Set<Socket>();
  #bareCount = 0;
  readonly #timer: NodeJS.Timeout;

  constructor() {
    this.#timer = setInterval(() => {
      for (const ws of this.#all()) if (ws.readyState === Upstream.OPEN) ws.send('tick');
    }, TICK);
  }

  /** `/linger?pair=KEY&peer=LABEL`, and the same below /plain. False for any other path. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean {
    const url = urlOf(request);
    const key = url?.searchParams.get('pair')?.slice(0, LONGEST_LABEL);
    const peer = url?.searchParams.get('peer')?.slice(0, LONGEST_LABEL) ?? 'somebody';
    if (!url || !key) return false;
    const { pathname } = url;
    if (pathname === '/linger') {
      this.linger.handleUpgrade(request, socket, head, (ws) => {
        this.ledger.watchLinger(ws, key, peer);
        this.#serve(ws, key);
      });
    } else if (pathname === '/plain') {
      this.plain.handleUpgrade(request, socket, head, (ws) => {
        this.ledger.watchPlain(ws, key, peer);
        this.#serve(ws, key);
      });
    } else return false;
    return true;
  }

  /** Opens a pair of connections to these servers, which are at `where`, and ends both. */
  async end(way: Way, where: Where): Promise<void> {
    const key = `bare-${++this.#bareCount}`;
    const query = `?pair=${key}&peer=${encodeURIComponent(WAYS[way].peer)}`;
    const sockets = await Promise.all(SIDES.map((side) => connectBare(where, `/${side}${query}`)));
    for (const socket of sockets) {
      this.#bare.add(socket);
      socket.once('close', () => this.#bare.delete(socket));
    }
    // Under Wine a reset in the very turn of the connection's opening arrives as FIN.
    await new Promise(setImmediate);
    for (const socket of sockets) WAYS[way].end(socket);
    if ('backlog' in WAYS[way]) this.#sendBacklog(key, sockets);
  }

  #sendBacklog(key: string, sockets: readonly Socket[]): void {
    const row = this.ledger.openRow(key);
    for (const [i, socket] of sockets.entries()) {
      const before = socket.bytesRead;
      socket.once('close', () => {
        if (row) this.ledger.arrived(row, SIDES[i] as Side, socket.bytesRead - before);
      });
    }
    for (const ws of this.#byKey.get(key) ?? []) {
      ws.send(BACKLOG);
      ws.close(GOING_AWAY.code, GOING_AWAY.reason);
    }
  }

  closeAll(): void {
    for (const ws of this.#all()) ws.close(1000, 'closed by the server');
  }

  /** What each has for it. */
  abortAll(): void {
    for (const ws of this.linger.clients) ws.abort();
    for (const ws of this.plain.clients) ws.terminate();
  }

  /** Leaves nothing that would keep the process. */
  stop(): void {
    clearInterval(this.#timer);
    for (const ws of this.#all()) ws.terminate();
    for (const socket of this.#bare) socket.destroy();
  }

  #all(): Upstream[] {
    return [...this.#byKey.values()].flatMap((pair) => [...pair]);
  }

  #serve(ws: Upstream | WebSocket, key: string): void {
    const connection = ws as Upstream;
    const pair = this.#byKey.get(key) ?? new Set();
    this.#byKey.set(key, pair.add(connection));
    connection.on('message', (data, binary) => connection.send(data, { binary }));
    connection.once('close', () => {
      pair.delete(connection);
      if (pair.size === 0) this.#byKey.delete(key);
    });
  }
}
