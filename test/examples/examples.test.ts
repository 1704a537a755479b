// Starts every app of examples/. One client exchanges messages with it and resets; another one closes. What else an app is for is
// tested in the file of its name.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { availableParallelism } from 'node:os';
import { after, before, describe, it } from 'node:test';
import type WebSocket from 'ws-linger';
import { WebSocketServer } from 'ws-linger';
import { canRunWindows, onWindows, temporary, windowsPath } from '../install/projects.js';
import type { Program } from '../support/child.js';
import { portOf } from '../support/end.js';
import {
  appsFolder,
  connectTo,
  installApps,
  isInside,
  portOfApp,
  requireInstalled,
  soon,
  startApp,
  stopApps,
} from './apps.js';
import { broadcast } from './broadcast.js';
import { electron } from './electron.js';
import { hono } from './hono.js';
import { proxy } from './proxy.js';
import { reconnectingClient } from './reconnecting-client.js';
import { socketIoRecovery } from './socket.io-recovery.js';
import { trpc } from './trpc.js';
import { windowsService } from './windows-service.js';
import { yWebsocket } from './y-websocket.js';

interface Example {
  name: string;
  /** Its program, where that is not index.js. */
  program?: string;
  /** What else it is for. */
  tests?: () => void;
  /** Whether it is left to the weekly run, since `.ci/run` has no time for it. */
  weekly?: true;
  /** The path of its WebSockets. */
  path?: string;
  subprotocol?: string;
  /** Messages that a client sends, each with a part of the answer. */
  talk: [message: string | Buffer, answer: string][];
}

// MQTT 3.1.1: CONNECT as client "a", SUBSCRIBE to "t", PUBLISH "hello" to "t"; and the answers to the first two.
const MQTT_CONNECT = Buffer.from('\x10\x0d\0\x04MQTT\x04\x02\0\x3c\0\x01a');
const MQTT_SUBSCRIBE = Buffer.from('\x82\x06\0\x01\0\x01t\0', 'latin1');
const MQTT_PUBLISH = Buffer.from('\x30\x08\0\x01thello');
const MQTT_CONNACK = '\x20\x02\0\0';
const MQTT_SUBACK = '\x90\x03\0\x01\0';

const ALL: Example[] = [
  { name: 'engine.io', path: '/engine.io/?EIO=4&transport=websocket', talk: [['4hello', '4hello']] },
  ...['socket.io', 'socket.io-override'].map((name) => ({
    name,
    path: '/socket.io/?EIO=4&transport=websocket',
    talk: [
      ['40', '40{"sid":'],
      ['42["message","hello"]', '42["message","hello"]'],
    ] as Example['talk'],
  })),
  {
    name: 'graphql-ws',
    path: '/graphql',
    subprotocol: 'graphql-transport-ws',
    talk: [
      ['{"type":"connection_init"}', '{"type":"connection_ack"}'],
      ['{"type":"subscribe","id":"1","payload":{"query":"{ hello(to: \\"you\\") }"}}', '"hello":"hello you"'],
      ['{"type":"pong"}', '"type":"complete"'], // 'complete' follows the result of the query
    ],
  },
  { name: 'fastify-websocket', talk: [['hello', 'hello']] },
  { name: 'nestjs', talk: [['{"event":"echo","data":"hello"}', '{"event":"echo","data":"hello"}']] },
  { name: 'express-ws', talk: [['hello', 'hello']] },
  { name: 'koa-websocket', talk: [['hello', 'hello']] },
  {
    name: 'mqtt',
    subprotocol: 'mqtt',
    talk: [
      [MQTT_CONNECT, MQTT_CONNACK],
      [MQTT_SUBSCRIBE, MQTT_SUBACK],
      [MQTT_PUBLISH, MQTT_PUBLISH.toString()],
    ],
  },
  { name: 'crossws', talk: [['hello', 'hello']] },
  { name: 'broadcast', tests: broadcast, talk: [['hello', 'hello']] },
  { name: 'hono', tests: hono, weekly: true, talk: [['hello', 'hello']] },
  {
    name: 'trpc',
    tests: trpc,
    weekly: true,
    talk: [
      ['{"id":1,"method":"subscription","params":{"path":"said"}}', '"type":"started"'],
      ['{"id":2,"method":"mutation","params":{"path":"say","input":"hello"}}', '"id":2,"result":{"type":"data"'],
      ['PING', 'PONG'],
    ],
  },
  {
    name: 'socket.io-recovery',
    tests: socketIoRecovery,
    weekly: true,
    path: '/socket.io/?EIO=4&transport=websocket',
    talk: [
      ['40', '"pid":'],
      ['42["message","hello"]', '42["message","hello",'], // and the number of the message
    ],
  },
  // An empty state vector (sync step 1), and the empty document (sync step 2).
  {
    name: 'y-websocket',
    tests: yWebsocket,
    weekly: true,
    path: '/room',
    talk: [[Buffer.from('\0\0\x01\0'), '\0\x01\x02\0\0']],
  },
  { name: 'reconnecting-client', tests: reconnectingClient, talk: [['hello', 'hello']] },
  { name: 'proxy', tests: proxy, talk: [['hello', 'hello']] },
  { name: 'windows-service', tests: windowsService, talk: [['hello', 'hello']] },
  { name: 'electron', tests: electron, weekly: true, program: 'main.js', talk: [['hello', 'hello']] },
];

