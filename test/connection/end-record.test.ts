// What the record of an end says beyond its kind: the rule that began it, both close frames, whether messages arrived, and how long
// the connection was open and silent.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Duplex } from 'node:stream';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import WebSocket, { attach, closeSentence, WebSocketServer } from 'ws-linger';
import Upstream from 'ws-upstream';
import { CLOSE_KINDS, CLOSE_POLICIES } from '../../dist/close-info.js';
import { CLOSE_SENTENCES } from '../../dist/close-sentence.js';
import { VISIT_MS } from '../../dist/liveness/idle.js';
import { portOf, until, watchEnd } from '../support/end.js';
import { openPair, type Pair, type PairOptions, socketOf, stall } from '../support/pairs.js';

type Linger = WebSocket.LingerOptions;

const CONTROL = process.env.WS_LINGER_TEST_CONTROL === 'native' ? 'native' : 'portable';
/** Of a client, with a mask of zero (RFC 6455 §5.2). */
const closeFrame = (code?: number) =>
  Buffer.from(code === undefined ? [0x88, 0x80, 0, 0, 0, 0] : [0x88, 0x82, 0, 0, 0, 0, code >> 8, code & 0xff]);
const quiet: Linger = { logger: false };

function pairWith(linger: Linger, more: Partial<PairOptions> = {}): Promise<Pair> {
  return openPair({ make: 'ours', role: 'server', linger: { ...quiet, ...linger }, ...more });
}

async function endOf(pair: Pair, act: () => void): Promise<WebSocket.CloseInfo> {
  const ended = watchEnd(pair.ws);
  act();
  const { info } = await ended;
  pair.stop();
  return info;
}

describe('the close frames of an end', () => {
  it('are both there, this side first, when the peer answers', async () => {
    const pair = await pairWith({});
    pair.peer.once('data', () => pair.peer.end(closeFrame(4001)));
    const { sent, received, delivered } = await endOf(pair, () => pair.ws.close(4001, 'enough'));
    assert.deepEqual(sent, { code: 4001, reason: 'enough', first: true });
    assert.deepEqual(received, { code: 4001, reason: '', first: false });
    assert.equal(delivered, true);
  });

  it("are both there when a client closes in its 'open' event", async () => {
    const wss = new WebSocketServer({ port: 0, host: '127.0.0.1', linger: quiet });
    await once(wss, 'listening');
    const client = new WebSocket(`ws://127.0.0.1:${portOf(wss)}`, { linger: quiet });
    client.once('open', () => client.close(1000, 'done'));
    const { sent, received, delivered } = (await watchEnd(client)).info;
    assert.deepEqual(sent, { code: 1000, reason: 'done', first: true });
    assert.equal(received?.code, 1000);
    assert.equal(delivered, true);
    wss.close();
  });

  it('are both there, the peer first, when the peer closes; whether it has read everything is not known', async () => {
    const pair = await pairWith({});
    const { sent, received, delivered } = await endOf(pair, () => pair.peer.end(closeFrame(1001)));
    assert.deepEqual(sent, { code: 1001, reason: '', first: false });
    assert.deepEqual(received, { code: 1001, reason: '', first: true });
    assert.equal(delivered, null);
  });

  it('prove nothing when the peer closes with a code of its own at the same moment', async () => {
    const pair = await pairWith({});
    pair.peer.once('data', () => pair.peer.end(closeFrame(3000)));
    assert.equal((await endOf(pair, () => pair.ws.close(1000))).delivered, null);
  });

  it('are missing when the peer resets', async () => {
    const { sent, received, delivered } = await pairWith({}).then((pair) => endOf(pair, () => pair.reset()));
    assert.deepEqual([sent, received, delivered], [null, null, null]);
  });

  it('that had no code have 1005', async () => {
    const pair = await pairWith({});
    pair.peer.once('data', () => pair.peer.end(closeFrame()));
    const { sent, received } = await endOf(pair, () => pair.ws.close());
    assert.deepEqual([sent?.code, received?.code], [1005, 1005]);
  });
});

