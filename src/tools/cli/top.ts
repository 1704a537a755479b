/** The command `ws-linger top`: asks a process for its figures again and again, and draws them on a terminal. */
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { Command, Option } from 'commander';
import { ask } from '../top/ask';
import { draw, NOTHING_YET, type Watched, withAnswer, withoutAnswer } from '../top/watch';
import { httpUrl, wholeNumber } from './arguments';
import { Screen } from './screen';

interface Flags {
  interval: number;
  frames?: number;
  once?: true;
}

/** Where `ws-linger demo` answers by default. */
const DEMO = 'http://127.0.0.1:8765/status';

const EXAMPLES = `
The process has to serve statusHandler() of ws-linger, or its metrics for
Prometheus. The screen shows

  connections     how many there are in each phase, and opened per second
  ends            by kind, per second and in all
  round trips     of the heartbeat's pings
  lingering       sockets that go on delivering after 'close'
  slow consumers  the connections with the most bytes queued
  last ends       in words

Metrics have no slow consumers and no sentences. Rates are those since the frame
before, so the first frame has none. On a terminal each frame takes the place of
the one before; elsewhere they are printed one after the other. Ctrl+C stops.

Exit codes: 0 when it was stopped or all frames were drawn, 1 when the process
did not answer at the start or at the end, 2 for wrong usage.

Examples:
  ws-linger top                                   the running demo
  ws-linger top http://localhost:9090/status             statusHandler()
  ws-linger top http://localhost:9090/metrics            the metrics
  ws-linger top http://localhost:9090/status --once      one frame
  ws-linger top http://localhost:9090/status --frames 60 > log.txt
      a minute, one frame after the other`;

export function topCommand(): Command {
  return new Command('top')
    .description('show what the connections of a running process do: a live view on a terminal')
    .argument('[url]', 'what serves statusHandler() or the metrics', httpUrl, DEMO)
    .option('--interval <ms>', 'time from one frame to the next', wholeNumber(100, 3_600_000), 1_000)
    .option('--frames <n>', 'how many frames to draw (default: until Ctrl+C)', wholeNumber(1, 2 ** 31 - 1))
    .addOption(new Option('--once', 'print one frame').conflicts('frames'))
    .addHelpText('after', EXAMPLES)
    .action(async (url: string, { interval, frames, once }: Flags) => {
      const stop = new AbortController();
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
      process.stdout.on('error', () => stop.abort()); // whoever read it has gone
      const isAnswered = await watch(url, { interval, frames: once ? 1 : frames, signal: stop.signal });
      process.exitCode = isAnswered || stop.signal.aborted ? 0 : 1;
    });
}

interface Limits {
  interval: number;
  frames: number | undefined;
  signal: AbortSignal;
}

/** Returns whether there was an answer for the last frame. Throws where there is none for the first one. */
async function watch(url: string, { interval, frames = Number.POSITIVE_INFINITY, signal }: Limits): Promise<boolean> {
  const { host, pathname } = new URL(url);
  const screen = new Screen();
  let watched: Watched = NOTHING_YET;
  for (let drawn = 0; drawn < frames && !signal.aborted; drawn++) {
    const due = performance.now() + interval;
    watched = await next(watched, url, signal);
    if (signal.aborted) break;
    if (!watched.figures) throw new Error(`${host}${pathname}: ${watched.problem?.reason}`);
    screen.show(draw(watched, { source: host + pathname, at: Date.now(), ...screen.size() }));
    if (drawn + 1 < frames) await delay(Math.max(0, due - performance.now()), undefined, { signal }).catch(() => {});
  }
  return watched.problem === null;
}

async function next(watched: Watched, url: string, signal: AbortSignal): Promise<Watched> {
  try {
    return withAnswer(watched, await ask(url, signal), performance.now());
  } catch (error) {
    return withoutAnswer(watched, (error as Error).message, Date.now());
  }
}
