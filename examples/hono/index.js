// Hono's Node server takes any WebSocketServer as `websocket.server`.
import { serve, upgradeWebSocket } from '@hono/node-server';
import { Hono } from 'hono';
import { WebSocketServer } from 'ws-linger';

const app = new Hono();

app.get('/health', (c) => c.text('ok'));
app.get(
  '/',
  upgradeWebSocket(() => ({
    onMessage: (event, ws) => ws.send(event.data),
    onClose: (_event, ws) => {
      const info = ws.raw.closeInfo;
      console.log(`disconnect: ${info.kind}, origin ${info.origin}`);
    },
  })),
);

serve(
  {
    fetch: app.fetch,
    port: Number(process.env.PORT ?? 8080),
    websocket: { server: new WebSocketServer({ noServer: true }) },
  },
  ({ port }) => console.log(`listening on ${port}`),
);
