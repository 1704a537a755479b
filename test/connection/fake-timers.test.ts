// Under the fake timers of Jest and sinon (one engine), whole and partial, and of node:test the limits come out as they do with
// plain ws, and whoever runs all timers until none is left comes to an end.
import assert from 'node:assert/strict';
import { Duplex } from 'node:stream';
import { describe, it, mock } from 'node:test';
import FakeTimers from '@sinonjs/fake-timers';
import WebSocket from 'ws-linger';
import Upstream from 'ws-upstream';

type Constructor = new (address: null, protocols: undefined, options: object) => WebSocket;

/** A WebSocket of a server over a stream whose peer neither reads nor answers. */
function openStalled(Class: unknown, linger: object = {}): WebSocket {
  const stream = new Duplex({ read() {}, write() {} });
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
  runAll(): Promise<void>;
  stop(): void;
}

function sinon(config: Parameters<typeof FakeTimers.install>[0]): () => Clock {
  return () => {
    const clock = FakeTimers.install(config);
    return {
      tick: async (ms) => void (await clock.tickAsync(ms)),
      runAll: async () => void (await clock.runAllAsync()),
      stop: () => clock.uninstall(),
    };
  };
}

const CLOCKS: Record<string, () => Clock> = {
  'all of sinon': sinon({ toNotFake: ['nextTick', 'queueMicrotask'] }),
  'setTimeout of sinon alone': sinon({ toFake: ['setTimeout', 'clearTimeout'] }),
  'setTimeout and Date of sinon': sinon({ toFake: ['setTimeout', 'clearTimeout', 'Date'] }),
  'setTimeout of node:test': () => {
    mock.timers.enable({ apis: ['setTimeout'] });
    return {
      async tick(ms) {
        mock.timers.tick(ms);
        await turns();
      },
      async runAll() {
        mock.timers.runAll();
        await turns();
      },
      stop: () => mock.timers.reset(),
    };
  },
};

for (const [name, install] of Object.entries(CLOCKS)) {
  describe(`with ${name} faked`, () => {
    for (const [Class, limit] of [
      [Upstream, 30_000],
      [WebSocket, 2_000],
    ] as const) {
      it(`${Class === WebSocket ? 'ws-linger' : 'plain ws'} tells the end of a close at ${limit} ms, and not before`, async () => {
        const clock = install();
        try {
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
        } finally {
          clock.stop();
        }
      });
    }

    it('running all timers ends, with an open connection and with one that closes', async () => {
      const clock = install();
      try {
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
      } finally {
        clock.stop();
      }
    });
  });
}
