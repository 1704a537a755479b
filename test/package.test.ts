// The package's exports: the shape of ws and its additions.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import WebSocket from 'ws-linger';
import Upstream from 'ws-upstream';
import { VERSION } from '../dist/version.js';
import { ROOT, runNode } from './support/child.js';

const ADDED_FUNCTIONS = [
  'attach',
  'closeSentence',
  'drainOnSignal',
  'guardProcess',
  'guardServer',
  'guardSocket',
  'readinessHandler',
  'setDefaults',
  'settled',
  'statusHandler',
];
/** Node 20.4 and newer have it. */
const ASYNC_DISPOSE = String(Symbol.asyncDispose);
const ADDED_TO_SOCKETS = [
  ...['abort', 'closeAsync', 'closeInfo', 'flushed', 'rtt', 'Symbol(ws-linger)', ASYNC_DISPOSE],
  ...['on', 'addListener', 'prependListener'], // ws inherits them
];
const ADDED_TO_SERVERS = ['drain', 'draining', 'ready', 'recentEnds', 'stats', ASYNC_DISPOSE];
/** Names of ws whose values this package replaces. All other values are ws's own. */
const REPLACED = [
  ...['constructor', 'prototype', 'Server', 'WebSocket', 'WebSocketServer', 'createWebSocketStream'],
  ...['close', 'terminate', 'setSocket', 'emitClose', 'handleUpgrade'],
];

/** Checks that own properties equal ws's in name, attributes, accessors and values, except those replaced or added. */
function assertSameShape(actual: object, expected: object, added: string[]): void {
  const names = Reflect.ownKeys(actual);
  assert.deepEqual(
    new Set(names.filter((name) => !added.includes(String(name)))),
    new Set(Reflect.ownKeys(expected)),
    'names',
  );
  assert.deepEqual(
    Object.keys(actual).filter((name) => !added.includes(name)),
    Object.keys(expected),
    'enumerable names, in order',
  );
  for (const name of Reflect.ownKeys(expected)) {
    const { value, ...attributes } = Object.getOwnPropertyDescriptor(actual, name) as PropertyDescriptor;
    const { value: wanted, ...wantedAttributes } = Object.getOwnPropertyDescriptor(
      expected,
      name,
    ) as PropertyDescriptor;
    assert.deepEqual(attributes, wantedAttributes, String(name));
    if (!REPLACED.includes(String(name))) assert.equal(value, wanted, String(name));
    else assert.deepEqual([typeof value, value.name, value.length], [typeof wanted, wanted.name, wanted.length]);
  }
}

describe('the package', () => {
  it("has a WebSocket class of ws's shape", () => assertSameShape(WebSocket, Upstream, ADDED_FUNCTIONS));
  it("has a WebSocket prototype of ws's shape", () =>
    assertSameShape(WebSocket.prototype, Upstream.prototype, ADDED_TO_SOCKETS));
  it("has a WebSocketServer class of ws's shape", () => assertSameShape(WebSocket.Server, Upstream.Server, []));
  it("has a WebSocketServer prototype of ws's shape", () =>
    assertSameShape(WebSocket.Server.prototype, Upstream.Server.prototype, ADDED_TO_SERVERS));

  it('creates WebSockets and servers with the own properties of those of ws', () => {
    const make = (Class: typeof Upstream) => {
      const ws = new Class('ws://127.0.0.1', { createConnection: () => new Socket() });
      ws.on('error', () => {}).terminate();
      const wss = new Class.Server({ noServer: true });
      return { ws, wss, listed: [ws, wss, wss.options].map((object) => Object.keys(object)) };
    };
    const mine = make(WebSocket);
    const theirs = make(Upstream);
    mine.listed[2] = Object.keys(mine.wss.options).filter((name) => name !== 'linger');
    assert.deepEqual(mine.listed, theirs.listed);
    assert.ok(mine.ws instanceof Upstream && mine.wss instanceof Upstream.Server);
  });

  it('exports the WebSocket class to require(), with the other exports as its properties', () => {
    assert.equal(require('ws-linger'), WebSocket);
    assert.ok(!('__esModule' in WebSocket));
    assert.equal(WebSocket.WebSocket, WebSocket);
    assert.equal(WebSocket.Server, WebSocket.WebSocketServer);
    assert.throws(() => (WebSocket as unknown as () => void)(), {
      name: 'TypeError',
      message: "Class constructor WebSocket cannot be invoked without 'new'",
    });
  });

  it('exports to import the names of ws, and the objects that require() returns', async () => {
    const mine: Record<string, unknown> = await import('ws-linger');
    const theirs: Record<string, unknown> = await import('ws-upstream');
    assert.deepEqual(
      Object.keys(mine).filter((name) => !ADDED_FUNCTIONS.includes(name)),
      Object.keys(theirs),
    );
    assert.equal(mine.default, WebSocket);
    for (const [name, value] of Object.entries(mine)) {
      if (name !== 'default') assert.equal(value, (WebSocket as unknown as Record<string, unknown>)[name], name);
    }
  });

  it('exports to browsers a function that throws, as ws does', async () => {
    const outputs = ['ws-linger', 'ws-upstream'].map(async (name) => {
      const code = `try { require('${name}')() } catch (error) { console.log(error.message) }`;
      return (await runNode(['--conditions=browser', '-e', code], { cwd: ROOT })).stdout;
    });
    const [mine, theirs] = await Promise.all(outputs);
    assert.match(mine ?? '', /does not work in the browser/);
    assert.equal(mine, theirs);
  });

  it('has the entry points of ws, and a version in the range of ws 8', () => {
    const [mine, theirs] = [require('ws-linger/package.json'), require('ws-upstream/package.json')];
    assert.deepEqual(Object.keys(mine.exports['.']), Object.keys(theirs.exports['.']));
    assert.ok(mine.browser && theirs.browser);
    assert.match(mine.version, /^8\.\d+\.\d+$/);
  });

  it('declares the optional peer dependencies of ws, which Yarn would otherwise hide from ws', () => {
    const [mine, theirs] = [require('ws-linger/package.json'), require('ws-upstream/package.json')];
    const optional = Object.keys(theirs.peerDependencies);
    assert.notEqual(optional.length, 0);
    for (const name of optional) {
      assert.equal(mine.peerDependencies[name], theirs.peerDependencies[name], name);
      assert.deepEqual(mine.peerDependenciesMeta[name], { optional: true }, name);
    }
  });

  it('knows its version', () => {
    assert.equal(VERSION, require('ws-linger/package.json').version);
  });

  it('names in its README the version of ws that it matches', () => {
    const lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8'));
    const [major, minor] = lock.packages['node_modules/ws-upstream'].version.split('.');
    assert.ok(readFileSync(join(ROOT, 'README.md'), 'utf8').includes(`ws ${major}.${minor}`));
  });
});
