// WS_LINGER=off gives plain ws, to those who require() and to those who import.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseOutput, ROOT, runNode } from './support/child.js';

/** Runs a script as a user's process would, and gives what it prints as JSON. */
async function run(type: 'commonjs' | 'module', code: string, setting?: string): Promise<unknown> {
  const { WS_LINGER: _, ...env } = process.env;
  if (setting !== undefined) env.WS_LINGER = setting;
  return parseOutput(await runNode([`--input-type=${type}`, '-e', code], { cwd: ROOT, env }));
}

const LOADS = {
  commonjs: `const WebSocket = require('ws-linger'); const { WebSocketServer, attach, drainOnSignal, guardProcess, guardServer, guardSocket, settled } = WebSocket;
    const Upstream = require('ws-upstream');`,
  module: `import WebSocket, {
    WebSocketServer, attach, drainOnSignal, guardProcess, guardServer, guardSocket, settled,
  } from 'ws-linger'; import Upstream from 'ws-upstream';`,
};

const IDENTITY = `
  console.log(JSON.stringify({
    sockets: WebSocket === Upstream,
    servers: WebSocketServer === Upstream.WebSocketServer,
    names: Object.keys(WebSocket).join(),
    additions: 'closeAsync' in WebSocket.prototype,
  }));`;

/** A server and a client talk; this package's functions and \`linger\` are used as by a program that knows nothing of the setting. */
const TALK = `
  const wss = new WebSocketServer({ port: 0, linger: { closeTimeout: 50, logger: false } });
  const listeners = () => JSON.stringify([process, wss, wss._server].map((emitter) => emitter.eventNames()));
  const before = listeners();
  const same = attach(wss, { logger: false }) === wss && attach('anything') === 'anything';
  const stops = [drainOnSignal(wss), guardProcess(), guardServer(wss._server)];
  guardSocket(wss._server);
  const touched = before !== listeners();
  for (const stop of stops) stop();
  wss.on('connection', (ws) => ws.on('message', (data) => ws.send(data)));
  wss.on('listening', () => {
    const events = [];
    const ws = new WebSocket('ws://127.0.0.1:' + wss.address().port);
    for (const name of ['open', 'message', 'disconnect', 'close']) ws.on(name, () => events.push(name));
    ws.on('open', () => ws.send('hello'));
    ws.on('message', () => ws.close(1000));
    ws.on('close', () => wss.close(() => console.log(JSON.stringify({ same, touched, events }))));
  });`;

for (const type of ['commonjs', 'module'] as const) {
  describe(`WS_LINGER=off, ${type}`, () => {
    it("gives ws's own classes, and without it this package's", async () => {
      const off = (await run(type, LOADS[type] + IDENTITY, 'off')) as { names: string };
      const plain = await run('commonjs', `console.log(JSON.stringify(Object.keys(require('ws-upstream')).join()))`);
      assert.deepEqual(off, { sockets: true, servers: true, names: plain, additions: false });
      const on = await run(type, LOADS[type] + IDENTITY);
      assert.deepEqual(on, {
        sockets: false,
        servers: false,
        names: `${plain},attach,drainOnSignal,guardProcess,guardServer,guardSocket,settled`,
        additions: true,
      });
    });

    it('works as ws does, for programs that use what only this package has', async () => {
      const events = ['open', 'message', 'close'];
      assert.deepEqual(await run(type, LOADS[type] + TALK, 'off'), { same: true, touched: false, events });
    });
  });
}
