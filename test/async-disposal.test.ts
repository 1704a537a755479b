// `await using` and AbortSignals: closeAsync({ signal }), drain({ signal }), Symbol.asyncDispose.
import assert from 'node:assert/strict';
import { getEventListeners, once } from 'node:events';
import type net from 'node:net';
import { after, describe, it } from 'node:test';
import WebSocket, { attach, WebSocketServer } from 'ws-linger';
import Upstream from 'ws-upstream';
import { openHandles, portOf, until } from './support/end.js';
import { CLIENT_FRAMES, connectPeer, endOf } from './support/peer.js';

const before = openHandles();
const linger = { closeTimeout: 300, logger: false } as const;

async function serve(): Promise<{ wss: WebSocketServer; ws: WebSocket; peer: net.Socket }> {
  const wss = new WebSocketServer({ port: 0, host: '127.0.0.1', linger });
  await once(wss, 'listening');
  const connected = once(wss, 'connection');
  const peer = await connectPeer(portOf(wss));
  const [ws] = (await connected) as [WebSocket];
  return { wss, ws, peer: peer.resume() };
}

function abortable(): { abort(reason?: unknown): void; signal: AbortSignal; listeners(): number } {
  const controller = new AbortController();
  const { signal } = controller;
  return {
    signal,
    abort: (reason) => controller.abort(reason),
    listeners: () => getEventListeners(signal, 'abort').length,
  };
}

describe('closeAsync({ signal })', () => {
  it("rejects with the signal's reason when it is aborted, and the close goes on", async () => {
    const { wss, ws, peer } = await serve();
    const { signal, abort, listeners } = abortable();
    const closed = ws.closeAsync({ code: 4001, reason: 'bye', signal });
    abort(new Error('enough'));
    await assert.rejects(closed, { message: 'enough' });
    assert.equal(listeners(), 0);
    peer.end(CLIENT_FRAMES.close);
    const info = await ws.closeAsync();
    assert.deepEqual([info.kind, info.sent], ['clean', { code: 4001, reason: 'bye', first: true }]);
    wss.close();
  });

  it('rejects with a DOMException where no reason was given', async () => {
    const { wss, ws, peer } = await serve();
    const { signal, abort } = abortable();
    const closed = ws.closeAsync(1000, 'bye', { signal });
    abort();
    await assert.rejects(closed, { name: 'AbortError' });
    peer.end(CLIENT_FRAMES.close);
    await ws.closeAsync();
    wss.close();
  });

  it('resolves as without one where it is not aborted, and leaves no listener on the signal', async () => {
    const { wss, ws, peer } = await serve();
    const { signal, abort, listeners } = abortable();
    const closed = ws.closeAsync({ signal, timeout: 5_000 });
    peer.end(CLIENT_FRAMES.close);
    assert.equal((await closed).kind, 'clean');
    assert.equal(listeners(), 0);
    abort();
    assert.equal((await ws.closeAsync()).kind, 'clean');
    wss.close();
  });

  it('closes nothing where it is aborted already', async () => {
    const { wss, ws, peer } = await serve();
    const reason = new Error('before');
    await assert.rejects(ws.closeAsync({ signal: AbortSignal.abort(reason) }), reason);
    assert.equal(ws.readyState, WebSocket.OPEN);
    ws.terminate();
    peer.destroy();
    wss.close();
  });

  it('takes its other options with a signal and without: the timeout holds', async () => {
    const { wss, ws, peer } = await serve();
    const seen = endOf(peer);
    assert.equal((await ws.closeAsync({ timeout: 20 })).kind, 'close-timeout');
    assert.equal(await seen, 'end');
    peer.destroy();
    wss.close();
  });

  for (const [options, code] of [
    [{ signal: 5 }, 'WSL_ERR_OPTION_TYPE'],
    [{ signal: new AbortController() }, 'WSL_ERR_OPTION_TYPE'],
    [{ code: 1005 }, 'WSL_ERR_OPTION_RANGE'],
    [{ code: '1000' }, 'WSL_ERR_OPTION_TYPE'],
    [{ reason: 'x'.repeat(124) }, 'WSL_ERR_OPTION_RANGE'],
    [{ reason: Buffer.alloc(124) }, 'WSL_ERR_OPTION_RANGE'],
    [{ timeout: 0 }, 'WSL_ERR_OPTION_RANGE'],
    [{ singal: undefined }, 'WSL_ERR_UNKNOWN_OPTION'],
    [[], 'WSL_ERR_OPTION_TYPE'],
  ] as [object, string][]) {
    it(`refuses ${JSON.stringify(options).slice(0, 40)} (${code}) before it closes`, async () => {
      const { wss, ws, peer } = await serve();
      const { signal, listeners } = abortable();
      assert.throws(() => void ws.closeAsync(options as { signal?: AbortSignal }), { code });
      assert.throws(() => void ws.closeAsync(99, '', { signal }), { name: 'TypeError' });
      assert.equal(listeners(), 0);
      assert.equal(ws.readyState, WebSocket.OPEN);
      ws.terminate();
      peer.destroy();
      wss.close();
    });
  }
});

