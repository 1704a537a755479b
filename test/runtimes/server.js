// A server for a test in another process. On "close" it closes the connection; on "send N" it sends N bytes first.
const { WebSocketServer } = require('ws-linger');

const wss = new WebSocketServer({ host: '127.0.0.1', port: 0, linger: { closeTimeout: 500, logger: false } });

wss.on('connection', (ws) => {
  ws.on('message', (data) => {
    const [word, bytes] = String(data).split(' ');
    if (word === 'send') ws.send(Buffer.alloc(Number(bytes)));
    ws.close();
  });
  ws.on('disconnect', (info) => console.log(info.kind, info.origin));
});

wss.on('listening', () => console.log(`listening on ${wss.address().port}`));
