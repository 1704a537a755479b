// tRPC works with any WebSocketServer that is passed to applyWSSHandler().
import { EventEmitter, on } from 'node:events';
import { initTRPC } from '@trpc/server';
import { applyWSSHandler } from '@trpc/server/adapters/ws';
import { drainOnSignal, WebSocketServer } from 'ws-linger';

const { procedure, router } = initTRPC.create();
const room = new EventEmitter();

const appRouter = router({
  say: procedure.input(String).mutation(({ input }) => {
    room.emit('said', input);
    return input;
  }),
  said: procedure.subscription(async function* ({ signal }) {
    console.log('subscription: begins');
    try {
      for await (const [text] of on(room, 'said', { signal })) yield text;
    } finally {
      console.log('subscription: ends'); // in whichever way the connection has ended
    }
  }),
});

/** After such a silence, in ms, both of them ask. A client that answers only one of them is ended by the other. */
const silence = Number(process.env.SILENCE ?? 30_000);
const wss = new WebSocketServer({
  port: process.env.PORT ?? 8080,
  linger: { heartbeat: { interval: silence } }, // a ping, which every client answers by itself
});
const handler = applyWSSHandler({
  wss,
  router: appRouter,
  keepAlive: { enabled: true, pingMs: silence }, // the message PING. Who does not answer it is told as 'local-abort'.
});

wss.on('connection', (ws) => {
  ws.on('disconnect', (info) => console.log(`disconnect: ${info.kind}, origin ${info.origin}`));
});
wss.on('draining', () => handler.broadcastReconnectNotification());
wss.on('listening', () => console.log(`listening on ${wss.address().port}`));
drainOnSignal(wss);
