/** One client connection of a stability run: opens, exchanges numbered messages, ends in the way of its scenario. */
import { performance } from 'node:perf_hooks';
import type { CloseInfo } from '../close-info';
import { WebSocket } from '../websocket';
import type { End } from './expected';
import type { Planned } from './plan';

/** Enough to fill what the kernels of both sides hold, so that the server is left with bytes it cannot send. */
const STALL_BYTES = 6 * 1024 * 1024;
const STALL_MESSAGE = Buffer.alloc(512 * 1024);

export class Client {
  readonly planned: Planned;
  readonly connectMs: Promise<number>;
  readonly ended: Promise<void>;
  /** How it ended, so far. */
  readonly end: End;
  sent = 0;
  received = 0;
  readonly #ws: WebSocket;
  #onEcho: () => void = () => {};

  constructor(url: string, planned: Planned) {
    this.planned = planned;
    const address = new URL(url);
    address.searchParams.set('id', String(planned.id));
    const started = performance.now();
    const ws = new WebSocket(address, { perMessageDeflate: false, linger: { logger: false } });
    this.#ws = ws;
    const end: End = { id: planned.id, code: 0, info: null, closes: 0, disconnects: 0 };
    this.end = end;
    this.connectMs = new Promise((resolve, reject) => {
      ws.once('open', () => resolve(performance.now() - started));
      ws.once('error', reject);
    });
    ws.on('error', () => {}); // connectMs has told of it, or 'disconnect' will
    ws.on('message', (data) => {
      if (String(data) !== this.#text(this.received)) return; // never counted, so it is found to be lost
      this.received++;
      this.#onEcho();
    });
    ws.on('disconnect', (info: CloseInfo) => {
      end.info = info;
      end.disconnects++;
    });
    this.ended = new Promise((resolve) => {
      ws.on('close', (code) => {
        end.code = code;
        end.closes++;
        this.#onEcho();
        resolve();
      });
    });
  }

  /** Sends `count` numbered messages; resolves when all echoes are here, or the connection has ended. */
  async exchange(count: number): Promise<void> {
    for (let i = 0; i < count; i++) this.#ws.send(this.#text(this.sent++));
    while (this.received < this.sent && this.#ws.readyState !== WebSocket.CLOSED) {
      await new Promise<void>((resolve) => {
        this.#onEcho = resolve;
      });
    }
  }

  /** Ends the connection in the way of its scenario. `closeByServer` tells the server to close; null where none can. */
  async finish(closeByServer: (() => void) | null): Promise<void> {
    const ws = this.#ws;
    const socket = (ws as unknown as { _socket: import('node:net').Socket })._socket;
    switch (this.planned.scenario) {
      case 'clean':
        // What is sent just before a close arrives, too.
        ws.send(this.#text(this.sent++));
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
        if (closeByServer) closeByServer();
        else ws.abort();
        return;
      }
      case 'kill':
        throw new Error('a process is killed from outside');
    }
  }

  /** Lets a stalled reader see how the server ended its connection. */
  resume(): void {
    this.#ws.resume();
    (this.#ws as unknown as { _socket: import('node:net').Socket })._socket.resume();
  }

  /** Makes sure that nothing of it stays, also when it did not end as it should. */
  giveUp(): void {
    this.#ws.terminate();
  }

  #text(n: number): string {
    return `message ${n} of connection ${this.planned.id}`;
  }
}
