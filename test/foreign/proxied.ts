/** Connections through a proxy, and what both of their sides say of their ends. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import WebSocket, { type CloseInfo, WebSocketServer } from 'ws-linger';
import Upstream from 'ws-upstream';
import { portOf } from '../support/end.js';

/** `plain` is ws itself. */
export const MAKES = ['ours', 'plain'] as const;
export type Make = (typeof MAKES)[number];

/** One side of a connection, until its end and after it. */
export class Side {
  readonly ws: WebSocket;
  /** The messages that came. */
  readonly received: string[] = [];
  /** How many pings came. */
  pings = 0;
  readonly ended: Promise<Side>;
  #openedAt = performance.now();
  readonly #events: string[] = [];
  code = 0;
  /** Why its opening failed, or how the peer broke the protocol. */
  error: Error | null = null;
  openMs = 0;

  constructor(ws: WebSocket) {
    this.ws = ws;
    ws.on('error', (error) => {
      this.error = error;
    });
    ws.on('message', (data, isBinary) => isBinary || this.received.push(data.toString()));
    ws.on('open', () => {
      this.#openedAt = performance.now();
    });
    ws.on('ping', () => this.pings++);
    ws.on('disconnect', () => this.#events.push('disconnect'));
    ws.on('close', (code) => {
      this.#events.push('close');
      this.code = code;
      this.openMs = performance.now() - this.#openedAt;
    });
    this.ended = new Promise((resolve) => ws.once('close', () => resolve(this)));
  }

  /** What plain ws does not say. */
  get info(): CloseInfo | null {
    return this.ws.closeInfo ?? null;
  }

  /** That it ended once, and said so once. */
  assertEndedOnce(): void {
    const wanted = this.info ? ['disconnect', 'close'] : ['close'];
    assert.deepEqual(this.#events, wanted, JSON.stringify(this.info));
    assert.equal(this.ws.readyState, WebSocket.CLOSED);
  }

  /** Waits for so many pings of the peer; fails where it ends before. */
  async pinged(count: number): Promise<void> {
    while (this.pings < count) {
      const ended = this.ended.then(() => Promise.reject(new Error(`ended after ${this.pings} pings`)));
      await Promise.race([once(this.ws, 'ping'), ended]);
    }
  }

  /** Whether the peer sends `text` back. */
  async echoes(text: string): Promise<boolean> {
    if (this.ws.readyState !== WebSocket.OPEN) return false;
    this.ws.send(text);
    while (this.ws.readyState === WebSocket.OPEN && !this.received.includes(text))
      await Promise.race([once(this.ws, 'message'), this.ended]);
    return this.received.includes(text);
  }
}

type OnConnection = (ws: WebSocket) => void;

/** A server behind a proxy. It sends each text message back. */
export class Backend {
  readonly port: number;
  /** The server's side of each connection, by the path of its request. */
  readonly sides = new Map<string, Side>();
  readonly #wss: WebSocketServer;

  private constructor(wss: WebSocketServer, onConnection: OnConnection) {
    this.#wss = wss;
    this.port = portOf(wss);
    wss.on('connection', (ws, { url = '' }) => {
      this.sides.set(url, new Side(ws));
      ws.on('message', (data, isBinary) => isBinary || ws.send(data.toString()));
      onConnection(ws);
    });
  }

  static async start(make: Make, linger: WebSocket.LingerOptions = {}, onConnection: OnConnection = () => {}) {
    const where = { host: '127.0.0.1', port: 0, perMessageDeflate: false };
    const { heartbeat, ...others } = linger;
    const wss =
      make === 'ours'
        ? new WebSocketServer({ ...where, linger: { logger: false, heartbeat, ...others } })
        : (new Upstream.WebSocketServer(where) as unknown as WebSocketServer);
    await once(wss, 'listening');
    const backend = new Backend(wss, onConnection);
    if (make === 'plain' && typeof heartbeat === 'object') pingAll(wss, heartbeat.interval ?? 30_000);
    return backend;
  }

  side(path: string): Side {
    const side = this.sides.get(path);
    assert.ok(side, `the server has no connection ${path}`);
    return side;
  }

  /** Stops the server, which has no connection left. */
  async stop(): Promise<void> {
    const isLeft = ({ ws }: Side) => this.#wss.clients.has(ws as never);
    const left = [...this.sides].filter(([, side]) => isLeft(side)).map(([path, { ws }]) => `${path} ${ws.readyState}`);
    for (const ws of this.#wss.clients) ws.terminate();
    const closed = once(this.#wss, 'close');
    this.#wss.close();
    await closed;
    assert.deepEqual(left, [], 'connections that have not ended');
    for (const side of this.sides.values()) side.assertEndedOnce();
  }
}

/** As in ws's README, without its end of peers that do not answer. */
function pingAll(wss: WebSocketServer, interval: number): void {
  const timer = setInterval(() => {
    for (const ws of wss.clients) ws.ping();
  }, interval);
  wss.on('close', () => clearInterval(timer));
}

interface ClientOptions {
  /** Whether it answers pings. */
  autoPong?: boolean;
  keepAlive?: number;
}

/** Opens a connection with ws-linger. */
export async function openClient(url: string, { autoPong = true, keepAlive }: ClientOptions = {}): Promise<Side> {
  const linger = { logger: false, ...(keepAlive !== undefined && { keepAlive }) } as const;
  const ws = new WebSocket(url, { autoPong, perMessageDeflate: false, linger });
  const side = new Side(ws);
  await Promise.race([once(ws, 'open'), side.ended]);
  assert.equal(
    ws.readyState,
    WebSocket.OPEN,
    `no connection to ${url}: ${side.error?.message} ${JSON.stringify(side.info)}`,
  );
  return side;
}
