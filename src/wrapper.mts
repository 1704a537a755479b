// The ES module view of the package: the same objects as the CommonJS view, under ws's names.
import WebSocket from './index.js';

export import WebSocketServer = WebSocket.WebSocketServer;
export import attach = WebSocket.attach;
export import createWebSocketStream = WebSocket.createWebSocketStream;
const { extension, PerMessageDeflate, Receiver, Sender, subprotocol } = WebSocket as unknown as Record<string, unknown>;

export { extension, PerMessageDeflate, Receiver, Sender, subprotocol, WebSocket };
export default WebSocket;
