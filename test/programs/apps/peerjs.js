// A signalling server with peer (peerjs-server). It has no way to stop of its own: an app closes the WebSockets, for which it
// gives createWebSocketServer, and the HTTP server.
const { once } = require('node:events');
const { createRequire } = require('node:module');
const { PeerServer } = require('peer');

const { WebSocketServer } = createRequire(require.resolve('peer'))('ws');

exports.exits = false; // its timers never end

exports.start = async ({ log }) => {
  let wss;
  let http;
  await new Promise((resolve) => {
    const createWebSocketServer = (options) => {
      wss = new WebSocketServer(options);
      return wss;
    };
    const app = PeerServer({ host: '127.0.0.1', port: 0, createWebSocketServer }, (server) => {
      http = server;
      resolve();
    });
    app.on('connection', (client) => log('connection', client.getId()));
    app.on('disconnect', (client) => log('disconnect', client.getId()));
    app.on('message', (client, { type }) => log('message', client.getId(), type));
    app.on('error', (error) => log('error', error));
  });
  return {
    port: http.address().port,
    send: async (text) => {
      for (const ws of wss.clients) ws.send(text);
    },
    shutdown: async () => {
      http.close();
      const closed = [...wss.clients].map((ws) => once(ws, 'close'));
      for (const ws of wss.clients) ws.close(1001);
      await Promise.all(closed);
    },
  };
};
