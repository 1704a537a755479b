// Listeners that throw, in a process that goes on after 'uncaughtException', keep no connection from ending and no drain from
// resolving.
import assert from 'node:assert/strict';
import { Duplex } from 'node:stream';
import { after, describe, it } from 'node:test';
import WebSocket from 'ws-linger';
import type { Thrown } from '../edges/throwing.js';
import { runEdge } from '../support/child.js';
import { until, watchEnd } from '../support/end.js';
import { openPair, socketOf } from '../support/pairs.js';

describe('280 combinations of a listener that throws, what it calls before, and an end', () => {
  it('end each connection exactly once, and drain() within its timeout and a second', async () => {
    const { code, stdout, stderr } = await runEdge('throwing');
    assert.equal(code, 0, stderr);
    const { combinations, wrong, thrown, connections, drainMs } = JSON.parse(stdout) as Thrown;
    assert.deepEqual(wrong, []);
    assert.deepEqual([combinations, connections], [280, 0]);
    assert.ok(thrown >= 250, `${thrown} errors were thrown`);
    assert.ok(drainMs <= 2_500, `drain() took ${drainMs} ms`);
  });
});

describe("a listener of 'message' that throws what ws reads as the socket closes", () => {
  it('leaves no timer that keeps the process alive', async () => {
    const { ws, peer, frames, stop } = await openPair({ make: 'ours', role: 'server' });
    const before = timers();
    const thrown = new Promise((resolve) => {
      const previous = process.listeners('uncaughtException');
      process.removeAllListeners('uncaughtException');
      process.once('uncaughtException', (error) => {
        for (const listener of previous) process.on('uncaughtException', listener);
        resolve(error.message);
      });
    });
    ws.on('message', () => {
      throw new Error('of a listener');
    });
    const ended = watchEnd(ws);
    ws.pause();
    peer.write(frames.hello);
    await until('the message has come', () => socketOf(ws).readableLength > 0);
    ws.close();
    ws.terminate();
    assert.equal(await thrown, 'of a listener');
    await ended;
    assert.deepEqual(timers(), before);
    stop();
  });
});

/** Those that keep the process alive. */
const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout');

describe("a listener of 'open' that throws", () => {
  // The limits keep no process alive, and here is no socket that does.
  const alive = setInterval(() => {}, 1_000);
  after(() => clearInterval(alive));

  /** Opens a WebSocket of a server, which throws what the listener does. The peer answers nothing. */
  function openThrowing(linger: WebSocket.LingerOptions): WebSocket {
    const Class = WebSocket as unknown as new (address: null, protocols: undefined, options: object) => WebSocket;
    const ws = new Class(null, undefined, { linger: { logger: false, ...linger } });
    ws.on('open', () => {
      throw new Error('of a listener');
    });
    const stream = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
    const { setSocket } = ws as unknown as { setSocket(...args: unknown[]): void };
    assert.throws(() => setSocket.call(ws, stream, Buffer.alloc(0), { maxPayload: 0 }), /of a listener/);
    return ws;
  }

  it('leaves the heartbeat on, and the time that the connection was open is told', async () => {
    const ws = openThrowing({ heartbeat: { interval: 20, timeout: 20 } });
    const { info } = await watchEnd(ws);
    assert.deepEqual([info.kind, info.by], ['timed-out', 'heartbeat']);
    assert.ok(info.openMs > 0);
  });

  it('leaves maxAge on', async () => {
    const ws = openThrowing({ maxAge: 50, closeTimeout: 20, closeDeadline: 20 });
    assert.equal((await watchEnd(ws)).info.by, 'max-age');
  });

  it('leaves a message that cannot be sent to end the connection, and its end is told as its own', async () => {
    const ws = openThrowing({ closeTimeout: 20, closeDeadline: 20 });
    const ended = watchEnd(ws);
    ws.on('error', () => {});
    const blob = new Blob(['x']);
    blob.arrayBuffer = () => Promise.reject(new Error('broken'));
    ws.send(blob as never);
    assert.equal((await ended).info.kind, 'close-timeout');
  });
});
