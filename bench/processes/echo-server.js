// A server that echoes messages, made with the library that its first argument names. Bun runs this file too.

const http = require('node:http');
const { library } = require('../harness/contestants.js');
const { HOST, listen } = require('../harness/listen.js');
const { answer } = require('../harness/processes.js');

/** For ws and ws-linger. */
function echoByWs(contestant) {
  const { WebSocketServer } = library(contestant);
  const server = http.createServer();
  const wss = new WebSocketServer({ server });
  wss.on('connection', (ws) => {
    ws.on('error', () => {});
    ws.on('message', (data, binary) => ws.send(data, { binary }));
  });
  return listen(server);
}

const SERVERS = {
  websocket() {
    const server = http.createServer();
    const wss = new (require('websocket').server)({ httpServer: server, autoAcceptConnections: true });
    wss.on('connect', (connection) => {
      connection.on('error', () => {});
      connection.on('message', ({ binaryData }) => connection.sendBytes(binaryData));
    });
    return listen(server);
  },

  'faye-websocket'() {
    const WebSocket = require('faye-websocket');
    const server = http.createServer();
    server.on('upgrade', (request, socket, head) => {
      const ws = new WebSocket(request, socket, head);
      ws.on('message', ({ data }) => ws.send(data));
    });
    return listen(server);
  },

  // engine.io's own packets are text messages; binary messages are the user's, unchanged.
  'engine.io'() {
    const engine = require('engine.io');
    const server = http.createServer();
    const io = engine.attach(server, { path: '/', transports: ['websocket'], pingInterval: 600_000 });
    io.on('connection', (socket) => socket.on('message', (data) => socket.send(data)));
    return listen(server);
  },

  bun() {
    const server = Bun.serve({
      port: 0,
      hostname: HOST,
      fetch: (request, self) => (self.upgrade(request) ? undefined : new Response('no', { status: 400 })),
      websocket: { message: (ws, message) => ws.send(message) },
    });
    return server.port;
  },
};

const contestant = process.argv[2];

answer({
  listen: () => (SERVERS[contestant] ?? echoByWs)(contestant),
  /** CPU in µs since the start, and memory in bytes, after garbage collection if `collect` is true. */
  usage(collect) {
    for (let i = 0; collect && i < 4; i++) (globalThis.gc ?? (() => Bun.gc(true)))();
    const { user, system } = process.cpuUsage();
    const { heapUsed, rss } = process.memoryUsage();
    return { cpu: user + system, heapUsed, rss };
  },
});
