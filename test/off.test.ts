// WS_LINGER=off makes the package export plain ws, through require() and through import.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseOutput, ROOT, runNode } from './support/child.js';

/** Runs a script in a process of its own and returns the JSON that it prints. */
async function run(type: 'commonjs' | 'module', code: string, setting?: string): Promise<unknown> {
  const { WS_LINGER: _, ...env } = process.env;
  if (setting !== undefined) env.WS_LINGER = setting;
  return parseOutput(await runNode([`--input-type=${type}`, '-e', code], { cwd: ROOT, env }));
}

const IMPORTS = {
  commonjs: `const WebSocket = require('ws-linger'); const { WebSocketServer, attach, closeSentence, drainOnSignal, guardProcess, guardServer, guardSocket, readinessHandler, setDefaults, settled, statusHandler } = WebSocket;
    const Upstream = require('ws-upstream');`,
  module: `import WebSocket, {
    WebSocketServer, attach, closeSentence, drainOnSignal, guardProcess, guardServer, guardSocket, readinessHandler, setDefaults, settled,
    statusHandler,
  } from 'ws-linger'; import Upstream from 'ws-upstream';`,
};

const IDENTITY = `
  console.log(JSON.stringify({
    sockets: WebSocket === Upstream,
    servers: WebSocketServer === Upstream.WebSocketServer,
    names: Object.keys(WebSocket).join(),
    additions: 'closeAsync' in WebSocket.prototype,
  }));`;

/**
 * A server and a client that use this package's functions and \`linger\`, like a program that does not know the
 * setting.
 */
const PROGRAM = `
  const wss = new WebSocketServer({ port: 0, linger: { closeTimeout: 50, logger: false } });
  const listeners = () => JSON.stringify([process, wss, wss._server].map((emitter) => emitter.eventNames()));
  const before = listeners();
  const same = attach(wss, { logger: false }) === wss && attach('anything') === 'anything';
  const stops = [drainOnSignal(wss), guardProcess(), guardServer(wss._server)];
  guardSocket(wss._server);
  let probed = 0;
  readinessHandler(wss)(null, { end: () => probed++ });
  const status = { end: () => probed++ };
  statusHandler({ nonsense: true })(null, status);
  setDefaults({ nonsense: true });
  const touched = before !== listeners();
  for (const stop of stops) stop();
  wss.on('connection', (ws) => ws.on('message', (data) => ws.send(data)));
  wss.on('listening', () => {
    const events = [];
    const ws = new WebSocket('ws://127.0.0.1:' + wss.address().port);
    for (const name of ['open', 'message', 'disconnect', 'close']) ws.on(name, () => events.push(name));
    ws.on('open', () => ws.send('hello'));
    ws.on('message', () => ws.close(1000));
    ws.on('close', () => wss.close(() => console.log(JSON.stringify({ same, touched, events, probed, status: status.statusCode }))));
  });`;

for (const type of ['commonjs', 'module'] as const) {
  describe(`WS_LINGER=off, ${type}`, () => {
    it("exports ws's own classes; without it the package exports its own", async () => {
      const off = (await run(type, IMPORTS[type] + IDENTITY, 'off')) as { names: string };
      const plain = await run('commonjs', `console.log(JSON.stringify(Object.keys(require('ws-upstream')).join()))`);
      assert.deepEqual(off, { sockets: true, servers: true, names: plain, additions: false });
      const on = await run(type, IMPORTS[type] + IDENTITY);
      assert.deepEqual(on, {
        sockets: false,
        servers: false,
        names: `${plain},attach,closeSentence,settled,drainOnSignal,guardServer,guardProcess,guardSocket,readinessHandler,statusHandler,setDefaults`,
        additions: true,
      });
    });

    // As `set WS_LINGER=off && node …` has it in cmd.exe.
    it('is off with a blank behind it, too', async () => {
      const { sockets } = (await run(type, IMPORTS[type] + IDENTITY, 'off ')) as { sockets: boolean };
      assert.equal(sockets, true);
    });

    it('behaves as ws does in a program that uses the functions and options of this package', async () => {
      const events = ['open', 'message', 'close'];
      assert.deepEqual(await run(type, IMPORTS[type] + PROGRAM, 'off'), {
        same: true,
        touched: false,
        events,
        probed: 2,
        status: 503,
      });
    });
  });
}
