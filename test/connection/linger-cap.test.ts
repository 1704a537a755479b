// The cap of lingering sockets: how many, how many bytes, the oldest is cut first, and none without an option.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { describe, it } from 'node:test';
import type WebSocket from 'ws-linger';
import { WebSocketServer } from 'ws-linger';
import { type Capped, LingerCap } from '../../dist/connection/linger-cap.js';
import { portOf, until } from '../support/end.js';
import { connectPeer } from '../support/peer.js';

class Waiting implements Capped {
  readonly name: string;
  bytes: number;
  readonly #cut: string[];

  constructor(name: string, bytes: number, cut: string[]) {
    this.name = name;
    this.bytes = bytes;
    this.#cut = cut;
  }

  unsent(): number {
    return this.bytes;
  }

  cutNow(): void {
    this.#cut.push(this.name);
  }
}

describe('a cap', () => {
  const cases: [limits: { sockets: number; bytes: number }, bytes: number[], cut: string][] = [
    [{ sockets: 2, bytes: Number.POSITIVE_INFINITY }, [1, 1], ''],
    [{ sockets: 2, bytes: Number.POSITIVE_INFINITY }, [1, 1, 1, 1], '0 1'],
    [{ sockets: 0, bytes: Number.POSITIVE_INFINITY }, [1, 1], '0 1'],
    [{ sockets: 9, bytes: 10 }, [4, 6], ''],
    [{ sockets: 9, bytes: 10 }, [4, 6, 1], '0'],
    [{ sockets: 9, bytes: 10 }, [4, 4, 9], '0 1'],
    [{ sockets: 9, bytes: 10 }, [4, 11], '0 1'],
  ];
  for (const [limits, bytes, cut] of cases) {
    it(`of ${JSON.stringify(limits)} cuts ${cut || 'none'} of ${bytes}`, () => {
      const cap = new LingerCap(limits);
      const seen: string[] = [];
      for (const [i, waiting] of bytes.entries()) cap.add(new Waiting(String(i), waiting, seen));
      assert.equal(seen.join(' '), cut);
    });
  }

  it('counts what waits now, and nothing of a socket that is gone', () => {
    const cut: string[] = [];
    const cap = new LingerCap({ sockets: 9, bytes: 10 });
    const [drained, gone, last] = [
      new Waiting('drained', 5, cut),
      new Waiting('gone', 5, cut),
      new Waiting('last', 9, cut),
    ];
    cap.add(drained);
    cap.add(gone);
    drained.bytes = 1;
    cap.update(drained);
    cap.remove(gone);
    cap.remove(gone);
    cap.add(last);
    assert.deepEqual(cut, []);
  });
});

const CLOSE_TIMEOUT = 50;

/** Opens `count` peers that do not read, closes their WebSockets one after another, and returns what still lingers at the end. */
async function lingerOneByOne(linger: WebSocket.LingerOptions, count: number) {
  const wss = new WebSocketServer({
    port: 0,
    host: '127.0.0.1',
    perMessageDeflate: false,
    linger: { closeTimeout: CLOSE_TIMEOUT, closeDeadline: 60_000, logger: false, ...linger },
  });
  await once(wss, 'listening');
  const peers: Socket[] = [];
  const ended: WebSocket.CloseInfo[] = [];
  for (let i = 0; i < count; i++) {
    const opened = once(wss, 'connection') as Promise<[WebSocket]>;
    const peer = await connectPeer(portOf(wss));
    peer.pause();
    peers.push(peer);
    const [ws] = await opened;
    for (let sent = 0; sent < 16; sent++) ws.send(Buffer.alloc(1_000_000));
    ended.push(await ws.closeAsync());
  }
  return {
    wss,
    ended,
    stop() {
      for (const peer of peers) peer.destroy();
      wss.close();
    },
  };
}

for (const [name, linger] of [
  ['maxLingering', { maxLingering: 2 }],
  // Each holds some of its 16 MB: the kernel has taken the rest.
  ['maxLingeringBytes', { maxLingeringBytes: 1 }],
] as const) {
  it(`${name} cuts the oldest`, async () => {
    const { wss, stop } = await lingerOneByOne(linger, 4);
    const left = name === 'maxLingering' ? 2 : 0;
    await until('the oldest to be cut', () => wss.stats().lingering.now === left);
    assert.equal(wss.stats().lingering.cut, 4 - left);
    stop();
    await until('all to be gone', () => wss.stats().lingering.now === 0);
  });
}

for (const onTimeout of ['auto', 'destroy', 'reset'] as const) {
  it(`maxLingering: 0 is told as the end of the socket, with what was dropped, where onTimeout is '${onTimeout}'`, async () => {
    const { wss, ended, stop } = await lingerOneByOne({ maxLingering: 0, onTimeout }, 1);
    const [info] = ended;
    assert.deepEqual(
      [info?.kind, info?.delivered, info?.forced],
      ['close-timeout', false, onTimeout === 'reset' ? 'reset' : 'destroy'],
    );
    assert.ok((info?.bytesUnsent ?? 0) > 0);
    assert.equal(wss.stats().lingering.now, 0);
    stop();
  });
}

it('without an option none is cut', async () => {
  const { wss, stop } = await lingerOneByOne({}, 4);
  const { now, cut } = wss.stats().lingering;
  assert.deepEqual([now, cut], [4, 0]);
  stop();
  await until('all to be gone', () => wss.stats().lingering.now === 0);
});
