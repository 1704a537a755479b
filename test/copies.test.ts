// Two copies of this package in one process: an override beside a direct dependency, two versions, Jest's resetModules().
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import type * as ours from 'ws-linger';
import Upstream from 'ws-upstream';
import { runEdge } from './support/child.js';
import { loadCopy } from './support/copies.js';
import { portOf, until } from './support/end.js';
import { STALL_BYTES } from './support/pairs.js';
import { connectPeer } from './support/peer.js';

const COPIES = { A: loadCopy(), B: loadCopy() };
type Name = keyof typeof COPIES;
const NAMES: Name[] = ['A', 'B'];
const quiet = { linger: { logger: false } } as const;

/** As ws's servers make it. */
const Plain = Upstream as unknown as new (address: null, protocols: undefined, options: object) => Upstream;

type Made = { name: string; make(options: object): Upstream.Server };
const SERVERS: Made[] = [
  ...NAMES.map((name) => ({
    name: `a server of ${name}`,
    make: (options: object) => new COPIES[name].WebSocketServer({ ...quiet, ...options }) as unknown as Upstream.Server,
  })),
  { name: 'a server of plain ws', make: (options) => new Upstream.WebSocketServer(options) },
];

const CLASSES: [string, (() => unknown) | null][] = [
  ['its own class', null],
  ['the class of plain ws', () => Upstream],
  ...NAMES.flatMap((name): [string, () => unknown][] => [
    [`the class of ${name}`, () => COPIES[name].WebSocket],
    [`a subclass of that of ${name}`, () => class extends COPIES[name].WebSocket {}],
  ]),
];

const ATTACHED: Name[][] = [[], ['A'], ['B'], ['A', 'B'], ['B', 'A']];
const ENDS = {
  reset: (peer: Awaited<ReturnType<typeof connectPeer>>) => peer.resetAndDestroy(),
  fin: (peer: Awaited<ReturnType<typeof connectPeer>>) => peer.end(),
};

describe('two copies of the package', () => {
  for (const { name, make } of SERVERS) {
    for (const [what, classOf] of CLASSES) {
      for (const copies of ATTACHED) {
        const isPlain = name.endsWith('plain ws') && !what.includes('of A') && !what.includes('of B') && !copies.length;
        if (isPlain) continue;
        it(`${name} with ${what}, attached by ${copies.join(' and ') || 'nobody'}, ends each connection once`, async () => {
          const wss = make({ port: 0, host: '127.0.0.1', ...(classOf && { WebSocket: classOf() }) });
          for (const copy of copies) assert.equal(COPIES[copy].attach(wss as never), wss);
          await once(wss, 'listening');
          const kinds: string[] = [];
          const closes: number[] = [];
          wss.on('connection', (ws: ours.WebSocket & Upstream) => {
            ws.on('disconnect', (info) => kinds.push(info.kind));
            ws.on('close', (code) => closes.push(code));
          });
          for (const [index, end] of Object.values(ENDS).entries()) {
            const peer = await connectPeer(portOf(wss));
            end(peer);
            await until('it has ended', () => closes.length > index);
          }
          assert.deepEqual(kinds, ['reset', 'closed-without-handshake']);
          assert.deepEqual(closes, [1006, 1006]);
          const stats = (wss as unknown as Partial<Pick<ours.WebSocketServer, 'stats'>>).stats?.();
          if (stats) assert.deepEqual([stats.opened, stats.ended.reset, stats.connections.open], [2, 1, 0]);
          wss.close();
        });
      }
    }
  }

  for (const from of NAMES) {
    for (const to of NAMES) {
      it(`the options of a server of ${from} make a server of ${to}`, async () => {
        const first = new COPIES[from].WebSocketServer({ noServer: true, ...quiet });
        const wss = new COPIES[to].WebSocketServer({ ...first.options, noServer: false, port: 0, host: '127.0.0.1' });
        await once(wss, 'listening');
        (await connectPeer(portOf(wss))).destroy();
        await until(
          'it has ended',
          () => wss.stats().ended['closed-without-handshake'] + wss.stats().ended.reset === 1,
        );
        assert.equal(first.stats().opened, 0);
        wss.close();
      });
    }
  }

  it('drain together what both have a hand in, and share the counts of the process', async () => {
    const wss = new COPIES.A.WebSocketServer({
      port: 0,
      host: '127.0.0.1',
      WebSocket: COPIES.B.WebSocket,
      ...quiet,
    } as never);
    await once(wss, 'listening');
    const client = new COPIES.B.WebSocket(`ws://127.0.0.1:${portOf(wss)}`, quiet);
    await once(client, 'open');
    const ended = await wss.drain();
    assert.equal(ended.clean, 1);
    await Promise.all(NAMES.map((name) => COPIES[name].settled()));
    COPIES.B.drainOnSignal(wss)();
  });

  it('wait together until nothing lingers, and end by the deadline of a drain what the other one lets linger', async () => {
    const wss = new COPIES.A.WebSocketServer({
      port: 0,
      host: '127.0.0.1',
      WebSocket: COPIES.B.WebSocket,
      linger: { closeTimeout: 50, logger: false },
    } as never);
    await once(wss, 'listening');
    const accepted = once(wss, 'connection') as Promise<[ours.WebSocket]>;
    const peer = await connectPeer(portOf(wss));
    peer.pause();
    const [ws] = await accepted;
    ws.send(Buffer.alloc(STALL_BYTES));
    ws.close();
    await once(ws, 'close');
    assert.equal(wss.stats().lingering.now, 1);
    const settled = Promise.all(NAMES.map((name) => COPIES[name].settled()));
    const began = performance.now();
    await wss.drain({ timeout: 300 });
    const took = performance.now() - began;
    // Without its sockets the drain would be given up a second after its deadline.
    assert.ok(took < 1_200, `drain() took ${took} ms`);
    assert.equal(wss.stats().lingering.now, 0);
    await settled;
    peer.destroy();
  });

  it('keep the process until what the other one lets linger is gone', async () => {
    const { code, stdout, stderr } = await runEdge('settled-copies');
    assert.equal(code, 0, stderr);
    assert.equal(stdout.trim(), 'settled');
  });

  it('attach one connection once', async () => {
    const wss = new Upstream.WebSocketServer({ port: 0, host: '127.0.0.1' });
    await once(wss, 'listening');
    const accepted = once(wss, 'connection') as Promise<[Upstream]>;
    const client = new Upstream(`ws://127.0.0.1:${portOf(wss)}`);
    const [ws] = await accepted;
    const ends: string[] = [];
    for (const end of [ws, client]) {
      for (const name of NAMES) COPIES[name].attach(end as never, quiet.linger);
      (end as unknown as ours.WebSocket).on('disconnect', ({ origin }) => ends.push(origin));
    }
    if (client.readyState !== client.OPEN) await once(client, 'open');
    client.close();
    await until('both have ended', () => ends.length === 2);
    assert.deepEqual(ends.sort(), ['local', 'peer']);
    wss.close();
  });
});

