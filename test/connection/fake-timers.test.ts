// Under the fake timers of Jest and sinon (one engine), whole and partial, and of node:test the limits come out as they do with
// plain ws, and whoever runs all timers until none is left comes to an end.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Duplex } from 'node:stream';
import { describe, it, mock } from 'node:test';
import FakeTimers from '@sinonjs/fake-timers';
import WebSocket, { WebSocketServer } from 'ws-linger';
import Upstream from 'ws-upstream';
import { portOf, until } from '../support/end.js';
import { socketOf } from '../support/pairs.js';
import { connectPeer } from '../support/peer.js';

type Constructor = new (address: null, protocols: undefined, options: object) => WebSocket;

/** A WebSocket of a server over a stream whose peer neither reads nor answers, and which takes a turn to close, as sockets do. */
function openStalled(Class: unknown, linger: object = {}): WebSocket {
  const stream = new Duplex({
    read() {},
    write() {},
    destroy: (error, done) => void realImmediate(() => done(error)),
  });
  const ws = new (Class as Constructor)(null, undefined, {
    closeTimeout: 30_000,
    linger: { logger: false, ...linger },
  });
  (ws as unknown as { setSocket(...args: unknown[]): void }).setSocket(stream, Buffer.alloc(0), {
    maxPayload: 0,
    skipUTF8Validation: false,
  });
  return ws;
}

/** Lets promises, process.nextTick() and streams do their work, which no fake timer delays. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await new Promise<void>((resolve) => realImmediate(resolve));
}
const realImmediate = setImmediate;

interface Clock {
  tick(ms: number): Promise<void>;
  /** In one step, within which the event loop does not turn. */
  jump(ms: number): void;
  runAll(): Promise<void>;
  stop(): void;
}

function sinon(config: Parameters<typeof FakeTimers.install>[0]): () => Clock {
  return () => {
    const clock = FakeTimers.install(config);
    return {
      tick: async (ms) => void (await clock.tickAsync(ms)),
      jump: (ms) => void clock.tick(ms),
      runAll: async () => void (await clock.runAllAsync()),
      stop: () => clock.uninstall(),
    };
  };
}

function nodeTest(apis: NonNullable<Parameters<typeof mock.timers.enable>[0]>['apis']): () => Clock {
  return () => {
    mock.timers.enable({ apis });
    return {
      async tick(ms) {
        mock.timers.tick(ms);
        await turns();
      },
      jump: (ms) => mock.timers.tick(ms),
      async runAll() {
        mock.timers.runAll();
        await turns();
      },
      stop: () => mock.timers.reset(),
    };
  };
}

const CLOCKS: Record<string, () => Clock> = {
  'all of sinon': sinon({ toNotFake: ['nextTick', 'queueMicrotask'] }),
  'setTimeout of sinon alone': sinon({ toFake: ['setTimeout', 'clearTimeout'] }),
  'setTimeout and Date of sinon': sinon({ toFake: ['setTimeout', 'clearTimeout', 'Date'] }),
  'all that Jest leaves to its users': sinon({ toNotFake: ['nextTick', 'queueMicrotask', 'setImmediate'] }),
  'setTimeout of node:test': nodeTest(['setTimeout']),
  'setTimeout and setImmediate of node:test': nodeTest(['setTimeout', 'setImmediate']),
};

/** Plays a scene while the clock is mocked. */
async function during(install: () => Clock, scene: (clock: Clock) => Promise<void>): Promise<void> {
  const clock = install();
  try {
    await scene(clock);
  } finally {
    clock.stop();
  }
}

/** Lets time pass that no clock is set ahead by. */
async function realTime(ms: number): Promise<void> {
  const until = process.uptime() + ms / 1_000;
  while (process.uptime() < until) await turns();
}

