// `ws-linger stability` as a process: its exit code and its output.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import Upstream from 'ws-upstream';
import { DEFAULT_MIX, parseMix, plan } from '../../dist/tools/stability/plan.js';
import { CLI, runCli } from '../support/child.js';
import { portOf, until } from '../support/end.js';
import { tcpPair } from '../support/tcp-pair.js';

describe('ws-linger stability', () => {
  it('passes, and prints how every connection ended', async () => {
    const { code, stdout } = await runCli('stability', '--json', '--connections', '100');
    const result = JSON.parse(stdout);
    assert.equal(code, 0, stdout);
    assert.equal(result.pass, true);
    assert.deepEqual(result.connections, { attempted: 100, opened: 100, failed: 0 });
    assert.deepEqual([result.unexplained, result.uncaught], [0, 0]);
    assert.deepEqual(result.leaked, { clients: 0, handles: 0 });
    assert.equal(result.messages.lost, 0);
    assert.equal(result.successRate, 1);
    const wanted = process.env.WS_LINGER_TEST_CONTROL;
    if (wanted) assert.equal(result.control, wanted);
    // 10 connections of each scenario, but 20 resets.
    const { server, client } = result.ends;
    assert.deepEqual(client, { clean: 10 + 30, 'local-abort': 20 + 10, 'closed-without-handshake': 20 });
    // The server may report the end of slow peers before they have answered, or after.
    assert.equal(server.clean + server['close-timeout'], 10 + 10 + 30);
    assert.equal(server.reset + server['closed-without-handshake'], 20 + 20 + 10);
    assert.deepEqual(result.slowPeers, { sent: 10 * (4 + 96 + 96), delivered: 10 * (4 + 96 + 96) });
  });

  it('fails with plain ws, and prints what plain ws leaves open', async () => {
    const args = ['--plain', '--json', '--connections', '14', '--mix', 'rst,stall', '--timeout', '3000'];
    const { code, stdout } = await runCli('stability', ...args);
    const result = JSON.parse(stdout);
    assert.equal(code, 1);
    assert.equal(result.pass, false);
    assert.equal(result.control, 'plain');
    assert.ok(result.unexplained > 0);
    assert.ok(result.problems.some((problem: string) => problem.includes('the server did not report the end in time')));
  });

  it('tests a server at a url, by what the clients can see', async () => {
    const wss = new Upstream.WebSocketServer({ port: 0, host: '127.0.0.1' });
    wss.on('connection', (ws) => ws.on('message', (data, binary) => ws.send(data, { binary })));
    await once(wss, 'listening');
    const { code, stdout } = await runCli(
      'stability',
      `ws://127.0.0.1:${portOf(wss)}/`,
      '--json',
      '--connections',
      '14',
    );
    for (const ws of wss.clients) ws.terminate();
    wss.close();
    const result = JSON.parse(stdout);
    assert.equal(code, 0, stdout);
    assert.equal(result.control, 'foreign');
    assert.equal(result.leaked.clients, null);
    assert.ok(result.slowPeers.sent > 100);
    assert.equal(result.slowPeers.delivered, result.slowPeers.sent);
  });

  it('prints a table without --json', async () => {
    const { code, stdout } = await runCli('stability', '--connections', '7', '--mix', 'clean,rst', '--no-color');
    assert.equal(code, 0, stdout);
    assert.match(stdout, /7 of 7 opened, 100 % ended as expected/);
    assert.match(stdout, /PASS/);
  });

  it('prints a problem of all connections once, and no times if nothing was measured', async () => {
    // The port is in use by a connection, so no server can listen on it meanwhile.
    const { peer, stop } = await tcpPair();
    const { code, stdout } = await runCli('stability', `ws://127.0.0.1:${peer.localPort}`, '--connections', '30');
    stop();
    assert.equal(code, 1, stdout);
    assert.match(stdout, /0 of 30 opened/);
    assert.equal(stdout.match(/did not open/g)?.length, 1, stdout);
    assert.match(stdout, /connection \d+ and 29 more: did not open: connect ECONNREFUSED/);
    assert.match(stdout, /Ends, reported +│ none +│\n│ by clients/);
    assert.doesNotMatch(stdout, /p50/);
  });

  it('runs the same against plain ws, and prints both side by side in 80 columns without colour', async () => {
    const args = ['--compare', 'plain', '--connections', '12', '--mix', 'clean,rst'];
    const { code, stdout } = await runCli('stability', ...args);
    assert.equal(code, 0, stdout);
    assert.match(stdout, /│ ws-linger, .* │ plain ws/);
    assert.match(stdout, /│ 12 of 12 opened, 100 % +│ 12 of 12 opened, 50 % /);
    assert.ok(stdout.split('\n').every((line) => line.length <= 80 && !line.includes('\u001b')));
  });

  it('shows that slow peers receive from both all that was sent before the close', async () => {
    const args = ['--compare', 'plain', '--connections', '6', '--mix', 'slow,pause,cutoff'];
    const { code, stdout } = await runCli('stability', ...args);
    assert.match(stdout, /│ Messages +│ \d+ of 392 +│ 392 of 392 +│\n│ delivered to/);
    assert.match(stdout, /│ Messages +│ 392 of 392 +│/);
    assert.equal(code, 0, stdout);
  });

  it('prints both runs as one JSON object', async () => {
    const { stdout } = await runCli('stability', '--compare', 'plain', '--json', '--connections', '2', '--mix', 'rst');
    const result = JSON.parse(stdout);
    assert.deepEqual([result.kinds.reset, result.unexplained], [2, 0]);
    assert.deepEqual([result.plain.kinds['1006'], result.plain.unexplained], [2, 2]);
    assert.equal(result.plain.seed, result.seed);
  });

  it('writes its report to one file, even if the run fails', async () => {
    const file = join(await mkdtemp(join(tmpdir(), 'ws-linger-')), 'report.html');
    const { code } = await runCli(
      'stability',
      '--plain',
      '--connections',
      '2',
      '--mix',
      'rst',
      '--report',
      file,
      '--json',
    );
    const page = await readFile(file, 'utf8');
    await rm(dirname(file), { recursive: true });
    assert.equal(code, 1);
    assert.match(page, /<title>WebSocket stability: fail<\/title>/);
    assert.match(page, /1006/);
  });

  it('writes JSON and JUnit to files, beside the table', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ws-linger-'));
    const [json, junit] = [join(folder, 'result.json'), join(folder, 'result.xml')];
    await writeFile(json, 'what an earlier run has left'.repeat(1_000));
    const args = ['--plain', '--connections', '2', '--mix', 'clean,rst', '--json', json, '--junit', junit];
    const { code, stdout } = await runCli('stability', ...args);
    const result = JSON.parse(await readFile(json, 'utf8'));
    const suite = await readFile(junit, 'utf8');
    await rm(folder, { recursive: true });
    assert.equal(code, 1);
    assert.match(stdout, /^FAIL$/m);
    assert.equal(result.pass, false);
    assert.match(suite, /<testsuite name="ws-linger stability: plain ws" tests="(\d+)" failures="2" errors="0"/);
    assert.match(suite, /<failure message="50 % of 2 connections failed">.*1006/s);
    assert.equal(suite.match(/<testcase /g)?.length, result.checks.length);
  });

  it('judges by the thresholds of a file, and names what is not kept', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ws-linger-'));
    const file = join(folder, 'limits.json');
    const run = async (limits: object) => {
      await writeFile(file, JSON.stringify(limits));
      return runCli('stability', '--plain', '--connections', '4', '--mix', 'clean,rst', '--thresholds', file);
    };
    const kept = await run({ failedConnections: 0.5, unexplained: 2, closeP99Ms: 60_000 });
    const broken = await run({ failedConnections: 0.4, unexplained: 2, scenarios: { rst: { closeMaxMs: 0 } } });
    await rm(folder, { recursive: true });
    assert.equal(kept.code, 0, kept.stdout);
    assert.match(kept.stdout, /^PASS: the run is within the thresholds/m);
    assert.equal(broken.code, 1);
    assert.match(broken.stdout, /not so: at most 40 % of the connections fail/);
    assert.match(broken.stdout, /not so: connections of rst end in time: closeMaxMs at most 0/);
    assert.doesNotMatch(broken.stdout, /not so: ends have a known cause/);
  });

  it('touches no file and starts nothing when the thresholds are wrong', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ws-linger-'));
    const file = join(folder, 'limits.json');
    const results = [];
    for (const text of ['{"closeP99":1}', '{"unexplained":"none"}', '{"heapMiB":9}', '{', '[]']) {
      await writeFile(file, text);
      const outputs = ['--junit', join(folder, 'a.xml'), '--json', join(folder, 'a.json')];
      results.push(await runCli('stability', '--thresholds', file, ...outputs, '--report', join(folder, 'a.html')));
    }
    const left = await readdir(folder);
    await rm(folder, { recursive: true });
    assert.deepEqual(left, ['limits.json']);
    assert.deepEqual(
      results.map(({ code, stdout }) => [code, stdout]),
      results.map(() => [2, '']),
    );
    const [unknown, type, memory, json, list] = results.map(({ stderr }) => stderr);
    assert.match(
      unknown as string,
      /limits\.json: thresholds\.closeP99 is no option, did you mean thresholds\.closeP99Ms\?/,
    );
    assert.match(type as string, /thresholds\.unexplained must be a number/);
    assert.match(memory as string, /thresholds\.heapMiB needs --duration/);
    assert.match(json as string, /no JSON/);
    assert.match(list as string, /thresholds must be an object/);
  });

  it('takes an address after --json, too', async () => {
    const { code, stdout } = await runCli('stability', '--json', 'ws://127.0.0.1:9', '--connections', '1');
    assert.equal(code, 1);
    assert.equal(JSON.parse(stdout).url, 'ws://127.0.0.1:9/');
  });

  it('takes the settings of a profile, and prefers those of the user', async () => {
    const args = ['--profile', 'browser', '--mix', 'rst', '--no-outages', '--connections', '2', '--json', '-'];
    const { code, stdout } = await runCli('stability', ...args);
    const { profile, mix, reconnects, outages } = JSON.parse(stdout);
    assert.equal(code, 0, stdout);
    assert.deepEqual(
      { profile, mix, reconnects, outages },
      { profile: 'browser', mix: { rst: 1 }, reconnects: 2, outages: null },
    );
  });

  it('runs for --duration, and prints a verdict on memory', async () => {
    const { code, stdout } = await runCli('stability', '--duration', '1s', '--connections', '5', '--mix', 'clean,rst');
    assert.equal(code, 0, stdout);
    assert.match(stdout, /Duration +│ [\d.]+ s, \d+ rounds/);
    assert.match(stdout, /Memory +│ too short for a verdict, heap [\d.]+ MiB/);
  });

  it('sends the headers and subprotocols of its options', async () => {
    const wss = new Upstream.WebSocketServer({ port: 0, host: '127.0.0.1' });
    const requests: IncomingMessage[] = [];
    wss.on('connection', (_ws, request) => requests.push(request));
    await once(wss, 'listening');
    const { code, stdout } = await runCli(
      ...['stability', `ws://127.0.0.1:${portOf(wss)}/`, '--no-echo', '--json', '--connections', '2', '--mix', 'rst'],
      ...['--header', 'Authorization: Bearer a:b', '--header', 'X-Empty:', '--subprotocol', 'one', '--reconnect', '1'],
      ...['--subprotocol', 'two', '--rate', '50', '--insecure'],
    );
    wss.close();
    assert.equal(code, 0, stdout);
    assert.equal(requests.length, 4);
    for (const { headers } of requests) {
      assert.deepEqual([headers.authorization, headers['x-empty']], ['Bearer a:b', '']);
      assert.equal(headers['sec-websocket-protocol'], 'one,two');
    }
  });

  // On Windows one process cannot interrupt another as a terminal does: kill() ends it immediately.
  if (process.platform === 'linux') {
    it('prints the results so far when a terminal interrupts it, and leaves no process', async () => {
      // detached: a process group of its own, all of which receives the signal, as from a terminal.
      const child = spawn(process.execPath, [CLI, 'stability', '--duration', '1h', '--mix', 'stall'], {
        detached: true,
      });
      const pid = child.pid as number;
      const output = text(child.stdout);
      const errors = text(child.stderr);
      await until('its server process has a process group of its own', async () => {
        const [server] = (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).split(' ');
        const [, , group] = server
          ? (await readFile(`/proc/${server}/stat`, 'utf8')).replace(/.*\) /, '').split(' ')
          : [];
        return group !== undefined && Number(group) === Number(server);
      });
      process.kill(-pid, 'SIGINT');
      const [code] = await once(child, 'exit');
      assert.equal(code, 130);
      // These streams end when the last process that could write to them has ended.
      assert.match(await output, /INTERRUPTED/);
      assert.equal(await errors, '');
    });

    it('reports that only the second run was interrupted', async () => {
      const args = ['stability', '--compare', 'plain', '--connections', '2', '--mix', 'stall'];
      const child = spawn(process.execPath, [CLI, ...args]);
      const pid = child.pid as number;
      const output = text(child.stdout);
      await until('the run with plain ws has begun', async () => {
        const [server] = (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).split(' ');
        return (
          Boolean(server) && (await readFile(`/proc/${server}/cmdline`, 'utf8').catch(() => '')).includes('--plain')
        );
      });
      child.kill('SIGINT');
      const [code] = await once(child, 'exit');
      assert.equal(code, 130);
      assert.match(await output, /^PASS.*\nINTERRUPTED: the second run/m);
    });

    it('draws its progress on a terminal of 80 columns', async () => {
      const command = `stty cols 80; exec ${process.execPath} ${CLI} stability --connections 10 --mix clean,rst --rate 10`;
      const { stdout } = await promisify(execFile)('script', ['-qec', command, '/dev/null'], {
        env: { ...process.env, NO_COLOR: '1' },
      });
      assert.match(stdout, /ws-linger: opening +█+░+ \d\/10/);
      assert.match(stdout, /\d+ open, \d+ messages\/s/);
      assert.match(stdout, /local-abort \d/);
      assert.match(stdout, /PASS/);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: cursor movements are allowed, colours are not
      assert.doesNotMatch(stdout, /\u001b\[[\d;]*m/);
    });
  }

  it('reports a server that does not answer, and exits with 1', async () => {
    const { code, stdout } = await runCli('stability', 'ws://127.0.0.1:9', '--connections', '2', '--json');
    assert.equal(code, 1);
    assert.equal(JSON.parse(stdout).connections.failed, 2);
  });

  for (const [args, message] of [
    [['--conections', '5'], /unknown option '--conections' \(Did you mean --connections\?\)/],
    [['--connections', '0'], /whole number from 1/],
    [['--connections', 'many'], /whole number/],
    [['--mix', 'rst,banana'], /'banana' is not a scenario; the scenarios are clean, rst/],
    [['--mix', 'rst=0'], /at least one weight/],
    [['ws://127.0.0.1:9', '--plain'], /--plain starts a server, so it cannot be used with a url/],
    [['ws://127.0.0.1:9', '--compare', 'plain'], /--compare starts servers, so it cannot be used with a url/],
    [['http://example'], /ws:\/\/ or wss:\/\/ address\. Did you mean ws:\/\/example\?/],
    [['--compare', 'socket.io'], /Allowed choices are plain/],
    [['--plain', '--compare', 'plain'], /cannot be used with/],
    [['--no-echo'], /--no-echo needs a url/],
    [['--duration', '90'], /30s, 10m or 2h.* Did you mean 90s\?/],
    [['--header', 'Authorization'], /'Name: value'/],
    [['--report', '/nowhere/at/all.html'], /cannot be written/],
    [['--report', ''], /cannot be written/],
    [['--json', '/nowhere/at/all.json'], /JSON cannot be written/],
    [['--junit', '/nowhere/at/all.xml'], /JUnit file cannot be written/],
    [['--json', 'same', '--junit', 'same'], /need different files/],
    [['--profile', 'tablet'], /Allowed choices are browser, phone, device, flaky/],
    [['--thresholds', '/nowhere/at/all.json'], /--thresholds .*ENOENT/],
  ] as const) {
    it(`refuses '${args.join(' ')}' in one line, with exit code 2`, async () => {
      const { code, stdout, stderr } = await runCli('stability', ...args);
      assert.equal(code, 2);
      assert.equal(stdout, '');
      assert.match(stderr, message);
      assert.equal(stderr.trim().split('\n').length, 1, stderr);
    });
  }
});

