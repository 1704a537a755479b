// The ES module view of the package: the same objects as the CommonJS view, under ws's names.
import type { IncomingMessage } from 'node:http';
import WebSocket from './index.js';
import type { SocketClass } from './upstream.js';
import type * as client from './websocket.js';

export const {
  attach,
  createWebSocketStream,
  drainOnSignal,
  guardProcess,
  guardServer,
  guardSocket,
  settled,
  WebSocketServer,
} = WebSocket;
export interface WebSocketServer<
  U extends SocketClass = typeof client.WebSocket,
  V extends typeof IncomingMessage = typeof IncomingMessage,
> extends WebSocket.WebSocketServer<U, V> {}
export import AddressInfo = WebSocket.AddressInfo;
export import CertMeta = WebSocket.CertMeta;
export import ClientOptions = WebSocket.ClientOptions;
export import CloseError = WebSocket.CloseError;
export import CloseEvent = WebSocket.CloseEvent;
export import CloseInfo = WebSocket.CloseInfo;
export import CloseKind = WebSocket.CloseKind;
export import CloseOrigin = WebSocket.CloseOrigin;
export import ClosePhase = WebSocket.ClosePhase;
export import Data = WebSocket.Data;
export import DisconnectMessage = WebSocket.DisconnectMessage;
export import DrainOptions = WebSocket.DrainOptions;
export import ErrorEvent = WebSocket.ErrorEvent;
export import Event = WebSocket.Event;
export import EventListenerOptions = WebSocket.EventListenerOptions;
export import FailedOpening = WebSocket.FailedOpening;
export import FinishRequestCallback = WebSocket.FinishRequestCallback;
export import HeartbeatOptions = WebSocket.HeartbeatOptions;
export import Histogram = WebSocket.Histogram;
export import LingeredMessage = WebSocket.LingeredMessage;
export import LingerOptions = WebSocket.LingerOptions;
export import LingerOutcome = WebSocket.LingerOutcome;
export import Logger = WebSocket.Logger;
export import MessageEvent = WebSocket.MessageEvent;
export import OpeningFailedMessage = WebSocket.OpeningFailedMessage;
export import OpenMessage = WebSocket.OpenMessage;
export import PerMessageDeflateOptions = WebSocket.PerMessageDeflateOptions;
export import RawData = WebSocket.RawData;
export import RttMessage = WebSocket.RttMessage;
export import Server = WebSocket.Server;
export import ServerOptions = WebSocket.ServerOptions;
export import Stats = WebSocket.Stats;
export import VerifyClientCallbackAsync = WebSocket.VerifyClientCallbackAsync;
export import VerifyClientCallbackSync = WebSocket.VerifyClientCallbackSync;
const { extension, PerMessageDeflate, Receiver, Sender, subprotocol } = WebSocket as unknown as Record<string, unknown>;

export { extension, PerMessageDeflate, Receiver, Sender, subprotocol, WebSocket };
export default WebSocket;
