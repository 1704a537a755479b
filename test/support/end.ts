/** Waits for connections, servers and conditions, and counts the handles that are left. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo, Server } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type WebSocket from 'ws-linger';

export interface WatchedEnd {
  info: WebSocket.CloseInfo;
}

/**
 * Resolves when the connection has closed and a second 'close' would have been emitted.
 * Fails unless 'disconnect' and 'close' are emitted once each, in this order.
 */
export function watchEnd(ws: WebSocket): Promise<WatchedEnd> {
  const events: string[] = [];
  ws.on('disconnect', () => events.push('disconnect'));
  ws.on('close', () => events.push('close'));
  return new Promise<void>((resolve) => ws.once('close', () => resolve())).then(async () => {
    for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
    assert.deepEqual(events, ['disconnect', 'close']);
    assert.ok(ws.closeInfo);
    assert.equal(ws.readyState, ws.CLOSED);
    return { info: ws.closeInfo };
  });
}

/** Starts a server on a port that the system chooses. */
export async function listen<S extends Server>(server: S, host = '127.0.0.1'): Promise<S> {
  server.listen(0, host);
  await once(server, 'listening');
  return server;
}

/** A server of net, http or ws. */
export interface Listening {
  address(): AddressInfo | string | null;
}

export function portOf(server: Listening): number {
  return (server.address() as AddressInfo).port;
}

/** Polls a condition that another process or the kernel brings about. Fails after `ms`. */
export async function until(what: string, condition: () => boolean | Promise<boolean>, ms = 10_000): Promise<void> {
  const deadline = Date.now() + ms;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`waited ${ms} ms for: ${what}`);
    await delay(5);
  }
}

/** Counts the sockets, servers and pipes that keep this process alive. */
export function openHandles(): number {
  return process.getActiveResourcesInfo().filter((name) => /^(TCP|Pipe)/.test(name)).length;
}