describe('of a connection that was attached', () => {
  /** Plain ws's two ends of one connection, before attach(). */
  async function openBoth(): Promise<{ client: Upstream; server: Upstream; stop(): void }> {
    const wss = new Upstream.WebSocketServer({ host: '127.0.0.1', port: 0 });
    await once(wss, 'listening');
    const accepted = once(wss, 'connection') as Promise<[Upstream]>;
    const client = new Upstream(`ws://127.0.0.1:${portOf(wss)}`);
    const [[server]] = await Promise.all([accepted, once(client, 'open')]);
    return { client, server, stop: () => void wss.close() };
  }

  type Patched = Upstream & { close: (code?: number) => void };
  const CLOSES: Record<string, (client: Patched) => () => void> = {
    'close() that was patched before': (client) => {
      const { close } = client;
      client.close = (code) => close.call(client, code);
      return () => client.close(4001);
    },
    "ws's own close()": (client) => () => Upstream.prototype.close.call(client, 4001),
    'close()': (client) => () => client.close(4001),
  };
  for (const [what, prepare] of Object.entries(CLOSES)) {
    it(`${what} is told as this side's`, async () => {
      const { client, server, stop } = await openBoth();
      const close = prepare(client as Patched);
      const ends = [client, server].map((ws) => watchEnd(attach(ws, quiet)));
      close();
      const [mine, peers] = (await Promise.all(ends)).map(({ info }) => info) as [
        WebSocket.CloseInfo,
        WebSocket.CloseInfo,
      ];
      assert.deepEqual([mine.kind, mine.origin, mine.phase, mine.delivered], ['clean', 'local', 'open', true]);
      assert.deepEqual(mine.sent, { code: 4001, reason: '', first: true });
      assert.deepEqual([peers.origin, peers.received?.first], ['peer', true]);
      stop();
    });
  }

  it('close() that was patched before has the limits of attach()', async () => {
    const { client, server, stop } = await openBoth();
    const close = CLOSES['close() that was patched before']?.(client as Patched);
    const ended = watchEnd(attach(client, { ...quiet, closeTimeout: 50, closeDeadline: 100 }));
    server.pause();
    close?.();
    assert.equal((await ended).info.kind, 'close-timeout');
    server.terminate();
    stop();
  });

  it('after both close frames had crossed nobody is said to have been the first', async () => {
    const { client, server, stop } = await openBoth();
    client.close(4001);
    await Promise.all([once(client, 'close'), once(server, 'close')]);
    for (const ws of [client, server]) {
      const info = attach(ws, quiet).closeInfo as WebSocket.CloseInfo;
      assert.deepEqual([info.kind, info.origin, info.sent, info.delivered], ['clean', 'network', null, null]);
      assert.deepEqual(info.received, { code: 4001, reason: '', first: null });
      assert.match(closeSentence(info), /^Both sides had closed the connection before it was attached/);
    }
    stop();
  });

  it('while it closes, with both close frames crossed, nobody is said to have been the first', async () => {
    const { client, server, stop } = await openBoth();
    server.once('close', () => {});
    const socket = socketOf(server as unknown as WebSocket);
    socket.end = () => socket; // no FIN
    client.close(4001);
    await until('both frames have crossed', () => (client as unknown as Crossed)._closeFrameReceived);
    const ended = watchEnd(attach(client, quiet));
    socket.destroy();
    const { info } = await ended;
    assert.deepEqual([info.kind, info.origin, info.received?.first], ['clean', 'network', null]);
    stop();
  });
  type Crossed = { _closeFrameReceived: boolean };
});

describe('whether all was delivered', () => {
  it('is denied when messages were dropped here', async () => {
    const pair = await pairWith({});
    await stall(pair);
    const info = await endOf(pair, () => pair.ws.abort());
    assert.equal(info.delivered, false);
    assert.match(closeSentence(info), /^This side aborted the connection \(.*\d+ bytes dropped\)$/);
  });

  it('is left open for a socket that lingers', async () => {
    const pair = await pairWith({ closeTimeout: 50 });
    await stall(pair);
    const info = await endOf(pair, () => pair.ws.close());
    assert.deepEqual([info.kind, info.delivered], ['close-timeout', null]);
  });

  it('is not called clean when a RST of this side overtakes its answer to the close frame', async () => {
    const pair = await pairWith({}, { role: 'server' });
    pair.peer.write(closeFrame(1000));
    const info = await endOf(pair, () => void whenClosing(pair.ws).then(() => pair.ws.abort()));
    // Behind a FIN nobody has shown that Windows sends RST.
    const wanted = info.forced === 'reset' ? ['local-abort', 'local', false] : ['clean', 'peer', true];
    assert.deepEqual([info.kind, info.origin, info.clean], wanted);
    if (process.platform !== 'win32') assert.equal(info.forced, 'reset');
  });
});