describe('ws-linger', () => {
  it('suggests the nearest command for an unknown one, with exit code 2', async () => {
    const { code, stderr } = await runCli('stabilty');
    assert.equal(code, 2);
    assert.match(stderr, /unknown command 'stabilty' \(Did you mean stability\?\)/);
  });

  it('ends in silence where nobody reads its output', async () => {
    const child = spawn(process.execPath, [CLI, '--help'], { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.destroy();
    const [stderr, [code]] = await Promise.all([text(child.stderr), once(child, 'close')]);
    assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
  });

  it('explains every command, with examples and exit codes, in 80 columns', async () => {
    const { code, stdout } = await runCli('--help');
    assert.equal(code, 0);
    const commands = [...stdout.matchAll(/^ {2}(\w+) (?:\[|$)/gm)].map(([, name]) => name as string);
    assert.ok(commands.includes('stability'));
    for (const name of commands.filter((one) => one !== 'help')) {
      const { code, stdout } = await runCli(name, '--help');
      assert.equal(code, 0);
      assert.match(stdout, /^Examples:\n {2}ws-linger /m, name);
      assert.match(stdout, /^Exit codes: 0 /m, name);
      assert.ok(
        stdout.split('\n').every((line) => line.length <= 80),
        name,
      );
    }
  });
});

describe('a plan', () => {
  it('depends on the seed alone, and has the proportions of the mix', () => {
    assert.deepEqual(plan(70, DEFAULT_MIX, 1), plan(70, DEFAULT_MIX, 1));
    assert.notDeepEqual(plan(70, DEFAULT_MIX, 1), plan(70, DEFAULT_MIX, 2));
    assert.equal(plan(100, DEFAULT_MIX, 3).filter(({ scenario }) => scenario === 'rst').length, 20);
    assert.equal(plan(1, parseMix('stall'), 3).length, 1);
  });

  it('gives each slow peer a backlog, and all interrupted peers together at most 256 MiB', () => {
    const backlogs = (count: number) =>
      Object.fromEntries(plan(count, DEFAULT_MIX, 1).map(({ scenario, backlog }) => [scenario, backlog]));
    const none = { clean: 0, rst: 0, fin: 0, cut: 0, stall: 0, kill: 0 };
    assert.deepEqual(backlogs(200), { ...none, slow: 4, pause: 96, cutoff: 96 });
    assert.deepEqual(backlogs(2_000), { ...none, slow: 4, pause: 10, cutoff: 10 });
    assert.deepEqual(backlogs(100_000), { ...none, slow: 4, pause: 2, cutoff: 2 });
  });
});
