// The module `ws-linger/stability`: runs against a server of the caller, aborted runs, and invalid options.
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import https from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { runStability, type StabilityProgress } from 'ws-linger/stability';
import Upstream from 'ws-upstream';
import { certificate } from '../support/certificate.js';
import { openHandles, portOf, until } from '../support/end.js';

const SMALL = { connections: 12, messages: 3, mix: { clean: 1, rst: 1, fin: 1, cut: 1, stall: 1, kill: 1 } };

/** Starts a plain ws server. `requests` and `arrivals` record all its connections. */
async function foreignServer({ echo = true, ...options }: Upstream.ServerOptions & { echo?: boolean } = {}) {
  const requests: IncomingMessage[] = [];
  const arrivals: number[] = [];
  const wss = new Upstream.WebSocketServer(options.server ? options : { port: 0, host: '127.0.0.1', ...options });
  wss.on('connection', (ws, request) => {
    requests.push(request);
    arrivals.push(performance.now());
    ws.on('error', () => {});
    ws.on('message', (data, binary) => echo && ws.send(data, { binary }));
  });
  const server = options.server ?? wss;
  if (!wss.address()) await once(server, 'listening');
  const stop = () => {
    for (const ws of wss.clients) ws.terminate();
    wss.close();
    options.server?.close();
  };
  return { port: portOf(wss), requests, arrivals, stop };
}

/** Calls `run` with a list to which each child process is added when it starts. */
async function watchChildren<T>(run: (children: ChildProcess[]) => Promise<T>): Promise<T> {
  const children: ChildProcess[] = [];
  const onStart = (message: unknown) => children.push((message as { process: ChildProcess }).process);
  subscribe('child_process', onStart);
  try {
    return await run(children);
  } finally {
    unsubscribe('child_process', onStart);
  }
}

const hasEnded = (child: ChildProcess) => child.exitCode !== null || child.signalCode !== null;

