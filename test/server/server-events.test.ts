// A server's events are seen without a listener: its lists of listeners are those that plain ws leaves.
import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';
import type net from 'node:net';
import type { Duplex } from 'node:stream';
import { describe, it } from 'node:test';
import type * as ours from 'ws-linger';
import { attach, guardServer, WebSocketServer } from 'ws-linger';
import Upstream from 'ws-upstream';
import { certificate } from '../support/certificate.js';
import { listen, portOf, until } from '../support/end.js';
import { connectTcp, UPGRADE_REQUEST } from '../support/peer.js';

type Handler = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
type Server = http.Server | https.Server;

/** What makes servers and guards: plain ws, where a guard does nothing, or this package. */
interface Library {
  serve(options: Upstream.ServerOptions): Upstream.Server;
  guard(server: Server): () => void;
}

const linger = { logger: false } as const;
const PLAIN: Library = { serve: (options) => new Upstream.WebSocketServer(options), guard: () => () => {} };
const LIBRARIES: Record<string, Library> = {
  'its own servers': {
    serve: (options) => new WebSocketServer({ ...options, linger }) as unknown as Upstream.Server,
    guard: (server) => guardServer(server, linger),
  },
  'attached servers': {
    serve: (options) => attach(new Upstream.WebSocketServer(options), linger) as unknown as Upstream.Server,
    guard: (server) => guardServer(server, linger),
  },
};

function user(): void {}

/** Whose listener each one is, by event, and the properties of the server that can be listed. */
function visible(server: Server): unknown {
  const lists = server.eventNames().map((name) => {
    const owners = server.listeners(name).map((listener) => (listener === user ? 'the user' : 'another'));
    return [name, owners];
  });
  return [lists, Object.keys(server)];
}

const ARRANGEMENTS: Record<string, (library: Library, server: Server) => (() => void)[]> = {
  'the user listens first'({ serve }, server) {
    server.on('upgrade', user).on('connection', user);
    const wss = serve({ server });
    return [() => wss.close()];
  },
  'the user listens second'({ serve }, server) {
    const wss = serve({ server });
    server.on('upgrade', user).prependListener('connection', user);
    return [() => wss.close()];
  },
  'there are two WebSocketServers on one server'({ serve }, server) {
    const servers = [serve({ server, path: '/a' }), serve({ server, path: '/b' })];
    return servers.map((wss) => () => wss.close());
  },
  'there is a WebSocketServer with noServer'({ serve, guard }, server) {
    serve({ noServer: true });
    server.on('upgrade', user);
    return [guard(server)];
  },
  'the server is guarded before anybody listens'({ guard }, server) {
    const stop = guard(server);
    server.once('upgrade', user);
    return [stop];
  },
  'all listeners are removed, and those of ws added again'({ serve, guard }, server) {
    const stop = guard(server);
    const wss = serve({ server });
    const [first] = server.listeners('upgrade') as [Handler];
    server.removeAllListeners('upgrade').on('upgrade', user);
    server.on('upgrade', first);
    return [() => wss.close(), stop];
  },
};

for (const [name, library] of Object.entries(LIBRARIES)) {
  for (const [kind, create] of [
    ['http', async () => http.createServer()],
    ['https', async () => https.createServer(await certificate())],
  ] as const) {
    describe(`an ${kind} server has the listeners and properties that plain ws leaves, with ${name}, where`, () => {
      for (const [arrangement, arrange] of Object.entries(ARRANGEMENTS)) {
        it(arrangement, async () => {
          const [plain, actual] = [await create(), await create()];
          const before = Object.getOwnPropertyNames(actual).sort();
          const [stopPlain, stop] = [arrange(PLAIN, plain), arrange(library, actual)];
          assert.deepEqual(visible(actual), visible(plain));
          for (let i = 0; i < stop.length; i++) {
            stopPlain[i]?.();
            stop[i]?.();
            assert.deepEqual(visible(actual), visible(plain));
          }
          assert.deepEqual(Object.getOwnPropertyNames(actual).sort(), before);
        });
      }
    });
  }
}