describe('drain({ signal })', () => {
  it("rejects with the signal's reason when it is aborted, and the drain goes on", async () => {
    const { wss, peer } = await serve();
    const { signal, abort, listeners } = abortable();
    const drained = wss.drain({ timeout: 5_000, signal });
    abort(new Error('enough'));
    await assert.rejects(drained, { message: 'enough' });
    assert.equal(listeners(), 0);
    assert.ok(wss.draining);
    peer.end(CLIENT_FRAMES.close);
    assert.equal((await wss.drain()).clean, 1);
  });

  it('drains nothing where it is aborted already', async () => {
    const { wss, peer } = await serve();
    await assert.rejects(wss.drain({ signal: AbortSignal.abort(new Error('before')) }), { message: 'before' });
    assert.deepEqual([wss.ready, wss.draining], [true, false]);
    peer.end(CLIENT_FRAMES.close);
    await wss.drain();
  });

  it('refuses what is no AbortSignal', async () => {
    const { wss, peer } = await serve();
    assert.throws(() => void wss.drain({ signal: {} as AbortSignal }), { code: 'WSL_ERR_OPTION_TYPE' });
    peer.end(CLIENT_FRAMES.close);
    await wss.drain();
  });
});

describe('await using', () => {
  /** What a compiler makes of `await using`. */
  const dispose = (target: unknown) => (target as AsyncDisposable)[Symbol.asyncDispose]();

  it('drains a server, and closes a WebSocket', async () => {
    const wss = new WebSocketServer({ port: 0, host: '127.0.0.1', linger });
    await once(wss, 'listening');
    const connected = once(wss, 'connection');
    const client = new WebSocket(`ws://127.0.0.1:${portOf(wss)}`, { linger });
    await once(client, 'open');
    const [ws] = (await connected) as [WebSocket];
    const another = new WebSocket(`ws://127.0.0.1:${portOf(wss)}`, { linger });
    await once(another, 'open');
    assert.equal(await dispose(client), undefined);
    assert.equal(client.closeInfo?.kind, 'clean');
    await until('the server has seen it', () => ws.closeInfo !== null);
    assert.equal(await dispose(wss), undefined);
    assert.ok(wss.draining);
    assert.equal(wss.stats().ended.clean, 2);
    await until('the client has seen it', () => another.closeInfo !== null);
    await Promise.all([dispose(another), dispose(wss)]);
  });

  it('does the same for what plain ws made and attach() was given', async () => {
    const wss = attach(new Upstream.WebSocketServer({ port: 0, host: '127.0.0.1' }), linger);
    await once(wss, 'listening');
    const client = attach(new Upstream(`ws://127.0.0.1:${portOf(wss)}`), linger);
    await once(client, 'open');
    await dispose(client);
    assert.equal(client.closeInfo?.kind, 'clean');
    await dispose(wss);
    assert.ok(wss.draining);
  });

  it('gives up a WebSocket that is not open yet, without an uncaught error', async () => {
    const wss = new WebSocketServer({ port: 0, host: '127.0.0.1', linger });
    await once(wss, 'listening');
    const client = new WebSocket(`ws://127.0.0.1:${portOf(wss)}`, { linger });
    await dispose(client);
    assert.deepEqual([client.closeInfo?.kind, client.closeInfo?.phase], ['local-abort', 'opening']);
    await dispose(wss);
  });

  it('is by methods that nobody enumerates, and that a subclass may replace', () => {
    for (const { prototype } of [WebSocket, WebSocketServer]) {
      const property = Object.getOwnPropertyDescriptor(prototype, Symbol.asyncDispose) as PropertyDescriptor;
      assert.deepEqual(
        { ...property, value: typeof property.value },
        { value: 'function', writable: true, enumerable: false, configurable: true },
      );
    }
  });
});

after(() => until('all handles are gone', () => openHandles() <= before));
