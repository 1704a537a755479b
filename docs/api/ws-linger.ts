// The entry of typedoc to the declarations; no part of the package.

/**
 * What this package adds to ws or does in another way. Everything else that ws exports is exported too, and is as
 * [ws documents it](https://github.com/websockets/ws/blob/master/doc/ws.md).
 *
 * @module ws-linger
 */
export * from '../../src/additions';
export { type ClientOptions, WebSocket } from '../../src/websocket';
export { type ServerOptions, WebSocketServer } from '../../src/websocket-server';