describe('runStability()', () => {
  it('tests a server over TLS with a certificate of its own, with headers and a subprotocol', async () => {
    const server = https.createServer(await certificate()).listen(0, '127.0.0.1');
    const { port, requests, stop } = await foreignServer({ server, handleProtocols: () => 'chat' });
    const url = `wss://127.0.0.1:${port}/live?token=secret`;
    const headers = { Authorization: 'Bearer abc' };
    const mix = { ...SMALL.mix, pause: 1, cutoff: 1 };
    const options = { ...SMALL, mix, url, insecure: true, headers, protocols: ['chat'] };
    const result = await runStability(options);
    const refused = await runStability({ ...options, connections: 1, insecure: false });
    stop();
    assert.equal(result.pass, true, result.problems.join('\n'));
    assert.equal(result.url, `wss://127.0.0.1:${port}/live`);
    assert.equal(result.control, 'foreign');
    assert.deepEqual(result.ends.server, {});
    assert.ok(result.slowPeers.sent > 100);
    assert.equal(result.slowPeers.delivered, result.slowPeers.sent);
    assert.equal(requests.length, 12);
    for (const { headers, url } of requests) {
      assert.deepEqual([headers.authorization, headers['sec-websocket-protocol']], ['Bearer abc', 'chat']);
      assert.equal(url, '/live?token=secret');
    }
    assert.equal(refused.connections.failed, 1);
    assert.match(refused.problems[0] ?? '', /did not open: self.signed certificate/i);
  });

  it('takes an echo that comes back as binary, as `ws.send(data)` sends it', async () => {
    const wss = new Upstream.WebSocketServer({ port: 0, host: '127.0.0.1' });
    wss.on('connection', (ws) => ws.on('error', () => {}).on('message', (data) => ws.send(data)));
    await once(wss, 'listening');
    const mix = { ...SMALL.mix, slow: 1 };
    const result = await runStability({ ...SMALL, mix, url: `ws://127.0.0.1:${portOf(wss)}` });
    wss.close();
    assert.equal(result.pass, true, result.problems.join('\n'));
    assert.equal(result.messages.received, result.messages.sent);
    assert.ok(result.slowPeers.sent > 0);
  });

  it('tests a server that does not echo, whose lost messages it cannot count', async () => {
    const { port, stop } = await foreignServer({ echo: false });
    const url = `ws://127.0.0.1:${port}`;
    const result = await runStability({ ...SMALL, url, echo: false });
    const echoing = await runStability({ ...SMALL, connections: 2, mix: { rst: 1 }, url, timeout: 300 });
    stop();
    assert.equal(result.pass, true, result.problems.join('\n'));
    // 12 x 3 messages, and 3 more for the 2 that end cleanly.
    assert.deepEqual(result.messages, { sent: 42, received: 0, lost: 0, echo: false });
    assert.equal(echoing.pass, false);
    assert.equal(echoing.messages.lost, 6);
    assert.deepEqual(echoing.problems.slice(1), [
      '6 messages were lost',
      'no echo arrived at all; for a server that does not echo, use --no-echo (echo: false)',
    ]);
    assert.match(echoing.problems[0] ?? '', /^connection [01] and 1 more: the echoes did not arrive in time$/);
  });

  it('fails if a slow peer did not receive all messages, even after a clean close', async () => {
    const wss = new Upstream.WebSocketServer({ port: 0, host: '127.0.0.1' });
    wss.on('connection', (ws) => {
      let messages = 0;
      ws.on('message', (data, binary) => (++messages === 3 ? ws.close(1000) : ws.send(data, { binary })));
    });
    await once(wss, 'listening');
    const url = `ws://127.0.0.1:${portOf(wss)}`;
    const { pass, slowPeers, ends, problems } = await runStability({
      url,
      connections: 1,
      messages: 0,
      mix: { slow: 1 },
    });
    wss.close();
    assert.deepEqual(ends.client, { clean: 1 });
    assert.deepEqual([pass, slowPeers], [false, { sent: 4, delivered: 2 }]);
    assert.deepEqual(problems, ['connection 0: slow: some messages that were sent before the close did not arrive']);
  });

  it('reconnects each client as often as `reconnect` says', async () => {
    const { port, requests, stop } = await foreignServer();
    const result = await runStability({ ...SMALL, url: `ws://127.0.0.1:${port}`, reconnect: 2 });
    stop();
    assert.equal(result.pass, true, result.problems.join('\n'));
    assert.equal(result.reconnects, 24);
    assert.equal(result.connections.opened, 36);
    assert.equal(requests.length, 36);
  });

  it('opens no more connections a second than `rate` says', async () => {
    const { port, arrivals, stop } = await foreignServer();
    const url = `ws://127.0.0.1:${port}`;
    await runStability({ connections: 21, messages: 0, mix: { rst: 1 }, rate: 20, url });
    stop();
    assert.equal(arrivals.length, 21);
    const took = (arrivals.at(-1) as number) - (arrivals[0] as number);
    assert.ok(took > 700, `${took} ms`); // 20 intervals of 50 ms, and the first arrival may be late
  });

  it('reports its progress while it runs, and returns a timeline', async () => {
    let open = 0;
    let atHalf: StabilityProgress | undefined;
    const { port, stop } = await foreignServer({
      // The second half of the clients is let in once a report has shown the first half.
      verifyClient: (_, allow) => {
        if (open++ < 10) allow(true);
        else until('a report of half of the connections', () => atHalf !== undefined).then(() => allow(true));
      },
    });
    const result = await runStability({
      url: `ws://127.0.0.1:${port}/`,
      connections: 20,
      mix: { clean: 1, rst: 1 },
      onProgress: (one) => {
        if (one.done === 10) atHalf ??= one;
      },
    });
    stop();
    assert.deepEqual([atHalf?.phase, atHalf?.open, atHalf?.opened, atHalf?.total], ['open', 10, 10, 20]);
    const last = result.timeline.at(-1);
    assert.deepEqual([last?.open, last?.opened, last?.ended], [0, 20, 20]);
    assert.equal(last?.messages, result.messages.received);
  });

  it('takes no connection for late because of the time that its client takes by itself', async () => {
    const { pass, problems, durationMs } = await runStability({
      connections: 3,
      mix: { slow: 1, pause: 1, cutoff: 1 },
      timeout: 3_000,
    });
    assert.equal(pass, true, problems.join('\n'));
    assert.ok(durationMs > 6_000, `${durationMs} ms`);
  });

  it('repeats rounds for `duration`, and measures what the server holds after each', async () => {
    const { soak, rounds, connections, durationMs, pass } = await runStability({
      connections: 10,
      mix: { clean: 1, rst: 1 },
      duration: 1_500,
    });
    assert.equal(pass, true);
    assert.ok(rounds > 1 && durationMs >= 1_500);
    assert.equal(connections.opened, rounds * 10);
    assert.equal(soak?.rounds.length, rounds);
    assert.equal(soak?.verdict, 'too-short');
    for (const { heapBytes, handles, clients } of soak?.rounds ?? []) {
      assert.ok(heapBytes && heapBytes > 1e6);
      assert.deepEqual([handles, clients], [0, 0]);
    }
  });

  it('stops when its signal is aborted, returns the results so far, and leaves no process or socket', async () => {
    const handles = openHandles();
    await watchChildren(async (children) => {
      const stop = new AbortController();
      const result = await runStability({
        ...SMALL,
        signal: stop.signal,
        // At this point only the stalled connections are left.
        onProgress: ({ phase, done }) => phase === 'end' && done > 0 && stop.abort(),
      });
      assert.deepEqual([result.interrupted, result.pass], [true, false]);
      assert.deepEqual([result.connections.opened, result.problems], [12, []]);
      assert.ok(result.successRate > 0 && result.successRate < 1);
      assert.equal(children.length, 2);
      assert.ok(children.every(hasEnded));
    });
    await until('no socket is left', () => openHandles() <= handles);
  });

  it('closes its connections when it is aborted, even if the server does not', async () => {
    const { port, stop } = await foreignServer({ echo: false });
    const handles = openHandles();
    const abort = new AbortController();
    const result = await runStability({
      ...SMALL,
      url: `ws://127.0.0.1:${port}`,
      signal: abort.signal,
      onProgress: ({ phase }) => phase === 'exchange' && abort.abort(),
    });
    assert.deepEqual([result.interrupted, result.connections.opened, result.messages.lost], [true, 12, 0]);
    await until('no socket is left', () => openHandles() <= handles);
    stop();
  });

  it('opens no connection if its signal is already aborted', async () => {
    const { port, requests, stop } = await foreignServer();
    const result = await runStability({ ...SMALL, url: `ws://127.0.0.1:${port}`, signal: AbortSignal.abort() });
    stop();
    assert.deepEqual([result.interrupted, result.connections.attempted, requests.length], [true, 0, 0]);
  });

  it('rejects when its server process dies, and stops everything else', async () => {
    const handles = openHandles();
    await watchChildren(async (children) => {
      const began = performance.now();
      const run = runStability({
        ...SMALL,
        timeout: 60_000,
        onProgress: ({ open }) => open > 0 && children[0]?.kill('SIGKILL'),
      });
      await assert.rejects(run, { code: 'WSL_ERR_SERVER_DIED' });
      assert.ok(performance.now() - began < 30_000);
      assert.equal(children.length, 2);
      assert.ok(children.every(hasEnded));
    });
    await until('no socket is left', () => openHandles() <= handles);
  });

  it('rejects when its server process cannot start, and leaves no process', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ws-linger-'));
    const preload = join(folder, 'no-listening.cjs');
    await writeFile(
      preload,
      `require('node:net').Server.prototype.listen = function () {
        process.nextTick(() => this.emit('error', new Error('no port for you')));
        return this;
      };`,
    );
    const { NODE_OPTIONS } = process.env;
    process.env.NODE_OPTIONS = `--require ${JSON.stringify(preload.replaceAll('\\', '/'))}`;
    try {
      await watchChildren(async (children) => {
        await assert.rejects(runStability({ connections: 1 }), /did not start: Error: no port for you/);
        assert.equal(children.length, 1);
        assert.ok(children.every(hasEnded));
      });
    } finally {
      if (NODE_OPTIONS === undefined) delete process.env.NODE_OPTIONS;
      else process.env.NODE_OPTIONS = NODE_OPTIONS;
      await rm(folder, { recursive: true });
    }
  });

  // Windows cannot suspend a process by a signal.
  if (process.platform !== 'win32') {
    it('fails if its server process hangs, because its handles cannot be counted', async () => {
      await watchChildren(async (children) => {
        const result = await runStability({
          connections: 4,
          mix: { rst: 1 },
          timeout: 300,
          rate: 4,
          onProgress: () => children[0]?.kill('SIGSTOP'),
        });
        assert.equal(result.pass, false);
        assert.ok(
          result.problems.includes('the server did not report in time what it holds'),
          result.problems.join('\n'),
        );
        assert.ok(children.every(hasEnded));
      });
    });
  }

  for (const [options, code, message] of [
    [
      { conections: 5 },
      'WSL_ERR_UNKNOWN_OPTION',
      /stability\.conections is no option, did you mean stability\.connections\?/,
    ],
    [{ mix: { rts: 1 } }, 'WSL_ERR_UNKNOWN_OPTION', /mix\.rts is no option, did you mean stability\.mix\.rst\?/],
    [{ mix: { rst: 0 } }, 'WSL_ERR_OPTION_RANGE', /weight above 0/],
    [{ connections: 0 }, 'WSL_ERR_OPTION_RANGE', /integer from 1/],
    [{ timeout: '5s' }, 'WSL_ERR_OPTION_TYPE', /number of milliseconds/],
    [{ url: 'http://example' }, 'WSL_ERR_OPTION_RANGE', /ws: or wss: address/],
    [{ url: 'ws://127.0.0.1', plain: true }, 'WSL_ERR_OPTION_RANGE', /cannot be used with url/],
    [{ echo: false }, 'WSL_ERR_OPTION_RANGE', /needs a url/],
    [{ signal: {} }, 'WSL_ERR_OPTION_TYPE', /AbortSignal/],
  ] as const) {
    it(`refuses ${JSON.stringify(options)} before anything is started`, () =>
      watchChildren(async (children) => {
        await assert.rejects(runStability(options as object), { code, message });
        assert.equal(children.length, 0);
      }));
  }
});
