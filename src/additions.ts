/** What this package exports beyond ws's names: its functions and its types. The one list of them. */
export type { AbortSignalLike } from './abort-signal';
export { attach } from './attach';
export type {
  CloseError,
  CloseFrame,
  CloseInfo,
  CloseKind,
  CloseOrigin,
  ClosePhase,
  ClosePolicy,
  FailedOpening,
  Lingered,
  LingerOutcome,
} from './close-info';
export type { CloseOptions } from './close-options';
export { closeSentence } from './close-sentence';
export { settled } from './connection/lingering-sockets';
export type { LingerErrorCode } from './errors';
export type { HeartbeatOptions, LingerOptions, Logger } from './options';
export type { DrainOptions } from './server/drain';
export { drainOnSignal } from './server/drain-on-signal';
export { guardServer } from './server/guard-registry';
export { guardProcess, guardSocket } from './server/guard-sockets';
export type { ReadinessResponse } from './server/readiness';
export { readinessHandler } from './server/readiness';
export type { SlowConsumer, Status, StatusEnd, StatusOptions, StatusRequest } from './server/status';
export { statusHandler } from './server/status';
export { setDefaults } from './set-defaults';
export type {
  DisconnectMessage,
  LingeredMessage,
  OpeningFailedMessage,
  OpenMessage,
  RttMessage,
} from './telemetry/diagnostics';
export type { Histogram, Stats } from './telemetry/metrics';
export type { RecentEnd } from './telemetry/recent-ends';