describe('whether all was delivered over a stream whose next write fails', () => {
  const failed = Object.assign(new Error('write EPIPE'), { code: 'EPIPE', errno: -32, syscall: 'write' });

  /** A WebSocket of a server, and the stream below it. */
  function openFailing(members: object = {}): { ws: WebSocket; stream: Duplex } {
    const stream = Object.assign(new Duplex({ read() {}, write: (_chunk, _encoding, done) => done(failed) }), members);
    const Class = WebSocket as unknown as new (
      ...args: unknown[]
    ) => WebSocket & { setSocket(...args: unknown[]): void };
    const ws = new Class(null, undefined, { linger: quiet });
    ws.setSocket(stream, Buffer.alloc(0), { maxPayload: 0, skipUTF8Validation: false });
    return { ws, stream };
  }

  /** The same, where a write goes on until `fail()`. */
  function openWriting(members: object = {}) {
    let written = (_error: Error) => {};
    const _write = (_chunk: Buffer, _encoding: string, done: typeof written) => {
      written = done;
    };
    return { ...openFailing({ ...members, _write }), fail: () => written(failed) };
  }

  it('is denied, with a message in it', async () => {
    const { ws } = openFailing();
    const ended = watchEnd(ws);
    ws.send('hello');
    const { info } = await ended;
    assert.deepEqual([info.error?.syscall, info.delivered], ['write', false]);
  });

  it('is left open, with nothing in it but the answer to the close frame of the peer', async () => {
    const { ws, stream } = openFailing();
    const ended = watchEnd(ws);
    stream.push(closeFrame(1000));
    const { info } = await ended;
    assert.deepEqual([info.error?.syscall, info.received?.first, info.delivered], ['write', true, null]);
  });

  it('is denied, with a message in it that was being written when the peer ended the connection', async () => {
    const { ws, stream, fail } = openWriting();
    const ended = watchEnd(ws);
    ws.send('hello');
    stream.push(null);
    await once(stream, 'end');
    fail();
    const { info } = await ended;
    assert.deepEqual([info.kind, info.origin, info.error], ['closed-without-handshake', 'peer', null]);
    assert.equal(info.delivered, false);
  });

  it('is denied, and the peer has ended it, where a message waits at a connection that was lost behind data', async () => {
    const { ws, stream, fail } = openWriting({ _handle: { getpeername: () => -107 } });
    const ended = watchEnd(ws);
    ws.send('hello');
    stream.push(null);
    await once(stream, 'end');
    assert.ok(stream.writableEnded, 'ws has ended this side, too');
    fail();
    const { info } = await ended;
    assert.deepEqual([info.kind, info.origin], ['closed-without-handshake', 'peer']);
    assert.deepEqual([info.error?.syscall, info.delivered, info.bytesUnsent], ['write', false, 7]);
  });

  it('is left open, with nothing in it at all, where it was asked for the error that had come', async () => {
    const { ws, stream } = openFailing({ _handle: { getpeername: () => -107 } });
    const ended = watchEnd(ws);
    stream.push(null);
    const { info } = await ended;
    assert.deepEqual([info.error?.syscall, info.delivered], ['write', null]);
  });
});

async function whenClosing(ws: WebSocket): Promise<void> {
  await until('both close frames have crossed', () => (ws as unknown as { _closeFrameSent: boolean })._closeFrameSent);
}

