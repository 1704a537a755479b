// What the package may do is what it does: under Node's permission model, without a single right but to read files and to use the
// network, a server and a client work as ever.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { it } from 'node:test';
import { ROOT, runNode } from './support/child.js';

const CODE = `
  const { WebSocket, WebSocketServer } = require(${JSON.stringify(join(ROOT, 'dist'))});
  for (const right of ['fs.write', 'child', 'worker', 'addon']) {
    if (process.permission.has(right)) throw new Error('it has the right to ' + right);
  }
  const wss = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  wss.on('connection', (ws) => {
    ws.on('message', (data) => ws.send(data));
    ws.on('disconnect', ({ kind, control }) => {
      console.log(kind, control);
      wss.close();
    });
  });
  wss.on('listening', () => {
    const ws = new WebSocket('ws://127.0.0.1:' + wss.address().port);
    ws.on('open', () => ws.send('hello'));
    ws.on('message', () => ws.close());
  });`;

/** Each Node has other names for them. */
function rights(...readable: string[]): string[] {
  const major = Number.parseInt(process.versions.node, 10);
  const flags = [
    major >= 24 ? '--permission' : '--experimental-permission',
    ...readable.map((path) => `--allow-fs-read=${path}`),
  ];
  return process.allowedNodeEnvironmentFlags.has('--allow-net') ? [...flags, '--allow-net'] : flags;
}

it('it writes no file, starts no process and no thread, and needs no addon', async () => {
  const { code, stdout } = await runNode(['--no-warnings', ...rights('*'), '-e', CODE]);
  assert.deepEqual([code, stdout.trim()], [0, 'clean portable']);
});

it('it need not read its folder prebuilds', async () => {
  const readable = ['dist', 'node_modules', 'package.json'].map((name) => join(ROOT, name));
  const { code, stdout, stderr } = await runNode(['--no-warnings', ...rights(...readable), '-e', CODE]);
  assert.deepEqual([code, stdout.trim()], [0, 'clean portable'], stderr);
});
