// What the guard of a server does with an upgrade request after it was answered: only a refusal that is over is closed.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http, { type IncomingMessage } from 'node:http';
import net from 'node:net';
import { Duplex } from 'node:stream';
import { describe, it } from 'node:test';
import { guardServer } from 'ws-linger';
import Upstream from 'ws-upstream';
import { listen, portOf, until } from '../support/end.js';
import { connectTcp, UPGRADE_REQUEST } from '../support/peer.js';

const upgradeTimeout = 50;
const REQUEST_WITHOUT_ANSWER = UPGRADE_REQUEST.replace('/', '/unanswered');
const head = (status: string) => `HTTP/1.1 ${status}\r\nConnection: close\r\n\r\n`;

type Answer = (socket: Duplex, request: IncomingMessage, afterLimit: Promise<unknown>) => unknown;

/** A guarded server that gives one answer, and what a test needs of it. */
async function answering(answer: Answer) {
  const server = http.createServer();
  const stop = guardServer(server, { upgradeTimeout, logger: false });
  let passed = () => {};
  const afterLimit = new Promise<void>((resolve) => {
    passed = resolve;
  });
  server.on('upgrade', (request, socket: Duplex) => {
    socket.on('error', () => {});
    if (request.url === '/') answer(socket, request, afterLimit);
  });
  await listen(server);
  return {
    server,
    /** Waits until the limit of all requests so far has passed `times` times, which later ones that nobody answers tell. */
    async limitPasses(times: number) {
      for (let time = 0; time < times; time++) {
        const other = connectTcp(server);
        other.resume().write(REQUEST_WITHOUT_ANSWER);
        await once(other, 'close');
        passed();
      }
    },
    close() {
      stop();
      server.close();
    },
  };
}

async function request(server: net.Server): Promise<net.Socket> {
  const peer = net.connect({ port: portOf(server), host: '127.0.0.1', allowHalfOpen: true });
  peer.on('error', () => {});
  const asked = once(server, 'upgrade');
  peer.write(UPGRADE_REQUEST);
  await asked;
  return peer;
}

/** Reads all that comes until FIN, or an error. */
async function readAll(peer: net.Socket): Promise<number> {
  let bytes = 0;
  peer.on('data', (chunk) => {
    bytes += chunk.length;
  });
  await Promise.race([once(peer, 'end'), once(peer, 'close')]).catch(() => {});
  return bytes;
}

describe('an answer that a slow peer reads after upgradeTimeout arrives as a whole', () => {
  const MUCH = 'x'.repeat(12_000_000);
  const plain = new Upstream.WebSocketServer({ noServer: true });
  const accepted = head('101 Switching Protocols');
  const answers: [string, Answer][] = [
    ['101 by end()', (socket) => socket.end(accepted + MUCH)],
    [
      '101, then end()',
      (socket) => {
        for (const part of [accepted, MUCH]) socket.write(part);
        socket.end();
      },
    ],
    [
      "plain ws's",
      (socket, request) =>
        plain.handleUpgrade(request, socket, Buffer.alloc(0), (ws) => ws.send(MUCH, () => ws.terminate())),
    ],
    ['a refusal by end()', (socket) => socket.end(head('403 Forbidden') + MUCH)],
    [
      "a refusal as plain ws's",
      (socket) => socket.once('finish', () => socket.destroy()).end(head('403 Forbidden') + MUCH),
    ],
    [
      'by a write() that the application has wrapped',
      (socket) => {
        const { write } = socket;
        socket.write = (chunk: unknown) => write.call(socket, chunk, 'utf8');
        for (const part of [accepted, head('404 Not Found'), MUCH]) socket.write(part);
        socket.end();
      },
    ],
  ];
  for (const [how, answer] of answers) {
    // Without any guard, Windows Node under Wine cuts what end() has queued for a peer that has half-closed.
    for (const halfCloses of process.platform === 'win32' ? [false] : [false, true]) {
      it(`${how}${halfCloses ? ', to a peer that has half-closed' : ''}`, async () => {
        const { server, limitPasses, close } = await answering(answer);
        const peer = await request(server);
        if (halfCloses) peer.end();
        await limitPasses(2);
        assert.ok((await readAll(peer)) > MUCH.length);
        peer.destroy();
        close();
      });
    }
  }

  it('a refusal whose body comes late', async () => {
    const { server, limitPasses, close } = await answering((socket, _request, afterLimit) => {
      socket.write(head('503 Service Unavailable'));
      void afterLimit.then(() => setImmediate(() => socket.end(MUCH)));
    });
    const peer = await request(server);
    const bytes = readAll(peer);
    await limitPasses(3);
    assert.ok((await bytes) > MUCH.length);
    peer.destroy();
    close();
  });
});

