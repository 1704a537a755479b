// The main job as a user runs it: a process, its exit code, its output.
import assert from 'node:assert/strict';
import { type ExecFileException, execFile } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import Upstream from 'ws-upstream';
import { DEFAULT_MIX, parseMix, plan } from '../dist/stability/plan.js';
import { portOf } from './support/end.js';

const cli = join(__dirname, '..', 'dist', 'cli', 'main.js');

function run(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [cli, ...args], (error: ExecFileException | null, stdout, stderr) => {
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr });
    });
  });
}

describe('ws-linger stability', () => {
  it('passes, and says how every connection ended', async () => {
    const { code, stdout } = await run('stability', '--json', '--connections', '70');
    const result = JSON.parse(stdout);
    assert.equal(code, 0, stdout);
    assert.equal(result.pass, true);
    assert.deepEqual(result.connections, { attempted: 70, opened: 70, failed: 0 });
    assert.deepEqual([result.unexplained, result.uncaught], [0, 0]);
    assert.deepEqual(result.leaked, { clients: 0, handles: 0 });
    assert.equal(result.messages.lost, 0);
    assert.equal(result.successRate, 1);
    const wanted = process.env.WS_LINGER_TEST_CONTROL;
    if (wanted) assert.equal(result.control, wanted);
    // 10 of each 70 but 20 resets; both sides of all but the killed ones, which have only the server's.
    assert.equal(result.kinds.clean, 20);
    assert.equal(result.kinds['local-abort'], 20);
    assert.equal(result.kinds['close-timeout'], 10);
    const total = Object.values(result.kinds as Record<string, number>).reduce((sum, n) => sum + n, 0);
    assert.equal(total, 70 + 60);
  });

  it('shows what plain ws leaves open, and fails', async () => {
    const { code, stdout } = await run('stability', '--plain', '--json', '--connections', '14', '--timeout', '3000');
    const result = JSON.parse(stdout);
    assert.equal(code, 1);
    assert.equal(result.pass, false);
    assert.equal(result.control, 'plain');
    assert.ok(result.unexplained > 0);
    assert.ok(result.problems.some((problem: string) => problem.includes("the server's end did not come in time")));
  });

  it('tests a server behind a url, with what the client side can see', async () => {
    const wss = new Upstream.WebSocketServer({ port: 0, host: '127.0.0.1' });
    wss.on('connection', (ws) => ws.on('message', (data, binary) => ws.send(data, { binary })));
    await once(wss, 'listening');
    const { code, stdout } = await run('stability', `ws://127.0.0.1:${portOf(wss)}/`, '--json', '--connections', '14');
    for (const ws of wss.clients) ws.terminate();
    wss.close();
    const result = JSON.parse(stdout);
    assert.equal(code, 0, stdout);
    assert.equal(result.control, 'foreign');
    assert.equal(result.leaked.clients, null);
  });

  it('prints a table for people', async () => {
    const { code, stdout } = await run('stability', '--connections', '7', '--mix', 'clean,rst', '--no-color');
    assert.equal(code, 0, stdout);
    assert.match(stdout, /7 of 7 opened, 100 % ended as they should/);
    assert.match(stdout, /PASS/);
  });

  it('says that a server does not answer, and exits with 1', async () => {
    const { code, stdout } = await run('stability', 'ws://127.0.0.1:9', '--connections', '2', '--json');
    assert.equal(code, 1);
    assert.equal(JSON.parse(stdout).connections.failed, 2);
  });

  for (const [args, message] of [
    [['--conections', '5'], /unknown option '--conections' \(Did you mean --connections\?\)/],
    [['--connections', '0'], /whole number from 1/],
    [['--connections', 'many'], /whole number/],
    [['--mix', 'rst,banana'], /'banana' is not one of clean, rst/],
    [['--mix', 'rst=0'], /at least one weight/],
    [['http://example'], /ws:\/\/ or wss:\/\//],
    [['ws://127.0.0.1:9', '--plain'], /without a url/],
  ] as const) {
    it(`refuses '${args.join(' ')}' in one line, with exit code 2`, async () => {
      const { code, stdout, stderr } = await run('stability', ...args);
      assert.equal(code, 2);
      assert.equal(stdout, '');
      assert.match(stderr, message);
      assert.equal(stderr.trim().split('\n').length, 1, stderr);
    });
  }
});

describe('a plan', () => {
  it('is the same for the same seed, another for another, and in proportion', () => {
    assert.deepEqual(plan(70, DEFAULT_MIX, 1), plan(70, DEFAULT_MIX, 1));
    assert.notDeepEqual(plan(70, DEFAULT_MIX, 1), plan(70, DEFAULT_MIX, 2));
    assert.equal(plan(70, DEFAULT_MIX, 3).filter(({ scenario }) => scenario === 'rst').length, 20);
    assert.equal(plan(1, parseMix('stall'), 3).length, 1);
  });
});
