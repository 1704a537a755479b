/** Runs the same scene with plain ws and with this package, which must show users the same. */
import assert from 'node:assert/strict';
import { type EventEmitter, once } from 'node:events';
import type { Socket } from 'node:net';
import type { Duplex, Writable } from 'node:stream';
import WebSocket from 'ws-linger';
import Upstream from 'ws-upstream';
import { portOf } from './end.js';

export type Class = typeof Upstream;

/** A WebSocket with the undocumented members that users rely on. */
export type Inner = Upstream & {
  _socket: Socket;
  _sender: { sendFrame(list: Buffer[], done?: () => void): void };
  _receiver: Writable & { _maxPayload: number };
  _readyState: number;
  _isServer: boolean;
  _closeTimer: { _idleTimeout: number };
  setSocket(socket: Duplex, head: Buffer, options: object): void;
};

/** Runs a scene with both libraries. Fails unless both results are equal, and returns the result. */
export async function sideBySide<T>(scene: (WebSocket: Class) => Promise<T> | T): Promise<T> {
  const expected = await scene(Upstream);
  const actual = await scene(WebSocket as Class);
  assert.deepEqual(actual, expected);
  return expected;
}

/** Keeps log lines out of the test's output. Plain ws ignores the option. */
export const QUIET: object = { linger: { logger: false } };

export async function serve(WebSocket: Class, options: Upstream.ServerOptions = {}): Promise<Upstream.Server> {
  const wss = new WebSocket.Server({ host: '127.0.0.1', port: 0, ...QUIET, ...options });
  await once(wss, 'listening');
  return wss;
}

export interface Connected {
  wss: Upstream.Server;
  /** The server's side of the connection. */
  ws: Inner;
  client: Inner;
}

export async function connect(WebSocket: Class, options?: Upstream.ServerOptions): Promise<Connected> {
  const wss = await serve(WebSocket, options);
  const client = new WebSocket(`ws://127.0.0.1:${portOf(wss)}`, { perMessageDeflate: false, ...QUIET }) as Inner;
  const [[ws]] = await Promise.all([once(wss, 'connection'), once(client, 'open')]);
  return { wss, ws, client };
}

export interface SenderPair {
  sender: Inner;
  receiver: Inner;
  stop(): void;
}

/** Opens a connection between two classes; `role` is the sender's. By default the receiver is plain ws. */
export async function openSender(
  Sender: Class,
  role: 'server' | 'client',
  options: Upstream.ServerOptions & Upstream.ClientOptions = {},
  Receiver: Class = Upstream,
): Promise<SenderPair> {
  const [AtServer, AtClient] = role === 'server' ? [Sender, Receiver] : [Receiver, Sender];
  const all = { perMessageDeflate: false, ...QUIET, ...options };
  const wss = await serve(AtServer, all);
  const client = new AtClient(`ws://127.0.0.1:${portOf(wss)}`, all) as Inner;
  const [[ws]] = await Promise.all([once(wss, 'connection'), once(client, 'open')]);
  const [sender, receiver] = role === 'server' ? [ws, client] : [client, ws];
  return { sender, receiver, stop: () => wss.close() };
}

/** Closes the connection and then the server, and waits for both sides and the server. */
export async function closeAll({ wss, ws, client }: Connected): Promise<void> {
  const gone = [ws, client].filter((end) => end.readyState !== end.CLOSED).map((end) => once(end, 'close'));
  client.close();
  await Promise.all(gone);
  wss.close();
  await once(wss, 'close');
}

/** Logs each event of an emitter with its arguments, except 'disconnect', which plain ws does not emit. */
export function logEvents(emitter: EventEmitter, log: string[], label = ''): void {
  const { emit } = emitter;
  emitter.emit = (name: string | symbol, ...args: unknown[]) => {
    if (typeof name === 'string' && !['disconnect', 'newListener', 'removeListener'].includes(name)) {
      log.push([label + name, ...args.map(format)].join(' ').trim());
    }
    return emit.call(emitter, name, ...args);
  };
}

function format(argument: unknown): string {
  if (argument instanceof Error) return describe(argument);
  if (typeof argument === 'number' || typeof argument === 'boolean') return String(argument);
  return Buffer.isBuffer(argument) ? `'${argument}'` : '';
}

/** Formats an error's class, code and message. Ports are masked, since they differ from run to run. */
export function describe(error: unknown): string {
  const { name, code, message } = error as NodeJS.ErrnoException;
  return `${name} ${code ?? '-'}: ${message.replace(/:\d{4,}/, ':port')}`;
}
