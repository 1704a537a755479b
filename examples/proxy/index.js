// A proxy that speaks WebSocket on both sides: it sees the end of each, and passes it on. TARGET is the server behind it.
import http from 'node:http';
import { guardServer, WebSocket, WebSocketServer } from 'ws-linger';

const TARGET = process.env.TARGET ?? 'ws://localhost:8081';
/** So many bytes may wait for one side before the other one is not read any more. */
const LIMIT = 1024 * 1024;
/** A side that vanishes is found in 40 s, one that takes nothing for 30 s is cut. */
const linger = { heartbeat: true, sendTimeout: 30_000 };

const wss = new WebSocketServer({
  noServer: true,
  handleProtocols: (_offered, { target }) => target.protocol,
  linger,
});
const server = http.createServer();
guardServer(server); // while the target is asked, the client's socket is nobody's

server.on('upgrade', (request, socket, head) => {
  const refuse = (status) => socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
  const offered = request.headers['sec-websocket-protocol']?.split(/\s*,\s*/) ?? [];
  const headers = { 'X-Forwarded-For': socket.remoteAddress, Cookie: request.headers.cookie ?? '' };
  let target;
  try {
    if (!request.url.startsWith('/')) throw new Error('a whole URL may be of another host');
    target = new WebSocket(TARGET + request.url, offered, { headers, linger });
  } catch {
    return refuse('400 Bad Request');
  }
  const onClientGone = () => target.terminate();
  const onTargetGone = () => refuse('502 Bad Gateway');

  request.target = target;
  socket.once('close', onClientGone);
  target.once('close', onTargetGone);
  target.on('error', () => {}); // 'close' follows
  target.once('open', () => {
    target.off('close', onTargetGone);
    wss.handleUpgrade(request, socket, head, (client) => {
      socket.off('close', onClientGone);
      forward('client', client, target);
      forward('target', target, client);
    });
  });
});

function forward(name, from, to) {
  from.on('message', async (data, isBinary) => {
    to.send(data, { binary: isBinary });
    if (to.bufferedAmount < LIMIT) return;
    from.pause(); // TCP slows the sender down
    await to.flushed(); // also where `to` ends meanwhile
    from.resume();
  });
  from.on('error', () => {}); // 'disconnect' has the cause
  from.on('disconnect', (info) => {
    console.log(`disconnect: ${info.kind}, origin ${info.origin} (${name})`);
    if (!info.clean)
      to.close(name === 'client' ? 1001 : 1014, `${name}: ${info.kind}`); // 1014: bad gateway
    else if (info.code === 1005) to.close();
    else to.close(info.code, info.reason);
  });
}

server.listen(process.env.PORT ?? 8080, () => console.log(`listening on ${server.address().port}`));