const EXAMPLES = ALL.filter(({ weekly }) => !weekly || process.env.WS_LINGER_TEST_WEEKLY === '1');

before(() => installApps(EXAMPLES.map(({ name }) => name)));
after(stopApps);

/** Connects to an example and exchanges its messages. */
async function talkTo({ path, subprotocol, talk }: Example, port: number): Promise<WebSocket> {
  const ws = await connectTo(port, path, subprotocol);
  let received = '';
  ws.on('message', (data) => {
    received += data.toString('latin1');
  });
  for (const [message, answer] of talk) {
    ws.send(message);
    while (!received.includes(answer)) await once(ws, 'message');
  }
  return ws;
}

describe('the apps', { concurrency: availableParallelism() }, () => {
  /** The server behind the proxy. */
  let target: WebSocketServer;
  before(() => {
    target = new WebSocketServer({ port: 0 });
    target.on('connection', (ws) => ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary })));
  });
  after(() => target.drain());

  for (const example of EXAMPLES) {
    describe(example.name, { concurrency: 1 }, () => {
      let app: Program;
      let port: number;
      before(async () => {
        app = startApp(example.name, [example.program ?? 'index.js'], { TARGET: `ws://localhost:${portOf(target)}` });
        port = await portOfApp(app);
      });
      after(() => app.stop());

      for (const [what, end, line] of [
        ['resets', 'abort', /disconnect: reset, origin peer/],
        ['closes', 'close', /disconnect: clean, origin peer/],
      ] as const) {
        it(`prints how it ended when a client ${what}`, soon, async () => {
          const ws = await talkTo(example, port);
          const { length } = app.output;
          ws[end]();
          await app.prints(line, length);
        });
      }
    });
  }

  it(
    'the client of mqtt receives its own message through the broker, and prints its end when it is reset',
    soon,
    async () => {
      const broker = startApp('mqtt');
      const port = await portOfApp(broker);
      const between = net.createServer((socket) => {
        socket.pipe(net.connect(port, 'localhost')).pipe(socket);
      });
      between.listen(0, 'localhost');
      const connected = once(between, 'connection');
      await once(between, 'listening');
      const client = startApp('mqtt', ['client.js', `ws://localhost:${portOf(between)}`]);
      const [socket] = (await connected) as [net.Socket];
      await client.prints(/message: greetings hello/);
      socket.resetAndDestroy();
      await client.prints(/disconnect: reset, origin peer/);
      between.close();
      await Promise.all([client.stop(), broker.stop()]);
    },
  );

  for (const { tests } of EXAMPLES) tests?.();
});

if (isInside) {
  it('the examples use the addon, unless WS_LINGER_NATIVE=0 disables it', () => {
    const { WebSocketServer } = requireInstalled('ws-linger') as typeof WebSocket;
    const make = () => new WebSocketServer({ noServer: true, linger: { control: 'native' } });
    if (process.env.WS_LINGER_NATIVE === '0') assert.throws(make, { code: 'WSL_ERR_NATIVE_UNAVAILABLE' });
    else make();
  });
}

describe('all examples on Windows Node', { skip: !canRunWindows }, () => {
  if (isInside) return;
  for (const [control, env] of [
    ['with the addon', {}],
    ['without the addon', { WS_LINGER_NATIVE: '0' }],
  ] as const) {
    it(`pass ${control}`, async () => {
      const inside = { WS_LINGER_EXAMPLES: windowsPath(appsFolder()), WS_LINGER_TEST_INSTALL: windowsPath(temporary) };
      await onWindows(['--test-force-exit', windowsPath(__filename)], appsFolder(), {
        ...env,
        ...inside,
        NODE_TEST_CONTEXT: '',
      });
    });
  }
});
