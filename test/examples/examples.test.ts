// Starts every app of examples/. One client exchanges messages with it and resets; another one closes.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import net from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import WebSocket from 'ws-linger';
import { canRunWindows, onWindows, temporary, windowsPath } from '../install/projects.js';
import { Program } from '../support/child.js';
import { portOf } from '../support/end.js';
import { installExamples } from './install.js';

interface Example {
  name: string;
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

const EXAMPLES: Example[] = [
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
  { name: 'broadcast', talk: [['hello', 'hello']] },
];

/** Set if the examples are installed already, because this file also runs on Windows Node. */
let folder = process.env.WS_LINGER_EXAMPLES ?? '';
const isInside = folder !== '';
before(async () => {
  if (!isInside) folder = await installExamples(EXAMPLES.map(({ name }) => name));
});

/** Fails a test whose app prints nothing, before the whole run is given up. */
const soon = { timeout: 60_000 };

const startApp = (name: string, args: string[], env: object = {}) =>
  new Program([process.execPath, ...args], { cwd: join(folder, name), env: { ...process.env, PORT: '0', ...env } });

/** Connects to an example and exchanges its messages. */
async function talkTo({ path = '/', subprotocol, talk }: Example, port: string): Promise<WebSocket> {
  const ws = new WebSocket(`ws://localhost:${port}${path}`, subprotocol ?? []);
  let received = '';
  ws.on('message', (data) => {
    received += data.toString('latin1');
  });
  await once(ws, 'open');
  for (const [message, answer] of talk) {
    ws.send(message);
    while (!received.includes(answer)) await once(ws, 'message');
  }
  return ws;
}

for (const example of EXAMPLES) {
  describe(example.name, () => {
    let app: Program;
    let port: string;
    before(async () => {
      app = startApp(example.name, ['index.js']);
      port = (await app.prints(/listening on (\d+)/))[1] as string;
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
    const broker = startApp('mqtt', ['index.js']);
    const port = Number((await broker.prints(/listening on (\d+)/))[1]);
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

describe('broadcast', () => {
  const MESSAGES = 100;

  /** One client sends, and reads what it sent; another one does not read before that is over, or stalls. Returns what both got. */
  async function run(policy: string, isOver: (app: Program, got: number[]) => Promise<unknown>) {
    const app = startApp('broadcast', ['index.js'], { POLICY: policy });
    const port = (await app.prints(/listening on (\d+)/))[1];
    const [fast, slow] = [0, 1].map(() => new WebSocket(`ws://localhost:${port}`, { perMessageDeflate: false }));
    const got: { fast: number[]; slow: number[] } = { fast: [], slow: [] };
    fast?.on('message', (data: Buffer) => got.fast.push(data[0] as number));
    slow?.on('message', (data: Buffer) => got.slow.push(data[0] as number));
    await Promise.all([fast, slow].map((ws) => once(ws as WebSocket, 'open')));
    slow?.pause();
    const sent = (async () => {
      for (let i = 0; i < MESSAGES; i++) {
        fast?.send(Buffer.alloc(1 << 20, i));
        while (got.fast.length <= i) await once(fast as WebSocket, 'message');
      }
    })();
    await Promise.all([isOver(app, got.fast), policy === 'wait' || sent]);
    slow?.resume();
    await sent;
    return { app, fast, slow, got };
  }

  const all = Array.from({ length: MESSAGES }, (_, index) => index);

  it('with drop: a slow client misses messages, and gets the newest one in the end', soon, async () => {
    const { app, slow, got } = await run('drop', async () => {});
    assert.deepEqual(got.fast, all);
    while (got.slow.at(-1) !== MESSAGES - 1) await once(slow as WebSocket, 'message');
    assert.ok(got.slow.length < MESSAGES, `${got.slow.length}`);
    await app.stop();
  });

  it('with wait: everybody gets everything', soon, async () => {
    const { app, slow, got } = await run('wait', async (_app, got) => {
      while (got.length < 2) await new Promise(setImmediate);
    });
    assert.deepEqual(got.fast, all);
    while (got.slow.length < MESSAGES) await once(slow as WebSocket, 'message');
    assert.deepEqual(got.slow, all);
    await app.stop();
  });

  it('with cut: a slow client is cut, and the others get everything', soon, async () => {
    const { app, got } = await run('cut', (app) => app.prints(/disconnect: local-abort, origin local/));
    assert.deepEqual(got.fast, all);
    await app.stop();
  });
});

if (isInside) {
  it('the examples use the addon, unless WS_LINGER_NATIVE=0 disables it', () => {
    const { WebSocketServer } = createRequire(join(folder, 'package.json'))('ws-linger') as typeof WebSocket;
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
      const inside = { WS_LINGER_EXAMPLES: windowsPath(folder), WS_LINGER_TEST_INSTALL: windowsPath(temporary) };
      await onWindows([windowsPath(__filename)], folder, { ...env, ...inside, NODE_TEST_CONTEXT: '' });
    });
  }
});
