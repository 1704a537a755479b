// drainOnSignal(): the process drains when it is asked to end, and then ends as it was asked, whoever else listens.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import cluster from 'node:cluster';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { drainOnSignal, WebSocketServer } from 'ws-linger';
import Upstream from 'ws-upstream';
import { forkScript } from '../support/child.js';
import { until } from '../support/end.js';
import { CLIENT_FRAMES, connectPeer, endOf, textFrame } from '../support/peer.js';

interface RunningServer {
  child: ChildProcess;
  port: number;
  codes: Promise<number>[];
  ended: Promise<[code: number | null, signal: string | null]>;
}

/** Starts a server in the company of others, with three clients that answer the closing handshake. */
async function start(...company: string[]): Promise<RunningServer> {
  return serve(forkScript('support/drain-on-signal-server', company));
}

async function serve(child: ChildProcess, count = 3): Promise<RunningServer> {
  const ended = once(child, 'exit') as RunningServer['ended'];
  const [port] = (await once(child, 'message')) as [number];
  const clients = Array.from({ length: count }, () => new Upstream(`ws://127.0.0.1:${port}`));
  const codes = clients.map((client) => once(client, 'close').then(([code]) => code as number));
  await Promise.all(clients.map((client) => once(client, 'open')));
  return { child, port, codes, ended };
}

/** Does what asks the server to end, and checks that its clients are told. */
async function drained({ codes, ended }: RunningServer, ask: () => void) {
  ask();
  for (const code of await Promise.all(codes)) assert.equal(code, 1001);
  return ended;
}

describe('drainOnSignal()', () => {
  it('refuses a server that is not of this package', () => {
    assert.throws(() => drainOnSignal(http.createServer()), { code: 'WSL_ERR_NOT_ATTACHABLE' });
    assert.throws(() => drainOnSignal(undefined as never), { code: 'WSL_ERR_NOT_ATTACHABLE' });
  });

  it('adds one listener for all calls, and removes it with the last', () => {
    const before = process.listenerCount('SIGTERM');
    const stops = Array.from({ length: 20 }, () => drainOnSignal(new WebSocketServer({ noServer: true })));
    assert.equal(process.listenerCount('SIGTERM'), before + 1);
    const last = stops.pop();
    for (const stop of stops) stop();
    assert.equal(process.listenerCount('SIGTERM'), before + 1);
    last?.();
    assert.equal(process.listenerCount('SIGTERM'), before);
  });

  for (const company of [[], ['a listener for other messages'], ['signal-exit 4'], ['another copy of the package']]) {
    it(`drains on the message 'shutdown', and exits with code 0, beside ${company[0] ?? 'nobody'}`, async () => {
      const server = await start(...company);
      assert.deepEqual(await drained(server, () => server.child.send('shutdown')), [0, null]);
    });
  }

  it('drains the servers of all calls as one: none is ready when the first is announced, and the process ends after all', async () => {
    const child = forkScript('support/drain-on-signal-server', ['a second server in another call']);
    const ended = once(child, 'exit');
    const messages: unknown[] = [];
    child.on('message', (message) => messages.push(message));
    await until('both listen', () => messages.length === 2);
    const peers = await Promise.all(messages.splice(0).map((port) => connectPeer(port as number)));
    for (const peer of peers) peer.once('data', () => peer.end(CLIENT_FRAMES.close));
    child.send('shutdown');
    await Promise.all(peers.map((peer) => once(peer, 'close')));
    assert.deepEqual(await ended, [0, null]);
    assert.deepEqual(messages, [
      [false, false],
      [false, false],
    ]);
  });

  it('refuses a signal that nobody would wait with', () => {
    const wss = new WebSocketServer({ noServer: true });
    const options = { signal: AbortSignal.abort() };
    assert.throws(() => drainOnSignal(wss, options as object), { code: 'WSL_ERR_UNKNOWN_OPTION' });
  });

  it("drains on the message 'shutdown' in a cluster's worker, and the worker exits with code 0", async () => {
    cluster.setupPrimary({ exec: join(__dirname, '..', 'support', 'drain-on-signal-server.js'), args: [] });
    const server = await serve(cluster.fork().process as ChildProcess);
    assert.deepEqual(await drained(server, () => server.child.send('shutdown')), [0, null]);
  });

  it('leaves the count of listeners for messages right when all of them are removed', async () => {
    const child = forkScript('support/drain-on-signal-server', [
      'an application that removes all listeners for messages',
    ]);
    assert.deepEqual(await once(child, 'exit'), [0, null]);
  });

  for (const company of [[], ['another copy of the package']]) {
    it(`keeps messages for the first listener, as Node does, beside ${company[0] ?? 'nobody'}`, async () => {
      const args = ['a listener for messages that comes late', ...company];
      const child = forkScript('support/drain-on-signal-server', args);
      const [port] = (await once(child, 'message')) as [number];
      for (const message of ['one', 'two']) await new Promise((sent) => child.send(message, sent));
      const answer = once(child, 'message');
      (await connectPeer(port)).destroy();
      assert.deepEqual((await answer)[0], ['one', 'two']);
      child.send('shutdown');
      assert.deepEqual(await once(child, 'exit'), [0, null]);
    });
  }

  // On Windows a process cannot handle a signal of another process.
  if (process.platform !== 'win32') onPosix();
});