describe('the rule that ended a connection', () => {
  it('is drain, also where the peer agreed', async () => {
    const wss = new WebSocketServer({ port: 0, host: '127.0.0.1', linger: quiet });
    await once(wss, 'listening');
    const accepted = once(wss, 'connection') as Promise<[WebSocket]>;
    const client = new WebSocket(`ws://127.0.0.1:${portOf(wss)}`, { linger: quiet });
    const [[ws]] = await Promise.all([accepted, once(client, 'open')]);
    const ends = Promise.all([watchEnd(ws), watchEnd(client)]);
    await wss.drain();
    const [server, theirs] = await ends;
    assert.deepEqual([server.info.by, server.info.kind, server.info.origin], ['drain', 'clean', 'local']);
    assert.deepEqual([theirs.info.by, theirs.info.kind, theirs.info.origin], [null, 'clean', 'peer']);
    assert.equal(closeSentence(server.info).split(' (')[0], 'A drain of this server closed the connection');
  });

  const RULES: [WebSocket.ClosePolicy, string, Linger, (pair: Pair) => unknown][] = [
    ['max-age', 'close-timeout', { maxAge: 50, closeTimeout: 50 }, () => {}],
    ['heartbeat', 'timed-out', { heartbeat: { interval: 40, timeout: 40 } }, () => {}],
    ['max-buffered', 'slow-consumer', { maxBufferedAmount: 1_000 }, stall],
    ['send-timeout', 'slow-consumer', { sendTimeout: 100 }, stall],
    [
      'auto-pong-limit',
      'slow-consumer',
      {},
      ({ peer, frames }) => peer.write(Buffer.concat(Array(61).fill(frames.ping))),
    ],
  ];
  for (const [by, kind, linger, act] of RULES) {
    it(`is ${by}`, async () => {
      const pair = await pairWith(linger);
      const info = await endOf(pair, () => void act(pair));
      assert.deepEqual([info.by, info.kind], [by, kind]);
    });
  }

  it('is none for terminate() by the application while pongs are unread', async () => {
    const pair = await pairWith({});
    await stall(pair);
    let pings = 0;
    const ended = watchEnd(pair.ws);
    pair.ws.on('ping', () => {
      if (++pings === 30) setImmediate(() => pair.ws.terminate());
    });
    pair.peer.write(Buffer.concat(Array(30).fill(pair.frames.ping)));
    const { info } = await ended;
    assert.deepEqual([info.by, info.kind], [null, 'local-abort']);
    pair.stop();
  });
});

describe('the silence before an end', { concurrency: true }, () => {
  for (const transport of ['tcp', 'tls'] as const) {
    for (const [how, act] of [
      ["the peer's FIN", (pair: Pair) => pair.peer.end()],
      ["the peer's close frame", (pair: Pair) => pair.peer.end(closeFrame(1000))],
      ['a broken frame', (pair: Pair) => pair.peer.write(Buffer.from([0xff, 0xff, 1, 2]))],
      ['close()', (pair: Pair) => pair.ws.close()],
      ['RST', (pair: Pair) => pair.reset()],
    ] as const) {
      it(`is measured from the last message to ${how}, over ${transport}`, async () => {
        const pair = await pairWith({ closeTimeout: 50 }, { transport });
        await delay(300);
        pair.ws.send('the last message');
        const sentAt = performance.now();
        await delay(2 * VISIT_MS - 1_000);
        const silence = performance.now() - sentAt;
        const info = await endOf(pair, () => act(pair));
        assert.ok(Math.abs((info.idleMs ?? 0) - silence) < 3_000, `${info.idleMs} ms, where it was ${silence} ms`);
        assert.ok(info.openMs >= silence + 250, `open for ${info.openMs} ms`);
      });
    }
  }
});

for (const role of ['server', 'client'] as const) {
  it(`a message of two bytes right before the peer's close frame ends the silence of a ${role}`, async () => {
    const pair = await pairWith({ closeTimeout: 50 }, { role });
    await delay(VISIT_MS - 700);
    const isMasked = role === 'server';
    const message = Buffer.from(isMasked ? [0x81, 0x82, 0, 0, 0, 0, 104, 105] : [0x81, 2, 104, 105]);
    const close = isMasked ? closeFrame(1000) : Buffer.from([0x88, 2, 3, 232]);
    const said = once(pair.ws, 'message');
    pair.peer.write(message);
    await said;
    const info = await endOf(pair, () => pair.peer.end(close));
    assert.ok((info.idleMs ?? 0) < 3_000, `${info.idleMs} ms of ${info.openMs}`);
  });
}

it('a peer that says goodbye and then does not read is told as that, since it was not gone', async () => {
  const pair = await pairWith({ closeTimeout: 100 });
  await stall(pair);
  const info = await endOf(pair, () => pair.peer.write(closeFrame(1000)));
  assert.equal(info.kind, 'close-timeout');
  assert.match(closeSentence(info), /^The peer did not finish the closing handshake in time/);
});

