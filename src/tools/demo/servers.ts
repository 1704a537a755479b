/** The two servers that the demo compares, ws-linger and plain ws, and the actions on their connections. */
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { Upstream } from '../../upstream';
import type { WebSocket } from '../../websocket';
import { WebSocketServer } from '../../websocket-server';
import { type Address, connectBare, GOING_AWAY, SCENARIOS, type Scenario } from './bare-peer';
import { ConnectionLog, type Side } from './connection-log';
import { requestUrl } from './request-url';

/** More than both kernels buffer for a peer that does not read. */
const BACKLOG = Buffer.alloc(8 * 1024 * 1024);

const SIDES: readonly Side[] = ['linger', 'plain'];

const OPTIONS = { noServer: true, maxPayload: 1024 * 1024 };

const MAX_LABEL_LENGTH = 80;

/** Shorter than the defaults, so that a visitor need not wait long. In ms. */
const HEARTBEAT = { interval: 3_000, timeout: 3_000 };

/** How often the servers send a message of their own, as a server with live data does. In ms. */
const TICK_INTERVAL = 250;

export class Servers {
  readonly linger = new WebSocketServer({ ...OPTIONS, linger: { logger: false, heartbeat: HEARTBEAT } });
  readonly plain = new Upstream.Server(OPTIONS);
  readonly log = new ConnectionLog(this);
  readonly #byKey = new Map<string, Set<Upstream>>();
  readonly #bare = new Set<Socket>();
  #bareCount = 0;
  readonly #timer: NodeJS.Timeout;

  constructor() {
    this.#timer = setInterval(() => {
      for (const ws of this.#all()) if (ws.readyState === Upstream.OPEN) ws.send('tick');
    }, TICK_INTERVAL);
  }

  /** Accepts `/linger?pair=KEY&peer=LABEL` and the same at `/plain`. Returns false for other paths. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean {
    const url = requestUrl(request);
    const key = url?.searchParams.get('pair')?.slice(0, MAX_LABEL_LENGTH);
    const peer = url?.searchParams.get('peer')?.slice(0, MAX_LABEL_LENGTH) ?? 'unnamed peer';
    if (!url || !key) return false;
    const { pathname } = url;
    if (pathname === '/linger') {
      this.linger.handleUpgrade(request, socket, head, (ws) => {
        this.log.watchLinger(ws, key, peer);
        this.#serve(ws, key);
      });
    } else if (pathname === '/plain') {
      this.plain.handleUpgrade(request, socket, head, (ws) => {
        this.log.watchPlain(ws, key, peer);
        this.#serve(ws, key);
      });
    } else return false;
    return true;
  }

  /** Opens one bare connection to each server, at `address`, and ends both as the scenario says. */
  async end(scenario: Scenario, address: Address): Promise<void> {
    const key = `bare-${++this.#bareCount}`;
    const query = `?pair=${key}&peer=${encodeURIComponent(SCENARIOS[scenario].peer)}`;
    const sockets = await Promise.all(SIDES.map((side) => connectBare(address, `/${side}${query}`)));
    for (const socket of sockets) {
      this.#bare.add(socket);
      socket.once('close', () => this.#bare.delete(socket));
    }
    // Under Wine, a reset in the same turn as the opening arrives as FIN.
    await new Promise(setImmediate);
    for (const socket of sockets) SCENARIOS[scenario].end(socket);
    if ('backlog' in SCENARIOS[scenario]) this.#sendBacklog(key, sockets);
  }

  #sendBacklog(key: string, sockets: readonly Socket[]): void {
    const row = this.log.openRow(key);
    for (const [i, socket] of sockets.entries()) {
      const before = socket.bytesRead;
      socket.once('close', () => {
        if (row) this.log.arrived(row, SIDES[i] as Side, socket.bytesRead - before);
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

  /** Calls abort() on ws-linger's connections and terminate() on those of plain ws, which has no abort(). */
  abortAll(): void {
    for (const ws of this.linger.clients) ws.abort();
    for (const ws of this.plain.clients) ws.terminate();
  }

  /** Ends all connections and timers, so that the process can exit. */
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
