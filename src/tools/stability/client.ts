/** One client connection of a stability run: opens, exchanges numbered messages, ends in the way of its scenario. */
import type { Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import type { CloseInfo } from '../../close-info';
import { WebSocket } from '../../websocket';
import { backlogMessage } from './backlog';
import type { End } from './expected';
import type { Planned } from './plan';
import type { Relay } from './relay';
import { readSlowly, stopReading } from './slow-reader';

/** Enough to fill what the kernels of both sides hold, so that the server is left with bytes it cannot send. */
const STALL_BYTES = 6 * 1024 * 1024;
const STALL_MESSAGE = Buffer.alloc(512 * 1024);
/** How long a pausing client reads nothing, and how long another's traffic is cut off, in ms. */
const PAUSE = 4_000;
const CUT_OFF = 3_000;

/** Where and how a client connects; plain data, since a process of clients is told it in a message. */
export interface Target {
  url: string;
  /** Whether it is the run's own server, which knows each connection by its id. */
  own: boolean;
  /** Whether it sends messages back. */
  echo: boolean;
  insecure: boolean;
  headers: Readonly<Record<string, string>>;
  protocols: readonly string[];
}

/** Told of what happens to clients, as it happens. */
export interface ClientEvents {
  echoed(): void;
  /** Of a connection that had been open. */
  closed(end: End): void;
}

/** Makes the server send a backlog of so many messages and close the connection. */
export type CloseByServer = (backlog: number) => void;

export class Client {
  readonly planned: Planned;
  readonly connectMs: Promise<number>;
  readonly ended: Promise<void>;
  /** How it ended, so far. */
  readonly end: End;
  sent = 0;
  received = 0;
  /** Messages of the backlog: sent to this client before the close, and arrived, in order and whole. */
  backlogSent = 0;
  backlogDelivered = 0;
  readonly #ws: WebSocket;
  readonly #echo: boolean;
  readonly #events: ClientEvents | undefined;
  readonly #relay: Relay | null;
  #onProgress: () => void = () => {};
  /** Kept from 'open' on: ws lets go of it at the end, when it is asked whether it has gone. */
  #socket: Socket | null = null;

  /** A client whose traffic is to be cut off connects through a relay, which is ready. */
  constructor(target: Target, planned: Planned, events?: ClientEvents, relay: Relay | null = null) {
    const { url, own, echo, insecure, headers, protocols } = target;
    this.planned = planned;
    this.#relay = relay;
    this.#echo = echo;
    this.#events = events;
    const address = new URL(url);
    if (own) address.searchParams.set('id', String(planned.id));
    const started = performance.now();
    const ws = new WebSocket(address, [...protocols], {
      perMessageDeflate: false,
      rejectUnauthorized: !insecure,
      headers,
      linger: { logger: false },
      ...(relay ? { createConnection: (options: object) => relay.connect(options) } : {}),
    });
    this.#ws = ws;
    const end: End = { id: planned.id, code: 0, info: null, closes: 0, disconnects: 0 };
    this.end = end;
    this.connectMs = new Promise((resolve, reject) => {
      ws.once('open', () => {
        this.#socket = (ws as unknown as { _socket: Socket })._socket;
        resolve(performance.now() - started);
      });
      ws.once('error', reject);
    });
    ws.on('error', () => {}); // connectMs has told of it, or 'disconnect' will
    ws.on('message', (data, isBinary) => {
      if (isBinary) this.#onBacklogMessage(data as Buffer);
      // Any other text is never counted, so it is found to be lost.
      else if (echo && String(data) === this.#text(this.received)) this.#countReceived();
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

  /** Whether its socket is still held. */
  get holdsSocket(): boolean {
    return Boolean((this.#socket as unknown as { _handle?: object | null } | null)?._handle);
  }

  /**
   * Sends `count` numbered messages; resolves when all echoes are here, or the connection has ended. Where nothing is
   * sent back, a message counts when the system has taken it.
   */
  async exchange(count: number): Promise<void> {
    const taken = (error?: Error) => {
      if (!this.#echo && !error) this.#countReceived();
    };
    for (let i = 0; i < count; i++) this.#ws.send(this.#text(this.sent++), taken);
    await this.#until(() => this.received >= this.sent);
  }

  /** Ends the connection in the way of its scenario. `closeByServer` tells the server to close; null where none can. */
  async finish(closeByServer: CloseByServer | null): Promise<void> {
    const ws = this.#ws;
    const socket = this.#socket as Socket;
    switch (this.planned.scenario) {
      case 'clean':
        // What is sent just before a close arrives, too. A server that is not ours may close before it answers that.
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
        throw new Error('a process is killed from outside');
    }
  }

  /** Ends a stalled reader, which sees nothing of what the server does. */
  abort(): void {
    this.#ws.abort();
  }

  /** Makes sure that nothing of it stays, also when it did not end as it should. Takes a bounded time. */
  async stop(): Promise<void> {
    this.#ws.terminate();
    // What is tested here is not relied on.
    await Promise.race([this.ended, delay(2_000, undefined, { ref: false })]);
  }

  /** A server that is not ours is sent the backlog, to send it back; the client closes when it has all of it. */
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
      await this.#until(() => this.backlogDelivered === count);
    }
    ws.close(1000, 'done');
  }

  #onBacklogMessage(data: Buffer): void {
    if (!data.equals(backlogMessage(this.backlogDelivered))) return; // never counted, so it is found to be missing
    this.backlogDelivered++;
    if (this.backlogDelivered === 1) this.#interrupt();
    this.#onProgress();
  }

  /** The rest of the backlog, and the close, come while the client does not read or cannot be reached. */
  #interrupt(): void {
    const { scenario } = this.planned;
    if (scenario === 'pause') stopReading(this.#ws, PAUSE);
    if (scenario !== 'cutoff') return;
    this.#relay?.cutOff(CUT_OFF);
    this.#ws.send('sent while cut off'); // arrives after the server has closed, and must do no harm
  }

  /** Resolves when what is waited for is there, or the connection has ended. */
  async #until(isThere: () => boolean): Promise<void> {
    while (!isThere() && this.#ws.readyState !== WebSocket.CLOSED) {
      await new Promise<void>((resolve) => {
        this.#onProgress = resolve;
      });
    }
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
