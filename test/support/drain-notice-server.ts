// A server that talks to each of its clients until it is drained with a notice, and says farewell to them in it. Reports what it sent to each and got of each.
import { WebSocketServer } from 'ws-linger';
import { portOf } from './end.js';

const wss = new WebSocketServer({ port: 0, linger: { logger: false } }, () => {
  process.send?.(portOf(wss));
});
const sent: Record<string, number> = {};
const received: Record<string, number> = {};

wss.on('connection', (ws, request) => {
  const id = request.url as string;
  Object.assign(sent, { [id]: 0 });
  Object.assign(received, { [id]: 0 });
  const send = (text: string) => {
    if (ws.readyState !== ws.OPEN) return;
    ws.send(text);
    sent[id] = (sent[id] as number) + 1;
  };
  const talk = setInterval(send, 20, 'x'.repeat(500));
  wss.on('draining', () => send('farewell'));
  ws.on('message', () => {
    received[id] = (received[id] as number) + 1;
  });
  ws.on('close', () => clearInterval(talk));
});
wss.setMaxListeners(0);

process.once('message', async () => {
  const began = performance.now();
  const ended = await wss.drain({ notice: 1_000, spread: 1_000 });
  const took = performance.now() - began;
  const by = new Set(wss.recentEnds().map(({ info }) => info.by));
  process.send?.({ sent, received, ended, took, by: [...by] });
  process.disconnect();
});
