// The package as those who import it see it: ws's shape, and what is added.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import WebSocket from 'ws-linger';
import Upstream from 'ws-upstream';
import { ROOT, runNode } from './support/child.js';

const ADDED_FUNCTIONS = ['attach', 'drainOnSignal', 'guardProcess', 'guardServer', 'guardSocket', 'settled'];
const ADDED_TO_SOCKETS = ['abort', 'closeAsync', 'closeInfo'];
const ADDED_TO_SERVERS = ['drain', 'stats'];
/** What is this package's own behind a name of ws's. All other values are the very same as ws's. */
const REPLACED = [
  ...['constructor', 'prototype', 'Server', 'WebSocket', 'WebSocketServer'],
  ...['close', 'terminate', 'setSocket', 'emitClose', 'handleUpgrade'],
];

/** Own properties must be ws's in name, attributes, accessors and values, but for what is replaced or added. */
function sameShape(actual: object, expected: object, added: string[]): void {
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

describe('the shape of the package', () => {
  it('the WebSocket class', () => sameShape(WebSocket, Upstream, ADDED_FUNCTIONS));
  it('its prototype', () => sameShape(WebSocket.prototype, Upstream.prototype, ADDED_TO_SOCKETS));
  it('the WebSocketServer class', () => sameShape(WebSocket.Server, Upstream.Server, []));
  it('its prototype too', () => sameShape(WebSocket.Server.prototype, Upstream.Server.prototype, ADDED_TO_SERVERS));

  it('a connection and a server carry what those of ws carry', () => {
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

  it('require() gives the class itself, and its names lead to the same objects', () => {
    assert.equal(require('ws-linger'), WebSocket);
    assert.ok(!('__esModule' in WebSocket));
    assert.equal(WebSocket.WebSocket, WebSocket);
    assert.equal(WebSocket.Server, WebSocket.WebSocketServer);
    assert.throws(() => (WebSocket as unknown as () => void)(), {
      name: 'TypeError',
      message: "Class constructor WebSocket cannot be invoked without 'new'",
    });
  });

  it('import gives the names of ws, and the objects that require() gives', async () => {
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

  it('a browser gets what ws gives to browsers: a function that throws', async () => {
    const said = ['ws-linger', 'ws-upstream'].map(async (name) => {
      const code = `try { require('${name}')() } catch (error) { console.log(error.message) }`;
      return (await runNode(['--conditions=browser', '-e', code], { cwd: ROOT })).stdout;
    });
    const [mine, theirs] = await Promise.all(said);
    assert.match(mine ?? '', /does not work in the browser/);
    assert.equal(mine, theirs);
  });

  it('package.json offers what that of ws does, under a version that asks for ws 8 accept', () => {
    const [mine, theirs] = [require('ws-linger/package.json'), require('ws-upstream/package.json')];
    assert.deepEqual(Object.keys(mine.exports['.']), Object.keys(theirs.exports['.']));
    assert.ok(mine.browser && theirs.browser);
    assert.match(mine.version, /^8\.\d+\.\d+$/);
  });

  it('passes on to ws the packages that ws uses where they are installed, which Yarn hides otherwise', () => {
    const [mine, theirs] = [require('ws-linger/package.json'), require('ws-upstream/package.json')];
    const optional = Object.keys(theirs.peerDependencies);
    assert.notEqual(optional.length, 0);
    for (const name of optional) {
      assert.equal(mine.peerDependencies[name], theirs.peerDependencies[name], name);
      assert.deepEqual(mine.peerDependenciesMeta[name], { optional: true }, name);
    }
  });

  it('the README names the ws that it is the equal of', () => {
    const lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8'));
    const [major, minor] = lock.packages['node_modules/ws-upstream'].version.split('.');
    assert.ok(readFileSync(join(ROOT, 'README.md'), 'utf8').includes(`ws ${major}.${minor}`));
  });
});
