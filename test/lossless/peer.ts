/**
 * The peers of one group: plain ws over throttled sockets, as client or server, so that TLS, deflate and the closing
 * handshake are those of real programs. They wait far longer than the sender, and tell what they have seen.
 */
import http from 'node:http';
import net from 'node:net';
import type { Duplex } from 'node:stream';
import tls from 'node:tls';
import WebSocket from 'ws-upstream';
import { portOf } from '../support/end.js';
import { listenToRunner, type Order, type Seen } from './channel.js';
import { messageOf } from './payload.js';
import type { Profile } from './profile.js';
import { Throttle } from './throttle.js';

/** Nothing ends on the peer's account while it is observed. */
const PATIENCE = { closeTimeout: 300_000, maxPayload: 64 << 20, skipUTF8Validation: true };

let identity: { key: string; cert: string };
const peers = new Map<string, Peer>();

class Peer {
  readonly id: string;
  readonly profile: Profile;
  #throttle: Throttle | undefined;
  #ws: WebSocket | undefined;
  #server: net.Server | undefined;
  #talk: NodeJS.Timeout | undefined;
  #at = 0;
  #messages = 0;
  #wrong = 0;
  #endedAt: number | null = null;

  constructor(id: string, profile: Profile) {
    this.id = id;
    this.profile = profile;
  }

  connect(host: string, port: number): void {
    const { profile } = this;
    const throttle = Throttle.connect(profile, host, port);
    const stream =
      profile.transport === 'tls' ? tls.connect({ socket: throttle, rejectUnauthorized: false }) : throttle;
    const options = { createConnection: () => stream, perMessageDeflate: profile.deflate, ...PATIENCE };
    this.#onSocket(throttle, stream);
    this.#onWebSocket(new WebSocket('ws://peer.test', options as unknown as WebSocket.ClientOptions));
  }

  listen(): void {
    const { profile } = this;
    const web = http.createServer();
    const wss = new WebSocket.Server({ server: web, perMessageDeflate: profile.deflate, ...PATIENCE });
    wss.on('connection', (ws) => {
      this.#onWebSocket(ws);
      tell({ is: 'open', id: this.id });
    });
    this.#server = net.createServer({ pauseOnConnect: true }, (accepted) => {
      const throttle = Throttle.accept(profile, accepted);
      const stream =
        profile.transport === 'tls'
          ? new tls.TLSSocket(throttle as unknown as net.Socket, { isServer: true, ...identity })
          : throttle;
      this.#onSocket(throttle, stream);
      web.emit('connection', stream);
    });
    const server = this.#server;
    server.listen(0, () => tell({ is: 'listening', id: this.id, port: portOf(server) }));
  }

  #onSocket(throttle: Throttle, stream: Duplex): void {
    this.#throttle = throttle;
    for (const each of [throttle, stream]) each.on('error', () => {});
  }

  #onWebSocket(ws: WebSocket): void {
    this.#ws = ws;
    ws.on('open', () => tell({ is: 'open', id: this.id }));
    ws.on('error', (error) => {
      if (ws.readyState === WebSocket.CONNECTING) tell({ is: 'failed', id: this.id, why: String(error) });
    });
    ws.on('message', (data: Buffer, isBinary) => {
      const expected = messageOf(this.profile, this.#messages);
      if (data.equals(expected.data) && isBinary !== expected.text) this.#messages++;
      else this.#wrong++;
    });
    ws.on('close', () => {
      this.#endedAt = Date.now();
      clearInterval(this.#talk);
      tell({ is: 'seen', id: this.id, seen: this.#seen() });
    });
  }

  go(at: number): void {
    const { talk, closeFirst } = this.profile;
    this.#at = at;
    const ws = this.#ws as WebSocket;
    this.#throttle?.begin(at);
    if (talk !== null) setTimeout(() => this.#talkEvery(talk), at - Date.now());
    // Not by the clock: a sender that is late would find its connection closing before it has sent anything.
    if (closeFirst !== null)
      this.#throttle?.once('first-byte', () => setTimeout(() => ws.close(1000, 'first'), closeFirst));
  }

  #talkEvery(ms: number): void {
    const ws = this.#ws as WebSocket;
    let said = 0;
    this.#talk = setInterval(() => {
      if (ws.readyState !== WebSocket.OPEN) return;
      if (said++ % 2 === 0) ws.send('a few words');
      else ws.ping();
    }, ms);
  }

  #seen(): Seen {
    const ws = this.#ws as WebSocket & { _closeFrameReceived: boolean; _closeCode: number };
    const { seenEnd: end, bytes } = this.#throttle as Throttle;
    return {
      messages: this.#messages,
      wrong: this.#wrong,
      bytes,
      closeCode: ws._closeFrameReceived ? ws._closeCode : null,
      end,
      open: ws.readyState === WebSocket.OPEN && end === null,
      ms: this.#endedAt && this.#endedAt - this.#at,
    };
  }

  /** The 'close' event, which destroying may bring about, must not be taken for the sender's doing. */
  stop(): void {
    clearInterval(this.#talk);
    if (this.#ws && this.#throttle) {
      tell({ is: 'seen', id: this.id, seen: this.#seen() });
      this.#ws.removeAllListeners('close');
    }
    this.#throttle?.destroy();
    this.#server?.close();
  }
}

const tell = listenToRunner(process.argv.slice(2), (order: Order) => {
  if (order.do === 'setup') {
    identity = order;
    return;
  }
  const peer = 'profile' in order ? new Peer(order.id, order.profile) : peers.get(order.id);
  if (!peer) return;
  peers.set(order.id, peer);
  if (order.do === 'connect') peer.connect(order.host, order.port);
  if (order.do === 'listen') peer.listen();
  if (order.do === 'go') peer.go(order.at);
  if (order.do === 'stop') {
    peer.stop();
    peers.delete(order.id);
  }
});
