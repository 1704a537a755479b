/** One client of examples/broadcast reads too slowly: it misses messages, is waited for, or is cut. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import WebSocket from 'ws-linger';
import type { Program } from '../support/child.js';
import { portOfApp, soon, startApp } from './apps.js';

export const broadcast = () =>
  describe('broadcast', { concurrency: 1 }, () => {
    const MESSAGES = 100;

    /** One client sends, and reads what it sent; another one does not read before that is over, or stalls. Returns what both got. */
    async function run(policy: string, isOver: (app: Program, got: number[]) => Promise<unknown>) {
      const app = startApp('broadcast', ['index.js'], { POLICY: policy });
      const port = await portOfApp(app);
      const [fast, slow] = [0, 1].map(() => new WebSocket(`ws://localhost:${port}`, { perMessageDeflate: false }));
      const got: { fast: number[]; slow: number[] } = { fast: [], slow: [] };
      fast?.on('message', (data: Buffer) => got.fast.push(data[0] as number));
      slow?.on('message', (data: Buffer) => got.slow.push(data[0] as number));
      await Promise.all([fast, slow].map((ws) => once(ws as WebSocket, 'open')));
      slow?.pause();
      const sent = (async () => {
        for (let i = 0; i < MESSAGES; i++) {
          fast?.send(Buffer.alloc(1 << 20, i));
          while (got.fast.length <= i) await once(fast as WebSocket, 'message');
        }
      })();
      await Promise.all([isOver(app, got.fast), policy === 'wait' || sent]);
      slow?.resume();
      await sent;
      return { app, fast, slow, got };
    }

    const all = Array.from({ length: MESSAGES }, (_, index) => index);

    it('with drop: a slow client misses messages, and gets the newest one in the end', soon, async () => {
      const { app, slow, got } = await run('drop', async () => {});
      assert.deepEqual(got.fast, all);
      while (got.slow.at(-1) !== MESSAGES - 1) await once(slow as WebSocket, 'message');
      assert.ok(got.slow.length < MESSAGES, `${got.slow.length}`);
      await app.stop();
    });

    it('with wait: everybody gets everything', soon, async () => {
      const { app, slow, got } = await run('wait', async (_app, got) => {
        while (got.length < 2) await new Promise(setImmediate);
      });
      assert.deepEqual(got.fast, all);
      while (got.slow.length < MESSAGES) await once(slow as WebSocket, 'message');
      assert.deepEqual(got.slow, all);
      await app.stop();
    });

    it('with cut: a slow client is cut, and the others get everything', soon, async () => {
      const { app, got } = await run('cut', (app) => app.prints(/disconnect: local-abort, origin local/));
      assert.deepEqual(got.fast, all);
      await app.stop();
    });
  });
