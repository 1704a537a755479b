// `ws-linger top` as a process: what it prints of a real one during a storm of resets, and what it says of others.
import assert from 'node:assert/strict';
import { type ChildProcess, execFile } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { CLI, forkScript, Program, ROOT, runCli } from '../support/child.js';
import { listen, portOf } from '../support/end.js';
import { connectPeer } from '../support/peer.js';
import { UNPRINTABLE } from '../support/unprintable.js';

const PEERS = 200;
const run = promisify(execFile);

/** Lines, without those at the end that Windows adds. */
const linesOf = (output: string) => output.split(/\r?\n/);

function assertPlain(output: string): void {
  for (const line of linesOf(output)) {
    assert.ok(line.length <= 80, line);
    assert.doesNotMatch(line, UNPRINTABLE);
    assert.match(line, /^[\x20-\x7e]*$/, 'and nothing that a code page of Windows does not have');
  }
}

describe('ws-linger top, of a process in a storm of resets', () => {
  let child: ChildProcess;
  let ports: { socket: number; http: number };
  const urlOf = (path: string) => `http://127.0.0.1:${ports.http}/${path}`;
  before(async () => {
    child = forkScript('support/status-server');
    [ports] = (await once(child, 'message')) as [typeof ports];
  });
  after(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill();
    await gone;
  });

  async function connectAll(): Promise<net.Socket[]> {
    const peers: net.Socket[] = [];
    while (peers.length < PEERS) {
      peers.push(...(await Promise.all(Array.from({ length: 20 }, () => connectPeer(ports.socket)))));
    }
    return peers;
  }

  for (const path of ['status', 'metrics']) {
    it(`shows it by its ${path}: before, during and after`, async () => {
      const top = new Program([process.execPath, CLI, 'top', urlOf(path), '--interval', '100'], { cwd: ROOT });
      const shown = async (pattern: RegExp) => {
        const from = top.output.length;
        await top.prints(pattern, from);
      };
      await top.prints(/server +0 +0 /);
      const peers = await connectAll();
      await shown(new RegExp(`server +0 +${PEERS} `));
      await new Promise(setImmediate); // under Wine a reset in the turn of the opening arrives as FIN
      for (const peer of peers) peer.resetAndDestroy();
      await shown(/server +0 +0 .*\d/);
      await shown(/reset +\d+\.\d +\d{3}/);
      await top.stop();
      assertPlain(top.output);
      assert.match(top.output, /ends +[1-9][\d,.]* +\d+/, 'a rate of ends was shown');
      const { stdout, code } = await runCli('top', urlOf(path), '--once');
      assert.equal(code, 0);
      assertPlain(stdout);
      const resets = path === 'status' ? PEERS : 2 * PEERS; // the second of both storms
      assert.match(stdout, new RegExp(`reset +- +${resets}\\b`));
      if (path === 'status') {
        assert.match(stdout, /^ {2}\d\d:\d\d:\d\d .*: The peer reset the connection \(ECONNRESET/m);
        assert.match(stdout, /^ws-linger \d+\.\d+\.\d+, up \d+ /);
      } else assert.match(stdout, /^last ends +not in the metrics/m);
    });
  }

  it('prints so many frames, one after the other, and then exits with 0', async () => {
    const { code, stdout, stderr } = await runCli('top', urlOf('status'), '--frames', '3', '--interval', '100');
    assert.deepEqual([code, stderr], [0, '']);
    assert.equal(linesOf(stdout).filter((line) => line.startsWith('ws-linger 8')).length, 3);
  });

  it('goes on when the process is killed, says so, and exits with 1 when it has not come back', async () => {
    const top = new Program([process.execPath, CLI, 'top', urlOf('status'), '--frames', '30', '--interval', '100'], {
      cwd: ROOT,
    });
    await top.prints(/last ends/);
    child.kill('SIGKILL');
    await top.prints(/^No answer since \d\d:\d\d:\d\d, trying again: .*(ECONN|hang up)/m);
    assert.equal(await top.end(), 1);
    assertPlain(top.output);
  });
});

/** What a server answers to one request after the other; null hangs up. */
async function answering(answers: ((response: http.ServerResponse) => void)[]) {
  let next = 0;
  const server = http.createServer((_request, response) => answers[Math.min(next++, answers.length - 1)]?.(response));
  await listen(server);
  return { server, url: `http://127.0.0.1:${portOf(server)}/` };
}
const metrics = (response: http.ServerResponse) =>
  response.end('ws_linger_connections{role="server",phase="open"} 1\n');
const hangUp = (response: http.ServerResponse) => response.destroy();
const refuse = (response: http.ServerResponse) =>
  response
    .writeHead(403, { 'Content-Type': 'text/plain' })
    .end('only \x1b[31mrequests\x07 from this machine\nand more');

