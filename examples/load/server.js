// An echo server for the scenarios in stability.yml. On SIGTERM or Ctrl+C it prints how its connections ended.
const { WebSocketServer } = require('ws-linger');

const wss = new WebSocketServer({ port: Number(process.env.PORT ?? 8080) });
wss.on('connection', (ws) => ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary })));
wss.on('listening', () => console.log(`listening on port ${wss.address().port}`));

async function stop() {
  await wss.drain({ timeout: 5_000 });
  console.log(wss.stats().ended);
}
process.once('SIGTERM', stop);
process.once('SIGINT', stop);
