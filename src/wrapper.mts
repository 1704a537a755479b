// The ES module view of the package: the same objects as the CommonJS view, under ws's names.
import WebSocket from './index.js';

export const {
  attach,
  closeSentence,
  createWebSocketStream,
  drainOnSignal,
  guardProcess,
  guardServer,
  guardSocket,
  readinessHandler,
  setDefaults,
  settled,
  statusHandler,
  WebSocketServer,
} = WebSocket;
/** What ws's types do not describe. */
export const { extension, PerMessageDeflate, Receiver, Sender, subprotocol } = WebSocket as unknown as Record<
  string,
  unknown
>;

export { WebSocket };
export default WebSocket;
