/**
 * The stability run as a library: `runStability()` tests a WebSocket server, `renderReport()` draws the result.
 *
 * @module ws-linger/stability
 */
export type { StabilityOptions } from './options';
export type { OutageCounts } from './outages';
export type { Mix, Scenario } from './plan';
export type { Profile } from './profiles';
export { renderReport } from './report';
export type { Ended, StabilityResult, Times } from './result';
export { runStability } from './run';
export type { Soak, SoakRound } from './soak';
export type { StabilityProgress, StabilitySample } from './timeline';
