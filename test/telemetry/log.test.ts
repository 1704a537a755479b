// The log lines of connections: stable fields, the right level, and a bounded number of lines.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type net from 'node:net';
import { Writable } from 'node:stream';
import { describe, it, mock } from 'node:test';
import { runInNewContext, runInThisContext } from 'node:vm';
import { pino } from 'pino';
import { WebSocketServer } from 'ws-linger';
import Upstream from 'ws-upstream';
import { warn } from '../../dist/telemetry/log.js';
import { portOf, until, watchEnd } from '../support/end.js';
import { openPair, stall } from '../support/pairs.js';
import { connectPeer, connectTcp } from '../support/peer.js';

type Line = Record<string, unknown>;

/** Returns a pino logger and the lines that it writes. */
function recordingLogger(level: string, options: object = {}) {
  const lines: Line[] = [];
  const stream = new Writable({
    write(chunk, _, done) {
      for (const line of String(chunk).trim().split('\n')) lines.push(JSON.parse(line));
      done();
    },
  });
  return { lines, logger: pino({ level, ...options }, stream) };
}

describe('the log', () => {
  it('has an expected end at debug, with its cause and the address', async () => {
    const { lines, logger } = recordingLogger('debug');
    const pair = await openPair({ make: 'ours', role: 'server', linger: { logger } });
    pair.ws.connectionId = 'table 4';
    pair.reset();
    await watchEnd(pair.ws);
    const [{ time, pid, hostname, elapsedMs, openMs, idleMs, bytesReceived, bytesSent, msg, ...line }] = lines as [
      Line,
    ];
    assert.deepEqual(line, {
      level: 20,
      event: 'disconnect',
      connectionId: 'table 4',
      kind: 'reset',
      origin: 'peer',
      phase: 'open',
      code: 1006,
      forced: null,
      delivered: null,
      control: process.env.WS_LINGER_TEST_CONTROL === 'native' ? 'native' : 'portable',
      bytesUnsent: 0,
      errorCode: 'ECONNRESET',
      remoteAddress: '127.0.0.1',
    });
    assert.match(String(msg), /^The peer reset the connection \(ECONNRESET, open for \d\.\d s\)$/);
    for (const number of [elapsedMs, openMs, idleMs, bytesReceived, bytesSent]) assert.equal(typeof number, 'number');
    pair.stop();
  });

  it('has a failed opening with the same fields, except for a duration', async () => {
    const { lines, logger } = recordingLogger('debug');
    const wss = new WebSocketServer({ port: 0, host: '127.0.0.1', linger: { logger } });
    await once(wss, 'listening');
    connectTcp(wss).end('GET / HTTP/1.1\r\n'); // the rest of the request is never sent
    await until('the failure is logged', () => lines.length > 0);
    const [{ time, pid, hostname, ...line }] = lines as [Line];
    assert.deepEqual(line, {
      level: 20,
      event: 'opening-failed',
      kind: 'upgrade-failed',
      origin: 'peer',
      phase: 'opening',
      code: 1006,
      errorCode: 'HPE_INVALID_EOF_STATE',
      remoteAddress: '127.0.0.1',
      msg: 'connection ended: upgrade-failed',
    });
    wss.close();
  });

  it('has one short line for a connection, whatever the peer says', async () => {
    const written: string[] = [];
    const stream = new Writable({
      write(chunk, _, done) {
        written.push(String(chunk));
        done();
      },
    });
    const logger = pino({ level: 'debug' }, stream);
    const wss = new WebSocketServer({ port: 0, host: '127.0.0.1', linger: { logger } });
    await once(wss, 'listening');
    wss.on('connection', (ws) => ws.on('message', () => ws.terminate()));
    // As long as a close frame can be, of what would begin lines, hide them, or grow by being escaped.
    const reason = `\n{"level":60}\r\u001b[2J${'\u0001'.repeat(104)}`;
    const headers = { 'user-agent': `\u00ff${'x'.repeat(8_000)}`, cookie: 'secret=1', origin: 'http://evil.example' };
    const ws = new Upstream(`ws://127.0.0.1:${portOf(wss)}/${'p'.repeat(1_000)}?token=secret`, { headers });
    await once(ws, 'open');
    ws.close(4000, reason);
    await once(ws, 'close');
    await until('the end is logged', () => written.length > 0);
    const [line = '', ...others] = written;
    assert.deepEqual(others, []);
    assert.ok(line.includes('4000') && line.length < 1_500, `${line.length} characters: ${line}`);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    assert.match(line, /^[^\u0000-\u001f]+\n$/);
    assert.doesNotMatch(line, /secret|evil|xxx|ppp/);
    wss.close();
  });

  it('has an unexpected end at warn', async () => {
    const { lines, logger } = recordingLogger('warn');
    const pair = await openPair({ make: 'ours', role: 'server', linger: { logger } });
    pair.peer.write(Buffer.from([0xff, 0xff, 0xff, 0xff]));
    pair.peer.resume().end();
    await watchEnd(pair.ws);
    assert.deepEqual(
      lines.map(({ level, kind, remoteAddress }) => [level, kind, remoteAddress]),
      [[40, 'protocol-error', '127.0.0.1']],
    );
    pair.stop();
  });

  it('has the address of a peer that does not read, and of a peer that breaks TLS', async () => {
    const { lines, logger } = recordingLogger('warn');
    const slow = await openPair({ make: 'ours', role: 'server', linger: { logger, maxBufferedAmount: 1024 * 1024 } });
    await stall(slow);
    await watchEnd(slow.ws);
    const secure = await openPair({ make: 'ours', role: 'server', transport: 'tls', linger: { logger } });
    (secure.peer as unknown as { _parent: net.Socket })._parent.write('this is no record of TLS');
    await watchEnd(secure.ws);
    assert.deepEqual(
      lines.map(({ kind, remoteAddress }) => [kind, remoteAddress]),
      [
        ['slow-consumer', '127.0.0.1'],
        ['tls-failed', '127.0.0.1'],
      ],
    );
    slow.stop();
    secure.stop();
  });

  it('can have its addresses redacted by pino', async () => {
    const { lines, logger } = recordingLogger('debug', { redact: ['remoteAddress'] });
    const pair = await openPair({ make: 'ours', role: 'server', linger: { logger } });
    pair.reset();
    await watchEnd(pair.ws);
    assert.equal(lines[0]?.remoteAddress, '[Redacted]');
    pair.stop();
  });

  it('has no line below the level of the logger', async () => {
    const called: string[] = [];
    const logger = {
      debug: () => void called.push('debug'),
      warn: () => void called.push('warn'),
      isLevelEnabled: (level: string) => level === 'warn',
    };
    const pair = await openPair({ make: 'ours', role: 'server', linger: { logger } });
    pair.reset();
    await watchEnd(pair.ws);
    assert.deepEqual(called, []);
    pair.stop();
  });

  it('has a few lines and a count for many ends at once, for each kind separately', async () => {
    const { lines, logger } = recordingLogger('debug');
    const wss = new WebSocketServer({ port: 0, host: '127.0.0.1', linger: { logger } });
    await once(wss, 'listening');
    const peers = await Promise.all(Array.from({ length: 200 }, () => connectPeer(portOf(wss))));
    peers.pop()?.end();
    for (const peer of peers) peer.resetAndDestroy();
    await until('the suppressed lines are counted', () => lines.some(({ suppressed }) => suppressed !== undefined));
    assert.equal(wss.stats().ended.reset, 199);
    const resets = lines.filter(({ kind }) => kind === 'reset');
    const suppressed = resets.reduce((sum, line) => sum + Number(line.suppressed ?? 0), 0);
    const written = resets.filter((line) => line.suppressed === undefined).length;
    assert.equal(written + suppressed, 199);
    assert.ok(written <= 40, `${written} lines`);
    assert.equal(lines.filter(({ kind }) => kind === 'closed-without-handshake').length, 1);
    wss.close();
  });

  it('goes on telling a logger of the application what the application hears itself', async () => {
    const { lines, logger } = recordingLogger('warn');
    const pair = await openPair({ make: 'ours', role: 'server', linger: { logger } });
    pair.ws.on('error', () => {});
    pair.peer.write(Buffer.from([0xff, 0xff, 0xff, 0xff]));
    await watchEnd(pair.ws);
    assert.deepEqual(
      lines.map(({ kind }) => kind),
      ['protocol-error'],
    );
    pair.stop();
  });

  it('has a few lines and a count for the watchdog, too', async () => {
    const { lines, logger } = recordingLogger('warn');
    for (let i = 0; i < 50; i++) warn(logger, { event: 'watchdog' }, 'a socket never closed');
    await until('the suppressed lines are counted', () => lines.some(({ suppressed }) => suppressed !== undefined));
    assert.deepEqual(
      [lines.length, lines.at(-1)?.event, lines.at(-1)?.suppressed, lines.at(-1)?.msg],
      [21, 'watchdog', 30, '30 more times: a socket never closed'],
    );
  });

  it('goes on where the timers were mocked when a window of time began, and counts each line', async () => {
    const { lines, logger } = recordingLogger('warn');
    let called = 0;
    const write = () => {
      called++;
      warn(logger, { event: 'mocked' }, 'a line');
    };
    mock.timers.enable({ apis: ['setTimeout'] });
    write();
    mock.timers.reset();
    const counts = () => lines.filter(({ suppressed }) => suppressed !== undefined);
    await until('the suppressed lines are counted', () => {
      if (lines.length < 40) write();
      return counts().length > 0;
    });
    const suppressed = counts().reduce((sum, line) => sum + Number(line.suppressed), 0);
    assert.equal(lines.length - counts().length + suppressed, called);
  });

  it('is not ended by a logger whose methods reject, of this realm, of another or with a catch() of its own', async () => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown) => void unhandled.push(reason);
    process.on('unhandledRejection', note);
    const source = 'async () => { throw new Error("disk full") }';
    const odd = () => Object.assign(Promise.reject(new Error('disk full')), { catch: assert.fail });
    for (const fail of [runInThisContext(source), runInNewContext(source), odd]) {
      let calls = 0;
      const warn = () => {
        calls++;
        return fail();
      };
      const pair = await openPair({ make: 'ours', role: 'server', linger: { logger: { debug: warn, warn } } });
      pair.reset();
      await watchEnd(pair.ws);
      assert.equal(calls, 1);
      pair.stop();
    }
    process.removeListener('unhandledRejection', note);
    assert.deepEqual(unhandled, []);
  });

  it('does not keep a connection from ending when the logger fails', async () => {
    const fail = () => {
      throw new Error('disk full');
    };
    const logger = { debug: fail, warn: fail, isLevelEnabled: fail };
    const pair = await openPair({ make: 'ours', role: 'server', linger: { logger } });
    pair.reset();
    await watchEnd(pair.ws);
    pair.stop();
  });
});
