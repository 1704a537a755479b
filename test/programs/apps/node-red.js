// Node-RED with a flow that answers WebSocket messages. Its nodes use ws 7, its mqtt ws 8.
const { once } = require('node:events');
const fs = require('node:fs');
const http = require('node:http');
const os = require('node:os');
const path = require('node:path');
const RED = require('node-red');

const FLOW = [
  { id: 'tab', type: 'tab', label: 'flow' },
  { id: 'listener', type: 'websocket-listener', path: '/echo', wholemsg: 'false' },
  { id: 'in', type: 'websocket in', z: 'tab', x: 1, y: 1, server: 'listener', wires: [['out']] },
  { id: 'out', type: 'websocket out', z: 'tab', x: 1, y: 1, server: 'listener', wires: [] },
  // What is posted goes to all clients.
  { id: 'post', type: 'http in', z: 'tab', x: 1, y: 1, url: '/send', method: 'post', wires: [['out', 'respond']] },
  { id: 'respond', type: 'http response', z: 'tab', x: 1, y: 1, statusCode: '204', wires: [] },
  // A broker that refuses the connection, over WebSocket: mqtt has ws 8.
  { id: 'broker', type: 'mqtt-broker', broker: 'ws://127.0.0.1:9', autoConnect: true },
  { id: 'mqtt', type: 'mqtt in', z: 'tab', x: 1, y: 1, broker: 'broker', topic: 't', wires: [[]] },
];

/** The nodes of the flow and what they need. To load all takes a minute under Wine. */
const NODES = /^(05-tls|10-mqtt|21-httpin|22-websocket)\.js$/;

/** The names of all other nodes that Node-RED has. */
function otherNodes() {
  const core = path.join(path.dirname(require.resolve('@node-red/nodes')), 'core');
  return fs
    .readdirSync(core, { recursive: true })
    .map((file) => path.basename(file))
    .filter((name) => /^\d\d-.*\.js$/.test(name) && !NODES.test(name));
}

exports.exits = false; // its command line calls process.exit()

exports.start = async ({ log }) => {
  const server = http.createServer();
  const userDir = fs.mkdtempSync(path.join(os.tmpdir(), 'node-red-'));
  fs.writeFileSync(path.join(userDir, 'flows.json'), JSON.stringify(FLOW));
  RED.init(server, {
    userDir,
    flowFile: 'flows.json',
    httpAdminRoot: false,
    nodesExcludes: otherNodes(),
    httpNodeRoot: '/',
    credentialSecret: false,
    logging: { console: { level: 'warn', metrics: false, audit: false } },
    apiMaxLength: '64mb',
    telemetry: { enabled: false },
    externalModules: { autoInstall: false },
  });
  server.on('request', RED.httpNode);
  server.on('upgrade', () => log('upgrade'));
  RED.events.on('node-status', ({ id, status }) => {
    if (id === 'in') log('status', status.event ?? 'none', status.text ?? '');
  });
  const started = new Promise((resolve) => RED.events.once('flows:started', resolve));
  await RED.start();
  await started;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  return {
    port,
    send: (body) => fetch(`http://127.0.0.1:${port}/send`, { method: 'POST', body }),
    shutdown: async () => {
      await RED.stop();
      fs.rmSync(userDir, { recursive: true, force: true });
    },
  };
};
