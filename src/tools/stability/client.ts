/** One client connection of a run: it opens, exchanges numbered messages, and ends as its scenario says. */
import type { Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import type { CloseInfo } from '../../close-info';
import { WebSocket } from '../../websocket';
import { backlogMessage, MESSAGE_BYTES } from './backlog';
import type { ObservedEnd } from './expected-ends';
import type { PlannedConnection } from './plan';
import type { Relay } from './relay';
import { readSlowly, slowReadMs, stopReading } from './slow-reader';

/** More echo than the kernels of both sides buffer, so that the server is left with bytes that it cannot send. */
const STALL_BYTES = 6 * 1024 * 1024;
const STALL_MESSAGE = Buffer.alloc(512 * 1024);
/** How long a client of `pause` reads nothing, and how long the relay of `cutoff` forwards nothing. */
const PAUSE_MS = 4_000;
const CUT_OFF_MS = 3_000;

/** How long a client delays its own end, in ms, before which neither side can be late. */
export function ownDelayMs({ scenario, backlog }: PlannedConnection): number {
  if (scenario === 'slow') return slowReadMs(backlog * MESSAGE_BYTES);
  return scenario === 'pause' ? PAUSE_MS : scenario === 'cutoff' ? CUT_OFF_MS : 0;
}

/** Where and how a client connects. Plain data, because the process of clients receives it in a message. */
export interface Target {
  url: string;
  /** Whether the run started the server. Then the address carries the connection's id, so that reports can name it. */
  ownServer: boolean;
  /** Whether the server sends each message back. */
  echo: boolean;
  insecure: boolean;
  headers: Readonly<Record<string, string>>;
  protocols: readonly string[];
}

/** Callbacks for a client's events. */
export interface ClientEvents {
  echoed(): void;
  /** Called for the first 'close' of a connection that was open. */
  closed(end: ObservedEnd): void;
}

/** Tells the server to send a backlog of `backlog` messages and then to close the connection. */
export type CloseByServer = (backlog: number) => void;

export class Client {
  readonly planned: PlannedConnection;
  readonly connectMs: Promise<number>;
  readonly ended: Promise<void>;
  /** What the client has seen of its end so far. */
  readonly end: ObservedEnd;
  sent = 0;
  received = 0;
  /** Messages of the backlog that were sent to this client, and that arrived whole and in order. */
  backlogSent = 0;
  backlogDelivered = 0;
  readonly #ws: WebSocket;
  readonly #echo: boolean;
  readonly #events: ClientEvents | undefined;
  readonly #relay: Relay | null;
  #onProgress: () => void = () => {};
  /** The socket, captured at 'open', because ws drops it on close and holdsSocket() is asked after that. */
  #socket: Socket | null = null;

  /** `relay`, where given, must be ready: the client connects through it. */
  constructor(target: Target, planned: PlannedConnection, events?: ClientEvents, relay: Relay | null = null) {
    const { url, ownServer, echo, insecure, headers, protocols } = target;
    this.planned = planned;
    this.#relay = relay;
    this.#echo = echo;
    this.#events = events;
    const address = new URL(url);
    if (ownServer) address.searchParams.set('id', String(planned.id));
    const started = performance.now();
    const ws = new WebSocket(address, [...protocols], {
      perMessageDeflate: false,
      rejectUnauthorized: !insecure,
      headers,
      linger: { logger: false },
      ...(relay ? { createConnection: (options: object) => relay.connect(options) } : {}),
    });
    this.#ws = ws;
    const end: ObservedEnd = { id: planned.id, code: 0, info: null, closes: 0, disconnects: 0 };
    this.end = end;
    this.connectMs = new Promise((resolve, reject) => {
      ws.once('open', () => {
        this.#socket = (ws as unknown as { _socket: Socket })._socket;
        resolve(performance.now() - started);
      });
      ws.once('error', reject);
    });
    ws.on('error', () => {}); // connectMs or 'disconnect' reports it
    ws.on('message', (data, isBinary) => {
      // A wrong text is not counted, so the message that it replaces counts as lost.
      if (echo && this.#isNextEcho(data as Buffer)) this.#countReceived();
      else if (isBinary) this.#onBacklogMessage(data as Buffer);
    });
    ws.on('disconnect', (info: CloseInfo) => {
      end.info = info;
      end.disconnects++;
    });
    this.ended = new Promise((resolve) => {
      ws.on('close', (code) => {
        end.code = code;
        end.closes++;
        if (end.closes === 1 && this.#socket) events?.closed(end);
        this.#onProgress();
        resolve();
      });
    });
  }

  /** Whether the process still holds the client's socket. */
  get holdsSocket(): boolean {
    return Boolean((this.#socket as unknown as { _handle?: object | null } | null)?._handle);
  }

  /**
   * Sends `count` numbered messages. Resolves when all echoes have arrived or the connection has ended. With a server
   * that does not echo, a message counts as received when the kernel has accepted it.
   */
  async exchange(count: number): Promise<void> {
    const onSent = (error?: Error) => {
      if (!this.#echo && !error) this.#countReceived();
    };
    for (let i = 0; i < count; i++) this.#ws.send(this.#text(this.sent++), onSent);
    await this.#waitUntil(() => this.received >= this.sent);
  }

  /** Ends the connection as its scenario says. `closeByServer` is null for a server at a URL, which takes no commands. */
  async finish(closeByServer: CloseByServer | null): Promise<void> {
    const ws = this.#ws;
    const socket = this.#socket as Socket;
    switch (this.planned.scenario) {
      case 'clean':
        // Shows that a message sent directly before the close arrives. A server at a URL need not echo it in time.
        if (closeByServer) this.exchange(1);
        ws.close(1000, 'done');
        return;
      case 'rst':
        ws.abort();
        return;
      case 'fin':
        socket.end();
        return;
      case 'cut':
        socket.end(Buffer.from([0x82, 0xff, 0, 0])); // the first bytes of a long binary frame
        return;
      case 'stall': {
        socket.pause();
        let unsent = STALL_BYTES / STALL_MESSAGE.length;
        await new Promise<void>((resolve) => {
          const sent = () => {
            if (--unsent === 0) resolve();
          };
          for (let left = unsent; left > 0; left--) ws.send(STALL_MESSAGE, sent);
          if (!closeByServer) resolve();
        });
        if (closeByServer) closeByServer(0);
        else ws.abort();
        return;
      }
      case 'slow':
        readSlowly(ws, socket);
        return this.#takeBacklog(closeByServer);
      case 'pause':
      case 'cutoff':
        return this.#takeBacklog(closeByServer);
      case 'kill':
        throw new Error('the scenario kill is ended by killing the process');
    }
  }

  /** Ends a client that has stopped reading, because such a client never sees that the server has closed. */
  abort(): void {
    this.#ws.abort();
  }

  /** Frees the client, in whatever state it is. Takes at most 2 s. */
  async stop(): Promise<void> {
    this.#ws.terminate();
    // Bounded, because that `ended` resolves is what the run tests.
    await Promise.race([this.ended, delay(2_000, undefined, { ref: false })]);
  }

  /** Receives the backlog. A server at a URL gets it from the client and echoes it; then the client closes. */
  async #takeBacklog(closeByServer: CloseByServer | null): Promise<void> {
    const ws = this.#ws;
    const { backlog: count } = this.planned;
    if (closeByServer) {
      this.backlogSent = count;
      closeByServer(count);
      return;
    }
    if (this.#echo) {
      this.backlogSent = count;
      for (let n = 0; n < count; n++) ws.send(backlogMessage(n));
      await this.#waitUntil(() => this.backlogDelivered === count);
    }
    ws.close(1000, 'done');
  }

  #onBacklogMessage(data: Buffer): void {
    if (!data.equals(backlogMessage(this.backlogDelivered))) return; // not counted, so the result shows it as missing
    this.backlogDelivered++;
    if (this.backlogDelivered === 1) this.#interrupt();
    this.#onProgress();
  }

  /** Pauses or cuts off the client at the first message, so that the rest and the close find it interrupted. */
  #interrupt(): void {
    const { scenario } = this.planned;
    if (scenario === 'pause') stopReading(this.#ws, PAUSE_MS);
    if (scenario !== 'cutoff') return;
    this.#relay?.cutOff(CUT_OFF_MS);
    this.#ws.send('sent while cut off'); // arrives after the server has closed, and must not disturb the delivery
  }

  /** Resolves when the condition holds or the connection has ended. */
  async #waitUntil(condition: () => boolean): Promise<void> {
    while (!condition() && this.#ws.readyState !== WebSocket.CLOSED) {
      await new Promise<void>((resolve) => {
        this.#onProgress = resolve;
      });
    }
  }

  /** As text or as binary: `ws.send(data)` in a server of ws sends text back as binary. */
  #isNextEcho(data: Buffer): boolean {
    const text = this.#text(this.received);
    return data.length === text.length && data.toString() === text;
  }

  #countReceived(): void {
    this.received++;
    this.#events?.echoed();
    this.#onProgress();
  }

  #text(n: number): string {
    return `message ${n} of connection ${this.planned.id}`;
  }
}