for (const [name, install] of Object.entries(CLOCKS)) {
  describe(`with ${name} faked`, () => {
    for (const [Class, limit] of [
      [Upstream, 30_000],
      [WebSocket, 2_000],
    ] as const) {
      it(`${Class === WebSocket ? 'ws-linger' : 'plain ws'} tells the end of a close at ${limit} ms, and not before`, () =>
        during(install, async (clock) => {
          const ws = openStalled(Class, { closeTimeout: 2_000, closeDeadline: 30_000 });
          let isClosed = false;
          ws.on('close', () => {
            isClosed = true;
          });
          ws.close(1000);
          for (let at = 0; at < limit - 250; at += 250) await clock.tick(250);
          await turns();
          assert.equal(isClosed, false);
          // The end of a close is looked for four times within closeTimeout.
          for (let at = 0; at < 1_000; at += 250) await clock.tick(250);
          await turns();
          assert.equal(isClosed, true);
        }));
    }

    for (const [Class, closeTimeout] of [
      [Upstream, 30_000],
      [WebSocket, 30_000],
      [WebSocket, 2_000],
    ] as const) {
      const who = Class === WebSocket ? `ws-linger with a closeTimeout of ${closeTimeout} ms` : 'plain ws';
      it(`${who} tells the end of a close, and ends the socket, by one step over the limits`, () =>
        during(install, async (clock) => {
          const ws = openStalled(Class, { closeTimeout, closeDeadline: 30_000 });
          const socket = socketOf(ws);
          ws.close(1000);
          await turns();
          clock.jump(30_000);
          await turns();
          assert.equal(ws.readyState, ws.CLOSED);
          assert.equal(socket.destroyed, true);
        }));
    }

    it('a socket that lingers is gone by one step over closeDeadline', () =>
      during(install, async (clock) => {
        const ws = openStalled(WebSocket, { closeTimeout: 2_000, closeDeadline: 30_000 });
        const socket = socketOf(ws);
        ws.close(1000);
        await clock.tick(2_000);
        await turns();
        assert.deepEqual([ws.readyState, socket.destroyed], [WebSocket.CLOSED, false]);
        clock.jump(28_000);
        await turns();
        assert.equal(socket.destroyed, true);
      }));

    it('a close is told by one step over its limit, most of which had passed in real time', () =>
      during(install, async (clock) => {
        const events: unknown[] = [];
        const note = (line: object) => void events.push((line as { event?: unknown }).event);
        const closeTimeout = 4_000;
        const ws = openStalled(WebSocket, { closeTimeout, logger: { debug: note, warn: note } });
        ws.close(1000);
        await realTime(0.6 * closeTimeout);
        clock.jump(closeTimeout);
        await turns();
        assert.equal(ws.readyState, ws.CLOSED);
        assert.deepEqual(events, ['disconnect']);
      }));

    it('what began in real time ends by it, while the clock is mocked and after that', async () => {
      const stays = openStalled(WebSocket, { closeTimeout: 400 });
      const goes = openStalled(WebSocket, { closeTimeout: 1_200 });
      const silent = openStalled(WebSocket, { heartbeat: { interval: 300, timeout: 300 } });
      const ended = Promise.all([stays, goes, silent].map((ws) => once(ws, 'disconnect')));
      const alive = setInterval(() => {}, 1_000); // which the heartbeat does not
      for (const ws of [stays, goes]) ws.close(1000);
      await realTime(50);
      await during(install, () => realTime(800));
      assert.equal(stays.readyState, WebSocket.CLOSED);
      const kinds = (await ended).map(([{ kind }]) => kind);
      clearInterval(alive);
      assert.deepEqual(kinds, ['close-timeout', 'close-timeout', 'timed-out']);
    });

    it('a drain that began in real time ends by it', async () => {
      const wss = new WebSocketServer({ port: 0, host: '127.0.0.1', linger: { logger: false } });
      await once(wss, 'listening');
      const clients = await Promise.all(Array.from({ length: 5 }, () => connectPeer(portOf(wss))));
      for (const client of clients) client.resume().on('end', () => client.end());
      const drained = wss.drain({ spread: 600 });
      await realTime(50);
      await during(install, () => realTime(200));
      await drained;
      assert.deepEqual([wss.stats().connections.open, wss.clients.size], [0, 0]);
    });

    it('a socket that lingers when the clock is taken away is gone by closeDeadline all the same', async () => {
      const ws = openStalled(WebSocket, { closeTimeout: 50, closeDeadline: 500 });
      const socket = socketOf(ws);
      await during(install, async (clock) => {
        ws.close(1000);
        for (let at = 0; at < 200; at += 25) await clock.tick(25);
        await turns();
        assert.deepEqual([ws.readyState, socket.destroyed], [WebSocket.CLOSED, false]);
      });
      await until('it is gone', () => socket.destroyed);
    });

    it("terminate() leaves 'close' to ws, however far the clock is set", () =>
      during(install, async (clock) => {
        const events: unknown[] = [];
        const note = (line: object) => void events.push((line as { event?: unknown }).event);
        const sockets = [0, 1].map(() => openStalled(WebSocket, { logger: { debug: note, warn: note } }));
        for (const ws of sockets) ws.terminate();
        clock.jump(30_000);
        await turns();
        for (const { readyState } of sockets) assert.equal(readyState, WebSocket.CLOSED);
        assert.deepEqual(new Set(events), new Set(['disconnect']));
      }));

    it('running all timers ends, with an open connection and with one that closes', () =>
      during(install, async (clock) => {
        const open = openStalled(WebSocket);
        const closing = openStalled(WebSocket, { closeTimeout: 2_000, closeDeadline: 30_000 });
        closing.close(1000);
        // Timers that are set in later turns of the loop need another run.
        for (let round = 0; round < 50 && closing.readyState !== WebSocket.CLOSED; round++) {
          await clock.runAll();
          await turns();
        }
        assert.equal(closing.readyState, WebSocket.CLOSED);
        assert.equal(open.readyState, WebSocket.OPEN);
        open.terminate();
        await turns();
      }));
  });
}

it('timers that were there before a clock is mocked are ended without its warning', async () => {
  const warnings: Error[] = [];
  const note = (warning: Error) => void warnings.push(warning);
  process.on('warning', note);
  const linger = { closeTimeout: 20, closeDeadline: 60_000 };
  const [first, second] = [openStalled(WebSocket, linger), openStalled(WebSocket, { ...linger, closeTimeout: 60_000 })];
  first.close(1000);
  await once(first, 'close');
  const socket = socketOf(first);
  const clock = FakeTimers.install({ toNotFake: ['nextTick', 'queueMicrotask', 'setImmediate'] });
  try {
    // One socket lingers, and others begin to while the clock is mocked.
    second.abort();
    const third = openStalled(WebSocket, linger);
    third.close(1000);
    await clock.tickAsync(1_000);
    first.abort();
    socket.destroy();
    await turns();
    assert.deepEqual(warnings, []);
  } finally {
    clock.uninstall();
    process.removeListener('warning', note);
  }
});