describe('a refusal that is over', () => {
  const refusal = head('401 Unauthorized');
  const ways: [string, Answer, isEndedByPeer: boolean][] = [
    ['is closed where its peer stays', (socket) => socket.end(refusal), false],
    ['is closed where it was an end() without bytes', (socket) => socket.end(), false],
    ['is closed where nobody ended it, once its peer has', (socket) => socket.write(refusal), true],
  ];
  for (const [how, answer, endedByPeer] of ways) {
    it(how, async () => {
      let socket: Duplex | undefined;
      const { server, close } = await answering((refused, request, afterLimit) => {
        socket = refused;
        answer(refused, request, afterLimit);
      });
      const peer = await request(server);
      peer.resume();
      if (endedByPeer) peer.end();
      await until('it is closed', () => socket?.destroyed === true);
      peer.destroy();
      close();
    });
  }

  it('ends by FIN, though its peer has sent what nobody reads', async () => {
    let socket: Duplex | undefined;
    const { server, close } = await answering((refused) => {
      socket = refused.end(refusal);
    });
    const peer = await request(server);
    peer.write('x'.repeat(100_000));
    await until('it is closed', () => socket?.closed === true);
    const errors: Error[] = [];
    peer.on('error', (error) => errors.push(error));
    assert.equal(await readAll(peer), refusal.length);
    assert.deepEqual(errors, []);
    peer.destroy();
    close();
  });
});

describe('a write() that cannot be replaced', () => {
  const fixes: [string, (socket: Duplex) => unknown][] = [
    ['fixed', (socket) => Object.defineProperty(socket, 'write', { value: socket.write })],
    ['of a getter', (socket) => fixAs(socket, socket.write)],
    ['of an inherited getter', (socket) => inherit(socket, { get: () => Duplex.prototype.write })],
    ['of a frozen method', (socket) => inherit(socket, { value: Duplex.prototype.write })],
    ['of a socket that takes no more properties', (socket) => Object.preventExtensions(socket)],
  ];
  const fixAs = (socket: Duplex, write: unknown) =>
    Object.defineProperty(socket, 'write', { get: () => write, configurable: true });
  const inherit = (socket: Duplex, write: PropertyDescriptor) =>
    Object.setPrototypeOf(socket, Object.create(Object.getPrototypeOf(socket) as object, { write }));

  for (const when of ['before', 'in'] as const) {
    for (const [what, fix] of fixes) {
      if (what.includes('no more') && when === 'before') continue; // Node itself adds some on 'connection'
      it(`${what} stays, fixed ${when} 'upgrade'`, async () => {
        const { server, limitPasses, close } = await answering((socket) => {
          if (when === 'in') fix(socket);
          const own = Object.getOwnPropertyDescriptor(socket, 'write');
          for (const part of [head('101 Switching Protocols'), 'one', 'two']) socket.write(part);
          if (own?.get || own?.configurable === false)
            assert.deepEqual(Object.getOwnPropertyDescriptor(socket, 'write'), own);
          socket.end();
        });
        if (when === 'before') server.on('connection', (socket: Duplex) => fix(socket));
        const peer = await request(server);
        let got = '';
        peer.setEncoding('utf8').on('data', (text) => {
          got += text;
        });
        await once(peer, 'end');
        assert.match(got, /\r\n\r\nonetwo$/);
        await limitPasses(1);
        peer.destroy();
        close();
      });
    }
  }

  it('leaves a stream that counts no bytes alone', async () => {
    const { server, limitPasses, close } = await answering(() => {});
    const stream = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
    Object.defineProperty(stream, 'write', { value: stream.write });
    server.emit('upgrade', { url: '/' } as never, stream as never, Buffer.alloc(0));
    stream.write(head('101 Switching Protocols'));
    await limitPasses(1);
    assert.equal(stream.destroyed, false);
    close();
  });
});
