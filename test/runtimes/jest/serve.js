const net = require('node:net');
const { WebSocketServer } = require('ws-linger');

const REQUEST =
  'GET / HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
  'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';

/** Resolves with a server, a connection of it, and the peer, which reads nothing. */
exports.open = (linger) =>
  new Promise((resolve) => {
    const wss = new WebSocketServer({ port: 0, linger }, () => {
      const peer = net.connect(wss.address().port).on('error', () => {});
      peer.write(REQUEST);
      wss.on('connection', (ws) => peer.once('data', () => resolve({ wss, ws, peer: peer.pause() })));
    });
  });
