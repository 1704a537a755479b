// Tests over a real connection. They close all that they open, so that Vitest exits by itself.
import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from 'vitest';
import WebSocket, { WebSocketServer } from 'ws-linger';
import { askForGreeting } from './greeting.js';

let wss;
let url;
beforeAll(async () => {
  wss = new WebSocketServer({ port: 0 });
  wss.on('connection', (ws) => ws.send('hello'));
  await once(wss, 'listening');
  url = `ws://localhost:${wss.address().port}`;
});
afterAll(() => new Promise((resolve) => wss.close(resolve)));

test('asks for the greeting, and closes', async () => {
  expect(await askForGreeting(url)).toEqual({ greeting: 'hello', kind: 'clean' });
});

test('the server learns of a client that is reset', async () => {
  const client = new WebSocket(url);
  const [ws] = await once(wss, 'connection');
  await once(client, 'open');
  client.abort();
  const [info] = await once(ws, 'disconnect');
  expect(info).toMatchObject({ kind: 'reset', origin: 'peer' });
});
