/**
 * What `require('ws-linger')` gives: the `WebSocket` class with everything else on it, as in ws, and the types under the
 * same names.
 */
import type { ClientRequestArgs, IncomingMessage } from 'node:http';
import { attach } from './attach';
import type * as closeInfo from './close-info';
import { settled } from './connection/lingering';
import type * as options from './options';
import type * as drain from './server/drain';
import { drainOnSignal } from './server/drain-on-signal';
import { guardServer } from './server/guard-registry';
import { guardProcess, guardSocket } from './server/guard-sockets';
import type * as diagnostics from './telemetry/diagnostics';
import type * as metrics from './telemetry/metrics';
import { type SocketClass, Upstream } from './upstream';
import * as client from './websocket';
import * as server from './websocket-server';
import { createWebSocketStream } from './websocket-stream';

/** What ws does not have. */
const additions = { attach, drainOnSignal, guardProcess, guardServer, guardSocket, settled };

/** What is on the class: ws's other exports, this package's in their place, and its functions. */
interface Statics extends Readonly<typeof additions> {
  Server: typeof server.WebSocketServer;
  WebSocketServer: typeof server.WebSocketServer;
  WebSocket: Face;
  createWebSocketStream: typeof Upstream.createWebSocketStream;
}

type Options = client.ClientOptions | ClientRequestArgs;

interface Face extends Omit<typeof client.WebSocket, keyof Statics>, Statics {
  new (address: null): client.WebSocket;
  new (address: string | URL, options?: Options): client.WebSocket;
  new (address: string | URL, protocols?: string | string[], options?: Options): client.WebSocket;
}

const nothing = () => {};
/** The same where nothing of this package is to be at work: they do nothing, and return what their callers go on with. */
const idle: Record<keyof typeof additions, (argument: unknown) => unknown> = {
  attach: (target) => target,
  drainOnSignal: () => nothing,
  guardProcess: () => nothing,
  guardServer: () => nothing,
  guardSocket: nothing,
  settled: () => Promise.resolve(),
};

/**
 * ws's WebSocket, with ends that are bounded and explained.
 *
 * With `WS_LINGER=off` in the environment it is ws's own class, and nothing of this package is at work: its functions do
 * nothing (`attach()` returns its argument), its methods (`closeAsync()`, `abort()`, `drain()`, `stats()`) and `closeInfo` are
 * not there.
 */
const WebSocket: Face = process.env.WS_LINGER === 'off' ? plain() : lingering();

function lingering(): Face {
  const WebSocket = client.WebSocket as unknown as Face;
  const { WebSocketServer } = server;
  return Object.assign(WebSocket, {
    Server: WebSocketServer,
    WebSocket,
    WebSocketServer,
    createWebSocketStream,
    ...additions,
  });
}

function plain(): Face {
  // Not enumerable: whoever lists what the class has finds what ws has.
  for (const [name, value] of Object.entries(idle)) Object.defineProperty(Upstream, name, { value });
  return Upstream as unknown as Face;
}

interface WebSocket extends client.WebSocket {}

type Request = typeof IncomingMessage;

declare namespace WebSocket {
  // Interfaces where ws's types have them, so that those who add to them ("declare module") still can.
  interface WebSocket extends client.WebSocket {}
  interface WebSocketServer<U extends SocketClass = typeof client.WebSocket, V extends Request = Request>
    extends server.WebSocketServer<U, V> {}
  interface Server<U extends SocketClass = typeof client.WebSocket, V extends Request = Request>
    extends server.WebSocketServer<U, V> {}
  interface ServerOptions<U extends SocketClass = typeof client.WebSocket, V extends Request = Request>
    extends server.ServerOptions<U, V> {}
  interface ClientOptions extends client.ClientOptions {}

  interface AddressInfo extends Upstream.AddressInfo {}
  interface CloseEvent extends Upstream.CloseEvent {}
  interface ErrorEvent extends Upstream.ErrorEvent {}
  interface Event extends Upstream.Event {}
  interface EventListenerOptions extends Upstream.EventListenerOptions {}
  interface MessageEvent extends Upstream.MessageEvent {}
  interface PerMessageDeflateOptions extends Upstream.PerMessageDeflateOptions {}
  interface WebSocketEventMap extends Upstream.WebSocketEventMap {}
  type CertMeta = Upstream.CertMeta;
  type Data = Upstream.Data;
  type FinishRequestCallback = Upstream.FinishRequestCallback;
  type RawData = Upstream.RawData;
  type VerifyClientCallbackAsync<R extends IncomingMessage = IncomingMessage> = Upstream.VerifyClientCallbackAsync<R>;
  type VerifyClientCallbackSync<R extends IncomingMessage = IncomingMessage> = Upstream.VerifyClientCallbackSync<R>;

  interface CloseError extends closeInfo.CloseError {}
  interface CloseInfo extends closeInfo.CloseInfo {}
  type CloseKind = closeInfo.CloseKind;
  type CloseOrigin = closeInfo.CloseOrigin;
  type ClosePhase = closeInfo.ClosePhase;
  interface DisconnectMessage extends diagnostics.DisconnectMessage {}
  interface DrainOptions extends drain.DrainOptions {}
  type FailedOpening = closeInfo.FailedOpening;
  interface HeartbeatOptions extends options.HeartbeatOptions {}
  interface Histogram extends metrics.Histogram {}
  interface LingeredMessage extends diagnostics.LingeredMessage {}
  interface LingerOptions extends options.LingerOptions {}
  type LingerOutcome = closeInfo.LingerOutcome;
  interface Logger extends options.Logger {}
  interface OpeningFailedMessage extends diagnostics.OpeningFailedMessage {}
  interface OpenMessage extends diagnostics.OpenMessage {}
  interface RttMessage extends diagnostics.RttMessage {}
  interface Stats extends metrics.Stats {}
}

export = WebSocket;
