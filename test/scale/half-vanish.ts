/** Constants and messages that the processes of half-vanish.test.ts share. */
import type WebSocket from 'ws-linger';

export const CONNECTIONS = 10_000;
export const HEARTBEAT = { interval: 6_000, timeout: 4_000 };
export const MESSAGES = 20;

export type ToParent =
  | { type: 'listening'; port: number }
  | { type: 'disconnect'; address: string; info: WebSocket.CloseInfo }
  | { type: 'drained'; counts: Record<WebSocket.CloseKind, number>; ms: number };
