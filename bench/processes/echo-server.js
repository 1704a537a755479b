// A server that sends back what it gets, made with the library that its first argument names.

const http = require('node:http');
const { library } = require('../harness/contestants.js');
const { answer } = require('../harness/processes.js');

const HOST = '127.0.0.1';

function listen(server) {
  return new Promise((resolve) => server.listen(0, HOST, 4096, () => resolve(server.address().port)));
}

/** What ws and its drop-in serve. */
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

  // Its own packets start with a text message; binary messages are those of the user, as they are.
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
  /** CPU in µs since the start, memory in bytes once what nobody holds is gone. */
  usage(collect) {
    for (let i = 0; collect && i < 4; i++) (globalThis.gc ?? (() => Bun.gc(true)))();
    const { user, system } = process.cpuUsage();
    const { heapUsed, rss } = process.memoryUsage();
    return { cpu: user + system, heapUsed, rss };
  },
});