for (const [name, { serve }] of Object.entries({ 'plain ws': PLAIN, ...LIBRARIES })) {
  it(`a router can take ws's listener and call it by itself (${name})`, async () => {
    const server = await listen(http.createServer());
    const wss = serve({ server });
    const [first] = server.listeners('upgrade') as [Handler];
    server.removeAllListeners('upgrade');
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      if (request.url === '/graphql') first.call(server, request, socket, head);
      else socket.destroy();
    });
    const client = new Upstream(`ws://127.0.0.1:${portOf(server)}/graphql`);
    await once(client, 'open');
    client.close();
    await once(client, 'close');
    wss.close();
    server.close();
  });
}

describe('a guarded server', () => {
  /** Guards a server, and resolves with the kinds that are logged when a peer resets in the middle of its upgrade. */
  async function kindsOfReset(prepare: (server: http.Server, guard: () => () => void) => void): Promise<string[]> {
    const kinds: string[] = [];
    const keep = ({ kind }: { kind?: string }) => void kinds.push(String(kind));
    const logger = { debug: keep, warn: keep };
    const server = await listen(http.createServer());
    prepare(server, () => guardServer(server, { logger }));
    const tcp = connectTcp(server);
    tcp.write(UPGRADE_REQUEST);
    const [, socket] = (await once(server, 'upgrade')) as [unknown, net.Socket];
    tcp.resetAndDestroy();
    await until('the socket is closed', () => socket.closed);
    server.close();
    return kinds;
  }

  it('is guarded also where its emit() was replaced, before and afterwards', async () => {
    const seen: unknown[] = [];
    const kinds = await kindsOfReset((server, guard) => {
      const replaceEmit = () => {
        const { emit } = server;
        server.emit = (...args: never) => {
          seen.push(args[0]);
          return emit.apply(server, args);
        };
      };
      replaceEmit();
      guard();
      replaceEmit();
    });
    assert.deepEqual(kinds, ['upgrade-failed']);
    assert.deepEqual(seen.filter((event) => event === 'upgrade').length, 2);
  });

  it('is as before when two copies of the package have guarded it, whichever of them lets go first', async () => {
    for (const order of [
      [0, 1],
      [1, 0],
    ]) {
      const server = http.createServer();
      for (const file of Object.keys(require.cache)) delete require.cache[file];
      const copy = require('ws-linger') as typeof ours;
      const stops = [guardServer(server, linger), copy.guardServer(server, linger)];
      for (const index of order) stops[index]?.();
      assert.equal(Object.hasOwn(server, 'emit'), false);
    }
  });

  it('goes on being guarded where one of two guards lets go', async () => {
    const kinds = await kindsOfReset((_, guard) => {
      guard();
      guard()();
    });
    assert.deepEqual(kinds, ['upgrade-failed']);
  });

  it('is guarded where another server hands it the upgrade', async () => {
    const kinds: unknown[] = [];
    const logger = { debug: ({ kind }: { kind?: string }) => void kinds.push(kind), warn() {} };
    const inner = http.createServer();
    new WebSocketServer({ server: inner, linger: { logger } }).handleUpgrade = () => {};
    const outer = await listen(http.createServer());
    outer.on('upgrade', (...args) => inner.emit('upgrade', ...args));
    const tcp = connectTcp(outer);
    tcp.write(UPGRADE_REQUEST);
    const [, socket] = (await once(inner, 'upgrade')) as [unknown, net.Socket];
    tcp.resetAndDestroy();
    await until('the socket is closed', () => socket.closed);
    assert.deepEqual(kinds, ['upgrade-failed']);
    outer.close();
  });
});

describe('a WebSocketServer accepts as its server', () => {
  it('an object with on() and removeListener() alone, which is all that ws calls', () => {
    const events = new EventEmitter();
    const server = {
      on: (name: string, listener: () => void) => void events.on(name, listener),
      removeListener: (name: string, listener: () => void) => void events.removeListener(name, listener),
      close: () => {},
    };
    const wss = new WebSocketServer({ server: server as never, linger });
    assert.deepEqual(events.eventNames().sort(), ['error', 'listening', 'upgrade']);
    wss.close();
    assert.deepEqual(events.eventNames(), []);
  });

  it('a server that cannot be changed', () => {
    const wss = new WebSocketServer({ server: Object.seal(http.createServer()), linger });
    wss.close();
  });
});
