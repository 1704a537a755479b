// The server. service.js starts it and asks it to end; it runs without service.js, too.
const { drainOnSignal, WebSocketServer } = require('ws-linger');

const wss = new WebSocketServer({ port: process.env.PORT ?? 8080 });

wss.on('connection', (ws) => {
  ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary }));
  ws.on('disconnect', (info) => console.log(`disconnect: ${info.kind}, origin ${info.origin}`));
});

wss.on('listening', () => console.log(`listening on ${wss.address().port}`));
drainOnSignal(wss, { timeout: 20_000 }); // listens for the message 'shutdown'
// service.js was killed, and nobody else will ask.
process.once('disconnect', () => wss.drain({ timeout: 20_000 }).then(() => process.exit(1)));
