/**
 * What this package adds to ws or does in another way. Everything else that ws exports is exported too, and is as
 * [ws documents it](https://github.com/websockets/ws/blob/master/doc/ws.md).
 *
 * This file is the way of the reference to the declarations; it is no part of the package.
 *
 * @module ws-linger
 */
export { attach } from '../../src/attach';
export type {
  CloseError,
  CloseInfo,
  CloseKind,
  CloseOrigin,
  ClosePhase,
  Lingered,
  LingerOutcome,
} from '../../src/close-info';
export type { DisconnectMessage, LingeredMessage, OpeningFailedMessage, OpenMessage } from '../../src/diagnostics';
export type { DrainOptions } from '../../src/drain';
export { drainOnSignal } from '../../src/drain-on-signal';
export type { LingerErrorCode } from '../../src/errors';
export { guardServer } from '../../src/guard';
export { guardProcess, guardSocket } from '../../src/guard-sockets';
export type { HeartbeatOptions } from '../../src/heartbeat';
export { settled } from '../../src/lingering';
export type { Logger } from '../../src/log';
export type { Histogram, Stats } from '../../src/metrics';
export type { LingerOptions } from '../../src/options';
export { type ClientOptions, WebSocket } from '../../src/websocket';
export { type ServerOptions, WebSocketServer } from '../../src/websocket-server';
