import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { type Logger, pino } from 'pino';
import { UNPRINTABLE } from '../../support/unprintable.js';

export interface Recorder {
  logger: Logger;
  /** Returns the lines since the last call, without their line breaks. */
  takeLines(): string[];
}

/** A logger that keeps what it writes. */
export function recorder(): Recorder {
  let text = '';
  const stream = new Writable({
    write(chunk, _, done) {
      text += chunk;
      done();
    },
  });
  return {
    logger: pino({ level: 'debug' }, stream),
    takeLines() {
      const lines = text.split('\n');
      text = '';
      assert.equal(lines.pop(), '', 'the last line is whole');
      return lines;
    },
  };
}

export function assertShowable(text: string, longest: number): void {
  assert.ok(!UNPRINTABLE.test(text), `to be shown as it is: ${JSON.stringify(text)}`);
  assert.ok(text.length <= longest, `${text.length} characters, ${longest} at most`);
}

/** Runs what writes lines, and then the timers that it has set: those of the next second begin anew. */
export function aSecondPasses(run: () => void): void {
  const { setTimeout } = globalThis;
  const timers: (() => void)[] = [];
  const fake = (done: () => void) => {
    timers.push(done);
    return { unref() {} };
  };
  globalThis.setTimeout = fake as unknown as typeof setTimeout;
  try {
    run();
    for (const done of timers) done();
  } finally {
    globalThis.setTimeout = setTimeout;
  }
}
