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
  FailedOpening,
  Lingered,
  LingerOutcome,
} from '../../src/close-info';
export { settled } from '../../src/connection/lingering';
export type { LingerErrorCode } from '../../src/errors';
export type { HeartbeatOptions, LingerOptions, Logger } from '../../src/options';
export type { DrainOptions } from '../../src/server/drain';
export { drainOnSignal } from '../../src/server/drain-on-signal';
export { guardServer } from '../../src/server/guard-registry';
export { guardProcess, guardSocket } from '../../src/server/guard-sockets';
export type {
  DisconnectMessage,
  LingeredMessage,
  OpeningFailedMessage,
  OpenMessage,
  RttMessage,
} from '../../src/telemetry/diagnostics';
export type { Histogram, Stats } from '../../src/telemetry/metrics';
export { type ClientOptions, WebSocket } from '../../src/websocket';
export { type ServerOptions, WebSocketServer } from '../../src/websocket-server';
