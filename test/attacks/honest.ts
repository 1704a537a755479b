/** A client beside the attack that sends a message, waits for its answer, and connects anew now and then. */
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import Upstream from 'ws-upstream';
import { HONEST_PATH } from './attacks.js';
import type { Honest } from './messages.js';

const EVERY_MS = 50;
const ANSWERS_PER_CONNECTION = 10;
/** An answer that takes longer does not count as one, in ms. */
const PATIENCE_MS = 10_000;

export class HonestClient {
  readonly report: Honest = { answers: 0, unanswered: 0, slowest: 0 };
  readonly #url: string;
  #isOver = false;
  readonly #running: Promise<void>;

  constructor(port: number) {
    this.#url = `ws://127.0.0.1:${port}${HONEST_PATH}`;
    this.#running = this.#run();
  }

  async stop(): Promise<Honest> {
    this.#isOver = true;
    await this.#running;
    return this.report;
  }

  async #run(): Promise<void> {
    while (!this.#isOver) {
      const ws = new Upstream(this.#url, { perMessageDeflate: false }).on('error', () => {});
      const closed = new Promise((resolve) => ws.once('close', resolve));
      for (let i = 0; i < ANSWERS_PER_CONNECTION && !this.#isOver; i++) {
        if (!(await this.#ask(ws, closed))) break;
        await delay(EVERY_MS);
      }
      ws.close();
      await Promise.race([closed, delay(PATIENCE_MS, undefined, { ref: false })]);
      ws.terminate();
    }
  }

  async #ask(ws: Upstream, closed: Promise<unknown>): Promise<boolean> {
    const began = performance.now();
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const answer = async () => {
      if (ws.readyState === ws.CONNECTING) await once(ws, 'open', { signal });
      ws.send('?');
      await once(ws, 'message', { signal });
      return true;
    };
    const isAnswered = await Promise.race([answer(), closed.then(() => false)]).catch(() => false);
    if (isAnswered) this.report.answers++;
    else this.report.unanswered++;
    this.report.slowest = Math.max(this.report.slowest, performance.now() - began);
    return isAnswered;
  }
}