describe('a second attach()', () => {
  for (const first of NAMES) {
    for (const second of NAMES) {
      it(`by ${second} after ${first} refuses other options, and takes the same`, () => {
        for (const target of [new Upstream.WebSocketServer({ noServer: true }), new Plain(null, undefined, {})]) {
          COPIES[first].attach(target as never, { closeTimeout: 50, heartbeat: { interval: 5 } });
          const again = (options?: object) => COPIES[second].attach(target as never, options);
          for (const same of [undefined, {}, { closeTimeout: 50 }, { heartbeat: { interval: 5, timeout: 10_000 } }])
            assert.equal(again(same), target);
          for (const other of [{ closeTimeout: 60 }, { heartbeat: true }, { terminate: 'reset' }, { heartbeat: false }])
            assert.throws(() => again(other), { code: 'WSL_ERR_ALREADY_ATTACHED' });
        }
      });
    }
  }
});

it('a second attach() reads its options once, inherited ones too', () => {
  const wss = COPIES.A.attach(new Upstream.WebSocketServer({ noServer: true }), { closeTimeout: 50 });
  const times = [50, 60];
  const options = {
    get closeTimeout() {
      return times.shift() as number;
    },
  };
  assert.equal(COPIES.B.attach(wss, options), wss);
  assert.deepEqual(times, [60]);
  assert.throws(() => COPIES.B.attach(wss, Object.create({ closeTimeout: 60 })), { code: 'WSL_ERR_ALREADY_ATTACHED' });
});

it('a second attach() asks for nothing by an option that is undefined', () => {
  const wss = COPIES.A.attach(new Upstream.WebSocketServer({ noServer: true }), { closeTimeout: 50 });
  assert.equal(COPIES.B.attach(wss, { closeTimeout: undefined } as never), wss);
});

it('a copy of another protocol is refused with a code before anything is touched', () => {
  const foreign = { [Symbol.for('ws-linger')]: 2 };
  const wss = Object.assign(new Upstream.WebSocketServer({ noServer: true }), foreign);
  assert.throws(() => COPIES.A.attach(wss as never), { code: 'WSL_ERR_OTHER_COPY' });
  assert.throws(() => COPIES.A.drainOnSignal(wss), { code: 'WSL_ERR_OTHER_COPY' });
  class Foreign extends Upstream {}
  Object.assign(Foreign.prototype, foreign);
  assert.throws(() => new COPIES.A.WebSocketServer({ noServer: true, WebSocket: Foreign } as never), {
    code: 'WSL_ERR_OTHER_COPY',
  });
});

it('what they share survives who deletes what can be deleted of it, as Jest does between two files', async () => {
  const root = globalThis as unknown as Record<symbol, object>;
  const shared = Object.getOwnPropertySymbols(root).filter((key) => key.description?.startsWith('ws-linger.'));
  assert.ok(shared.length > 1);
  for (const key of shared) {
    const value = root[key] as object;
    for (const name of Reflect.ownKeys(value)) Reflect.deleteProperty(value, name);
  }
  const wss = new COPIES.A.WebSocketServer({ port: 0, host: '127.0.0.1', ...quiet });
  await once(wss, 'listening');
  const accepted = once(wss, 'connection') as Promise<[ours.WebSocket]>;
  const peer = await connectPeer(portOf(wss));
  peer.end();
  const [ws] = await accepted;
  const [info] = (await once(ws, 'disconnect')) as [ours.CloseInfo];
  for (const ms of [info.openMs, info.elapsedMs]) assert.ok(Number.isFinite(ms), `${ms} ms`);
  await Promise.all(NAMES.map((name) => COPIES[name].settled()));
  wss.close();
});

it('nothing of this package stands under a public name of the options', () => {
  const wss = new COPIES.A.WebSocketServer({ noServer: true, ...quiet });
  assert.deepEqual((wss.options as { linger?: unknown }).linger, quiet.linger);
  const bare = new COPIES.A.WebSocketServer({ noServer: true });
  assert.deepEqual(Object.keys(bare.options), Object.keys(new Upstream.WebSocketServer({ noServer: true }).options));
});