describe('the bytes of a connection', () => {
  for (const transport of ['tcp', 'pipe'] as const) {
    it(`over ${transport} are those that the peer has sent and received`, async () => {
      const pair = await pairWith({}, { transport });
      pair.ws.send(Buffer.alloc(100_000));
      pair.peer.write(Buffer.concat(Array(50).fill(pair.frames.hello)));
      await until('the message has come', () => pair.peer.bytesRead > 100_000);
      const info = await endOf(pair, () => pair.peer.end(closeFrame(1000)));
      assert.deepEqual(
        [info.bytesReceived, info.bytesSent, info.bytesUnsent],
        [pair.peer.bytesWritten, pair.peer.bytesRead, 0],
      );
    });

    it(`over ${transport} that had not left when it was aborted are unsent`, async () => {
      const pair = await pairWith({}, { transport });
      await stall(pair);
      const { bytesWritten } = socketOf(pair.ws);
      const info = await endOf(pair, () => pair.ws.abort());
      assert.ok(info.bytesUnsent > 0);
      assert.equal((info.bytesSent ?? 0) + info.bytesUnsent, bytesWritten);
    });
  }
});

it('the control of a connection is in its record', async () => {
  const info = await pairWith({}).then((pair) => endOf(pair, () => pair.reset()));
  assert.equal(info.control, CONTROL);
  const client = new WebSocket('ws://127.0.0.1:1', { linger: quiet });
  client.on('error', () => {});
  assert.equal((await watchEnd(client)).info.control, null);
});

describe('recentEnds()', () => {
  it('has the last 1000 ends by default, the oldest first, with id, address and time', async () => {
    const wss = new WebSocketServer({ port: 0, host: '127.0.0.1', linger: quiet });
    await once(wss, 'listening');
    let number = 0;
    wss.on('connection', (ws) => {
      ws.connectionId = number++;
      ws.close(1000);
    });
    const began = Date.now();
    const addresses: unknown[] = [];
    wss.on('connection', (_, request) => addresses.push(request.socket.remoteAddress));
    for (let round = 0; round < 67; round++) {
      await Promise.all(
        Array.from({ length: 15 }, () =>
          once(new WebSocket(`ws://127.0.0.1:${portOf(wss)}`, { linger: quiet }), 'close'),
        ),
      );
    }
    await until('all have ended', () => wss.stats().connections.fin + wss.stats().connections.handshake === 0);
    const ends = wss.recentEnds();
    assert.equal(ends.length, 1_000);
    const [first] = ends;
    assert.ok(first && first.at >= began && first.at <= Date.now());
    assert.equal(first.remoteAddress, '127.0.0.1');
    assert.equal(first.info.kind, 'clean');
    const ids = ends.map(({ connectionId }) => Number(connectionId));
    assert.ok(Math.min(...ids) >= 1_005 - 1_000 - 15, `${Math.min(...ids)}`);
    wss.close();
  });

  const notAnId = { of: 'the application' };
  const ODD: [string, PropertyDescriptor][] = [
    ['an object', { value: notAnId }],
    [
      'a getter that throws',
      {
        get() {
          throw new Error('not logged in');
        },
      },
    ],
  ];
  for (const [what, descriptor] of ODD) {
    it(`has no id, and each connection ends once, where connectionId is ${what} of the application`, async () => {
      class Odd extends WebSocket {}
      Object.defineProperty(Odd.prototype, 'connectionId', descriptor);
      const wss = new WebSocketServer({ port: 0, host: '127.0.0.1', WebSocket: Odd, linger: quiet });
      await once(wss, 'listening');
      for (const end of [(ws: WebSocket) => ws.close(1000), (ws: WebSocket) => ws.terminate()]) {
        const accepted = once(wss, 'connection') as Promise<[WebSocket]>;
        const client = new WebSocket(`ws://127.0.0.1:${portOf(wss)}`, { linger: quiet });
        const [[ws]] = await Promise.all([accepted, once(client, 'open')]);
        const ended = watchEnd(ws);
        end(client);
        await ended;
      }
      assert.equal(wss.clients.size, 0);
      assert.deepEqual(
        wss.recentEnds().map(({ connectionId, info }) => [connectionId, info.kind]),
        [
          [undefined, 'clean'],
          [undefined, 'closed-without-handshake'],
        ],
      );
      const { ended } = wss.stats();
      assert.deepEqual([ended.clean, ended['closed-without-handshake']], [1, 1]);
      wss.close();
    });
  }

  it('is empty with 0', async () => {
    const wss = new WebSocketServer({ port: 0, host: '127.0.0.1', linger: { ...quiet, recentEnds: 0 } });
    await once(wss, 'listening');
    wss.on('connection', (ws) => ws.close());
    await once(new WebSocket(`ws://127.0.0.1:${portOf(wss)}`, { linger: quiet }), 'close');
    assert.deepEqual(wss.recentEnds(), []);
    wss.close();
  });
});