function onPosix(): void {
  const SIGNAL_EXITS = [
    ['signal-exit 3'],
    ['signal-exit 4'],
    ['signal-exit 3', 'signal-exit 4'],
    ['signal-exit 4', 'another copy of the package'],
  ];

  for (const company of [[], ...SIGNAL_EXITS, ['another copy of the package']]) {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      it(`drains on ${signal}, and the process ends by it, beside ${company.join(' and ') || 'nobody'}`, async () => {
        const server = await start(...company);
        assert.deepEqual(await drained(server, () => server.child.kill(signal)), [null, signal]);
      });
    }
  }

  for (const company of SIGNAL_EXITS) {
    for (const clients of [0, 3]) {
      it(`shows ${company.join(' and ')} the signal, with nothing else to wait for and ${clients} clients`, async () => {
        const args = [...company, 'no parent to talk to'];
        const child = forkScript('support/drain-on-signal-server', args, {
          stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
        });
        let shown = '';
        child.stdout?.on('data', (chunk) => {
          shown += chunk;
        });
        const closed = once(child, 'close');
        const server = await serve(child, clients);
        assert.deepEqual(await drained(server, () => child.kill('SIGTERM')), [null, 'SIGTERM']);
        await closed;
        const listeners = company.filter((name) => name.startsWith('signal-exit')).length;
        assert.equal(shown, 'null SIGTERM\n'.repeat(listeners));
      });
    }
  }

  for (const company of SIGNAL_EXITS) {
    it(`lets ${company.join(' and ')} end the process beside a listener that is called once and came before`, async () => {
      const server = await start('a cleanup for one signal', ...company);
      assert.deepEqual(await drained(server, () => server.child.kill('SIGTERM')), [null, 'SIGTERM']);
    });
  }

  for (const handler of ['a handler of the application', 'a handler for one signal']) {
    for (const company of [[], ...SIGNAL_EXITS]) {
      it(`leaves the end of the process to ${[handler, ...company].join(' beside ')}`, async () => {
        const server = await start(...company, handler);
        assert.deepEqual(await drained(server, () => server.child.kill('SIGTERM')), [7, null]);
      });
    }
  }

  for (const company of [[], ...SIGNAL_EXITS]) {
    it(`waits for the signal that a handler sends again, after the drain, beside ${company.join(' and ') || 'nobody'}`, async () => {
      const server = await start(...company, 'a handler that sends the signal again', 'no parent to talk to');
      assert.deepEqual(await drained(server, () => server.child.kill('SIGTERM')), [null, 'SIGTERM']);
    });
  }

  it('does not keep the process alive after its server has closed', async () => {
    const server = await start();
    assert.deepEqual(await drained(server, () => server.child.send('close')), [0, null]);
  });

  it('ends the process immediately on a second signal', async () => {
    const { child, port, codes, ended } = await start();
    const peer = await connectPeer(port);
    const seen = endOf(peer);
    child.kill('SIGTERM');
    await Promise.all(codes);
    child.kill('SIGTERM');
    assert.deepEqual(await ended, [null, 'SIGTERM']);
    assert.equal(await seen, 'end');
    peer.destroy();
  });

  it('ends the process on a second signal, though a listener has thrown and its connection cannot end', async () => {
    const { child, port, codes, ended } = await start('a listener that throws');
    const peer = await connectPeer(port);
    const thrown = once(child, 'message');
    peer.resume().write(textFrame('hello'));
    await thrown;
    child.kill('SIGTERM');
    await Promise.all(codes);
    child.kill('SIGTERM');
    assert.deepEqual(await ended, [null, 'SIGTERM']);
    peer.destroy();
  });

  const mayUnshare = process.platform === 'linux' && process.getuid?.() === 0;
  it('ends a process that is the first of its container', { skip: !mayUnshare && 'needs root' }, async () => {
    const script = join(__dirname, '..', 'support', 'drain-on-signal-server.js');
    const outer = spawn('unshare', ['--pid', '--fork', process.execPath, script], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    const server = await serve(outer);
    const [first] = readFileSync(`/proc/${outer.pid}/task/${outer.pid}/children`, 'utf8').split(' ');
    assert.deepEqual(await drained(server, () => process.kill(Number(first), 'SIGTERM')), [143, null]);
  });
}
