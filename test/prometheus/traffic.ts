/** Servers of this package in this process, and connections that end in each way that has an alert. */
import { once } from 'node:events';
import type { Socket } from 'node:net';
import WebSocket, { WebSocketServer } from 'ws-linger';
import { portOf, until } from '../support/end.js';
import { CLIENT_FRAMES, connectPeer, connectTcp, UPGRADE_REQUEST } from '../support/peer.js';

type Options = Pick<WebSocket.ServerOptions, 'linger' | 'verifyClient'>;

const BROKEN_FRAME = Buffer.from([0xff, 0xff, 0xff, 0xff]);
/** More than loopback's buffers take. */
const MANY_BYTES = 16 * 1024 * 1024;

/** How many connections end in each way; `hanging` ones stay in their closing handshake. */
export interface Amounts {
  clean: number;
  vanished: number;
  slow: number;
  broken: number;
  hanging: number;
  abandoned: number;
  unknown: number;
}

export const NOTHING: Amounts = { clean: 0, vanished: 0, slow: 0, broken: 0, hanging: 0, abandoned: 0, unknown: 0 };

export class Traffic {
  readonly #servers: WebSocketServer[] = [];
  readonly #peers: Socket[] = [];
  readonly #clients: WebSocket[] = [];

  /** Two clients that stay open and answer the heartbeat. */
  async open(): Promise<void> {
    const wss = await this.#serve({ linger: { heartbeat: { interval: 50, timeout: 10_000 } } });
    for (let i = 0; i < 2; i++) {
      const client = new WebSocket(`ws://127.0.0.1:${portOf(wss)}`, { linger: { logger: false } });
      this.#clients.push(client);
      await once(client, 'open');
    }
    await until('the heartbeat is answered', () => wss.stats().rttMs.count >= 2);
  }

  async run(amounts: Amounts): Promise<void> {
    await this.#end('clean', amounts.clean, {}, (_, peer) => void peer.resume().end(CLIENT_FRAMES.close));
    await this.#end('timed-out', amounts.vanished, { linger: { heartbeat: { interval: 50, timeout: 100 } } }, () => {});
    await this.#end('slow-consumer', amounts.slow, { linger: { sendTimeout: 100 } }, (ws) =>
      ws.send(Buffer.alloc(MANY_BYTES)),
    );
    await this.#end('protocol-error', amounts.broken, {}, (_, peer) => void peer.resume().end(BROKEN_FRAME));
    await this.#end('unknown', amounts.unknown, {}, (ws) => {
      const error = Object.assign(new Error('write ENOBUFS'), { code: 'ENOBUFS', errno: -105, syscall: 'write' });
      (ws as unknown as { _socket: Socket })._socket.destroy(error);
    });
    await this.#hang(amounts.hanging);
    await this.#abandon(amounts.abandoned);
  }

  /** What the servers' own counts say, added up. */
  counts() {
    const sums = { opened: 0, open: 0, handshake: 0, failedOpenings: 0, ended: {} as Record<string, number> };
    for (const wss of this.#servers) {
      const { opened, connections, ended, failedOpenings } = wss.stats();
      sums.opened += opened;
      sums.open += connections.open;
      sums.handshake += connections.handshake;
      sums.failedOpenings += failedOpenings['upgrade-failed'];
      for (const [kind, count] of Object.entries(ended)) sums.ended[kind] = (sums.ended[kind] ?? 0) + count;
    }
    return sums;
  }

  stop(): void {
    for (const client of this.#clients) client.terminate();
    for (const peer of this.#peers) peer.destroy();
    for (const wss of this.#servers) wss.close();
  }

  async #serve(options: Options): Promise<WebSocketServer> {
    const linger = { logger: false as const, ...options.linger };
    const wss = new WebSocketServer({ port: 0, host: '127.0.0.1', ...options, linger });
    wss.on('connection', (ws) => ws.on('error', () => {}));
    await once(wss, 'listening');
    this.#servers.push(wss);
    return wss;
  }

  /** Ends so many connections of a server, and waits until all have ended so. */
  async #end(
    kind: WebSocket.CloseKind,
    count: number,
    options: Options,
    end: (ws: WebSocket, peer: Socket) => void,
  ): Promise<void> {
    if (count === 0) return;
    const wss = await this.#serve(options);
    for (let i = 0; i < count; i++) {
      const connected = once(wss, 'connection');
      const peer = (await connectPeer(portOf(wss))).pause();
      this.#peers.push(peer);
      const [ws] = (await connected) as [WebSocket];
      end(ws, peer);
    }
    await until(`${count} connections have ended as ${kind}`, () => wss.stats().ended[kind] === count, 60_000);
  }

  async #hang(count: number): Promise<void> {
    if (count === 0) return;
    const wss = await this.#serve({ linger: { closeTimeout: 600_000, closeDeadline: 600_000 } });
    wss.on('connection', (ws) => ws.close());
    for (let i = 0; i < count; i++) this.#peers.push(await connectPeer(portOf(wss)));
    await until(`${count} connections are closing`, () => wss.stats().connections.handshake === count);
  }

  async #abandon(count: number): Promise<void> {
    if (count === 0) return;
    const neverDecides = (_: unknown, _decide: unknown) => {};
    const wss = await this.#serve({ verifyClient: neverDecides, linger: { upgradeTimeout: 50 } });
    for (let i = 0; i < count; i++) this.#peers.push(connectTcp(wss).resume());
    for (const peer of this.#peers.slice(-count)) peer.write(UPGRADE_REQUEST);
    await until('the upgrades are given up', () => wss.stats().reapedUpgrades.abandoned === count);
  }
}