describe('closeSentence()', () => {
  const bare = { error: null, sent: null, received: null, delivered: null, bytesUnsent: 0, openMs: 0, idleMs: null };
  const frame = { code: 1000, reason: '', first: true };

  it('has a sentence of its list for every combination of kind, origin, phase and rule', () => {
    const said = new Set<string>();
    for (const kind of CLOSE_KINDS)
      for (const origin of ['local', 'peer', 'network'] as const)
        for (const phase of ['opening', 'open', 'handshake', 'fin'] as const)
          for (const by of [null, ...CLOSE_POLICIES])
            for (const received of [null, frame])
              for (const clean of [true, false]) {
                const info = { ...bare, kind, origin, phase, by, received, clean } as unknown as WebSocket.CloseInfo;
                said.add(closeSentence(info).split(' (')[0] ?? '');
              }
    assert.deepEqual([...said].sort(), [...new Set(CLOSE_SENTENCES)].sort());
  });

  it('says what is known besides, in parentheses', () => {
    const info = {
      ...bare,
      kind: 'closed-without-handshake',
      origin: 'peer',
      phase: 'open',
      by: null,
      clean: false,
      openMs: 61_240,
      idleMs: 60_020,
    } as unknown as WebSocket.CloseInfo;
    assert.equal(
      closeSentence(info),
      'The peer ended the connection without a closing handshake (open for 61.2 s, silent for 60.0 s)',
    );
    assert.equal(
      closeSentence({ ...info, idleMs: 3_000 }), // known to within 3 s only: it may not have been silent
      'The peer ended the connection without a closing handshake (open for 61.2 s)',
    );
  });

  for (const wrong of [undefined, null, {}, { kind: 'toString' }, 'reset', 1006]) {
    it(`refuses ${JSON.stringify(wrong)}`, () => {
      assert.throws(() => closeSentence(wrong as never), { name: 'TypeError', code: 'WSL_ERR_OPTION_TYPE' });
    });
  }

  it('escapes what a terminal would not show as it is, in a reason and in the text of an error', () => {
    // A control sequence of one character, a line break of each kind, text that runs the other way, half a character.
    const text = '\u009b2J \u0085 \u2028 \u202e \ud83d';
    const shown = '\\u009b2J \\u0085 \\u2028 \\u202e \\ud83d';
    const reset = { ...bare, kind: 'reset', origin: 'peer', phase: 'open', by: null, clean: false };
    const said = (more: object) => closeSentence({ ...reset, ...more } as unknown as WebSocket.CloseInfo);
    // JSON has escaped half a character already.
    assert.ok(said({ received: { code: 4000, reason: text, first: false } }).includes(`code 4000 "${shown}"`));
    assert.ok(said({ error: { code: 'UNKNOWN', message: `a\n${text}` } }).includes(`(a\\u000a${shown})`));
    assert.ok(said({ error: { code: `E${text}`, message: 'b' } }).includes(`(E${shown}: b)`));
  });

  it('has at most 300 characters of the text of an error, which the application may have made', () => {
    const error = { code: 'UNKNOWN', message: '\n'.repeat(1_000_000), errno: undefined, syscall: undefined };
    const info = { ...bare, kind: 'local-abort', origin: 'local', phase: 'open', by: null, clean: false, error };
    assert.equal(
      closeSentence(info as unknown as WebSocket.CloseInfo),
      `This side aborted the connection (${'\\u000a'.repeat(50)})`,
    );
  });

  it('has a heading in docs/ends.md for each sentence', () => {
    const page = readFileSync(join(__dirname, '..', '..', 'docs', 'ends.md'), 'utf8');
    const headings = new Set([...page.matchAll(/^#+ (.*)$/gm)].map(([, heading]) => heading));
    for (const sentence of CLOSE_SENTENCES) assert.ok(headings.has(sentence), `no heading "${sentence}"`);
  });
});
