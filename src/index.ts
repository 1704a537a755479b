import { attach } from './attach';
import { drainOnSignal } from './drain-on-signal';
import { guardServer } from './guard';
import { guardProcess, guardSocket } from './guard-sockets';
import { Upstream } from './upstream';
import { WebSocket } from './websocket';
import { WebSocketServer } from './websocket-server';

// What ws puts on its class, as own properties, in ws's order. Those who copy a module's properties skip inherited ones.
for (const [name, value] of Object.entries({
  ...Upstream,
  Server: WebSocketServer,
  WebSocket,
  WebSocketServer,
  attach,
  drainOnSignal,
  guardProcess,
  guardServer,
  guardSocket,
})) {
  if (!Object.hasOwn(WebSocket, name)) {
    Object.defineProperty(WebSocket, name, { value, enumerable: true, writable: true, configurable: true });
  }
}

export = WebSocket;
