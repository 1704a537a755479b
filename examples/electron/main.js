// The main process serves WebSockets to other programs of this computer. It is Node, so all is as in a server, but for its end and for sleep.
const { app, powerMonitor } = require('electron');
const { WebSocketServer } = require('ws-linger');

const wss = new WebSocketServer({
  host: '127.0.0.1',
  port: process.env.PORT ?? 8080,
  linger: { heartbeat: true },
});

wss.on('connection', (ws) => {
  ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary }));
  ws.on('disconnect', (info) => console.log(`disconnect: ${info.kind}, origin ${info.origin}`));
});
wss.on('listening', () => console.log(`listening on ${wss.address().port}`));

// Electron would end before the connections are closed.
let isDrained = false;
app.on('before-quit', async (event) => {
  if (isDrained) return;
  event.preventDefault();
  await wss.drain({ timeout: 5_000 });
  isDrained = true;
  app.quit();
});

// `powerMonitor` is there when the app is ready. A peer that went away meanwhile is found by a ping now, not by the next heartbeat.
app.whenReady().then(() => {
  powerMonitor.on('resume', () => {
    for (const ws of wss.clients) ws.ping();
  });
});
