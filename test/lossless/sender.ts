/**
 * The senders of one implementation, plain ws or ws-linger: each opens a connection, sends its messages, ends it in its
 * profile's way, and notes when 'close' told the application. Runs on Windows Node, too.
 */
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import WebSocket from 'ws-linger';
import Upstream from 'ws-upstream';
import { portOf } from '../support/end.js';
import { Wire } from '../support/wire.js';
import { listenToRunner, type Order } from './channel.js';
import { messageOf } from './payload.js';
import type { Profile } from './profile.js';

const [make, control, ...files] = process.argv.slice(2);
const Class = make === 'ours' ? (WebSocket as unknown as typeof Upstream) : Upstream;
/** ws ignores the option. */
const LINGER: object = { linger: { logger: false, control } };
/** ws-linger's own limit of a drain is shorter than what the recipe with ws waits for. */
const DRAIN_TIMEOUT_MS = 30_000;
/** Under Wine nothing tells this process that its runner is gone. */
const LONGEST_RUN_MS = 20 * 60_000;

let identity: { key: string; cert: string };
const senders = new Map<string, Sender>();

class Sender {
  readonly id: string;
  readonly profile: Profile;
  #ws: Upstream | undefined;
  #wss: Upstream.Server | undefined;
  #listener: net.Server | undefined;
  #endedAt = 0;
  #flushedAt: number | null = null;

  constructor(id: string, profile: Profile) {
    this.id = id;
    this.profile = profile;
  }

  listen(): void {
    const { transport, deflate } = this.profile;
    const web = transport === 'tls' ? https.createServer(identity) : http.createServer();
    this.#wss = new Class.Server({ server: web, perMessageDeflate: deflate, ...LINGER });
    this.#wss.on('connection', (ws) => this.#onOpen(ws));
    this.#wss.on('error', (error) => this.#onFailure(error));
    this.#listener = web;
    if (transport === 'duplex')
      this.#listener = net.createServer({ allowHalfOpen: true }, (socket) => web.emit('connection', new Wire(socket)));
    const listener = this.#listener;
    listener.listen(0, '0.0.0.0', () => tell({ is: 'listening', id: this.id, port: portOf(listener) }));
  }

  connect(host: string, port: number): void {
    const { transport, deflate } = this.profile;
    const createConnection = () => new Wire(net.connect({ host, port }));
    const ws = new Class(`${transport === 'tls' ? 'wss' : 'ws'}://${host}:${port}`, {
      perMessageDeflate: deflate,
      rejectUnauthorized: false,
      ...(transport === 'duplex' && { createConnection: createConnection as unknown as typeof net.createConnection }),
      ...LINGER,
    });
    ws.on('open', () => this.#onOpen(ws));
    ws.on('error', (error) => {
      if (ws.readyState === WebSocket.CONNECTING || !this.#ws) this.#onFailure(error);
    });
  }

  #onFailure(error: Error): void {
    tell({ is: 'failed', id: this.id, why: String(error) });
  }

  #onOpen(ws: Upstream): void {
    this.#ws = ws;
    ws.on('error', () => {});
    ws.on('close', () => {
      // A peer that closes first may have its way before this side asks.
      const endedAt = this.#endedAt || Date.now();
      const flushedMs = this.#flushedAt && this.#flushedAt - endedAt;
      tell({ is: 'told', id: this.id, toldMs: Date.now() - endedAt, flushedMs });
    });
    tell({ is: 'open', id: this.id });
  }

  go(at: number): void {
    setTimeout(() => {
      for (let i = 0; i < this.profile.messages; i++) this.#send(i);
      if (this.profile.endAfter > 0) setTimeout(() => this.#end(), this.profile.endAfter);
      else this.#end();
    }, at - Date.now());
  }

  #send(index: number): void {
    const { data, text } = messageOf(this.profile, index);
    this.#ws?.send(text ? data.toString('latin1') : data, (error) => {
      if (!error && index === this.profile.messages - 1) this.#flushedAt = Date.now();
    });
  }

  #end(): void {
    const ws = this.#ws as Upstream;
    const wss = this.#wss as (Upstream.Server & { drain?(options: object): Promise<unknown> }) | undefined;
    const { end } = this.profile;
    this.#endedAt = Date.now();
    if (end === 'terminate') ws.terminate();
    else if (end === 'close-code') ws.close(4321, 'the reason');
    else if (end !== 'drain' || !wss) ws.close();
    else if (wss.drain) wss.drain({ timeout: DRAIN_TIMEOUT_MS }).catch(() => {});
    else {
      for (const client of wss.clients) client.close(1001);
      wss.close();
    }
    // As from a loop over all clients that does not look at their state.
    if (end === 'close-send') ws.send('too late', () => {});
  }

  stop(): void {
    this.#ws?.removeAllListeners('close');
    this.#ws?.terminate();
    this.#wss?.close();
    this.#listener?.close();
  }
}

const tell = listenToRunner(files, (order: Order) => {
  if (order.do === 'setup') {
    identity = order;
    return;
  }
  const sender = 'profile' in order ? new Sender(order.id, order.profile) : senders.get(order.id);
  if (!sender) return;
  senders.set(order.id, sender);
  if (order.do === 'connect') sender.connect(order.host, order.port);
  if (order.do === 'listen') sender.listen();
  if (order.do === 'go') sender.go(order.at);
  if (order.do === 'stop') {
    sender.stop();
    senders.delete(order.id);
  }
});
setTimeout(() => process.exit(), LONGEST_RUN_MS).unref();
