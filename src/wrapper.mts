// The ES module view of the package: the same objects as the CommonJS view, under ws's names.
import WebSocket from './index.js';

export import WebSocketServer = WebSocket.WebSocketServer;
export import attach = WebSocket.attach;
export import createWebSocketStream = WebSocket.createWebSocketStream;
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
export import ErrorEvent = WebSocket.ErrorEvent;
export import Event = WebSocket.Event;
export import EventListenerOptions = WebSocket.EventListenerOptions;
export import FinishRequestCallback = WebSocket.FinishRequestCallback;
export import LingerOptions = WebSocket.LingerOptions;
export import Logger = WebSocket.Logger;
export import MessageEvent = WebSocket.MessageEvent;
export import PerMessageDeflateOptions = WebSocket.PerMessageDeflateOptions;
export import RawData = WebSocket.RawData;
export import ServerOptions = WebSocket.ServerOptions;
export import VerifyClientCallbackAsync = WebSocket.VerifyClientCallbackAsync;
export import VerifyClientCallbackSync = WebSocket.VerifyClientCallbackSync;
const { extension, PerMessageDeflate, Receiver, Sender, subprotocol } = WebSocket as unknown as Record<string, unknown>;

export { extension, PerMessageDeflate, Receiver, Sender, subprotocol, WebSocket };
export default WebSocket;