describe('ws-linger top, of what does not answer as it should', () => {
  it('goes on when it comes back', async () => {
    const { server, url } = await answering([metrics, hangUp, refuse, metrics]);
    const { code, stdout, stderr } = await runCli('top', url, '--frames', '4', '--interval', '100');
    server.close();
    assert.deepEqual([code, stderr], [0, '']);
    const second = linesOf(stdout).filter((_, i, lines) => lines[i - 1]?.startsWith('ws-linger'));
    assert.equal(second.length, 4);
    assert.match(second[0] ?? '', /^127\.0\.0\.1:\d+\/$/);
    assert.match(second[1] ?? '', /^No answer since .*: .*(socket hang up|ECONNRESET)/);
    assert.match(second[2] ?? '', /: it answers 403: only \\u001b\[31mreq/);
    assert.equal(second[3], second[0]);
    assertPlain(stdout);
  });

  for (const [what, answers, message] of [
    ['hangs up', [hangUp], /(hang up|ECONNRESET)/],
    ['refuses', [refuse], /: it answers 403: only \\u001b\[31mrequests\\u0007 from this machine\s*$/],
    [
      'answers something else',
      [(response: http.ServerResponse) => response.end('<p>hello')],
      /neither the status nor the metrics of ws-linger/,
    ],
    [
      'redirects',
      [(response: http.ServerResponse) => response.writeHead(302, { Location: '/' }).end()],
      /: it answers 302\s*$/,
    ],
  ] as const) {
    it(`says in one line that it ${what} at the start, with exit code 1`, async () => {
      const { server, url } = await answering([...answers]);
      const { code, stdout, stderr } = await runCli('top', url);
      server.close();
      assert.equal(code, 1);
      assert.equal(stdout, '');
      assert.match(stderr, /^error: 127\.0\.0\.1:\d+\/: [^\r\n]+\s*$/);
      assert.match(stderr, message);
    });
  }

  it('says in one line that nobody listens, and that something else than HTTP does', async () => {
    const server = await listen(
      net.createServer((socket) =>
        socket
          .on('error', () => {})
          .resume()
          .end('SSH-2.0\r\n'),
      ),
    );
    const url = `http://127.0.0.1:${portOf(server)}`;
    const other = await runCli('top', url, '--once');
    await new Promise((closed) => server.close(closed));
    const nobody = await runCli('top', url, '--once');
    assert.deepEqual([other.code, nobody.code], [1, 1]);
    assert.match(other.stderr, /^error: 127\.0\.0\.1:\d+\/: [^\r\n]*Parse Error[^\r\n]*\s*$/);
    assert.match(nobody.stderr, /^error: 127\.0\.0\.1:\d+\/: [^\r\n]*ECONNREFUSED[^\r\n]*\s*$/);
  });
});

describe('ws-linger top, on the command line', () => {
  for (const [what, args, message] of [
    ['no address', ['nonsense'], /http:\/\/ or https:\/\/ address\. Did you mean http:\/\/nonsense\?/],
    ['an address without http', ['localhost:9090/x'], /Did you mean http:\/\/localhost:9090\/x\?/],
    ['an address of a WebSocket', ['wss://localhost'], /Did you mean https:\/\/localhost\?/],
    ['an interval that is too short', ['--interval', '10'], /from 100 to 3600000/],
    ['no frames', ['--frames', '0'], /from 1 to/],
    ['--once and --frames', ['--once', '--frames', '2'], /cannot be used with option '--frames/],
  ] as const) {
    it(`refuses ${what}, with exit code 2`, async () => {
      const { code, stderr } = await runCli('top', ...args);
      assert.equal(code, 2);
      assert.match(stderr, message);
    });
  }

  // On Windows a signal ends the process without running its handlers.
  if (process.platform !== 'win32') {
    it('exits with 0 on SIGTERM', async () => {
      const { server, url } = await answering([metrics]);
      const top = new Program([process.execPath, CLI, 'top', url], { cwd: ROOT });
      await top.prints(/last ends/);
      assert.equal(await top.stop(), 0);
      server.close();
    });

    it('exits with 0 when nobody reads it any more', async () => {
      const { server, url } = await answering([metrics]);
      const command = `${process.execPath} ${CLI} top ${url} --interval 100 | head -n 1; echo "\${PIPESTATUS[0]}"`;
      const { stdout } = await run('bash', ['-c', command]);
      assert.match(stdout, /^ws-linger.*\n0\n$/);
      server.close();
    });
  }

  if (process.platform === 'linux' && existsSync('/usr/bin/script')) {
    it('draws each frame over the one before on a terminal, and leaves its last column free', async () => {
      const { server, url } = await answering([metrics]);
      const command = `stty cols 80 rows 24; ${process.execPath} ${CLI} top ${url} --frames 3 --interval 100`;
      const { stdout: output } = await run('/usr/bin/script', ['-qec', command, '/dev/null']);
      server.close();
      const frames = output.split('\x1b[H').slice(1);
      assert.equal(frames.length, 3);
      assert.equal(output.split('\x1b[2J').length, 2, 'it is cleared once');
      for (const drawn of frames) {
        assert.ok(drawn.endsWith('\x1b[J'), 'what was below is cleared');
        const lines = drawn.replaceAll('\x1b[K', '').replaceAll('\x1b[J', '').split('\r\n');
        assert.ok(lines.length <= 24);
        for (const line of lines) assert.match(line, /^[\x20-\x7e]{0,79}$/);
      }
    });

    it('fills the screen of a terminal that can only scroll with each frame', async () => {
      const { server, url } = await answering([metrics]);
      const command = `stty cols 80 rows 24; TERM=dumb ${process.execPath} ${CLI} top ${url} --frames 3 --interval 100`;
      const { stdout: output } = await run('/usr/bin/script', ['-qec', command, '/dev/null']);
      server.close();
      const lines = output.split('\r\n');
      assert.equal(lines.length, 3 * 23 + 1);
      for (const [i, line] of lines.entries()) {
        assert.match(line, /^[\x20-\x7e]{0,79}$/);
        assert.equal(line.startsWith('ws-linger'), i % 23 === 0 && i < 3 * 23, `line ${i}`);
      }
    });
  }
});
