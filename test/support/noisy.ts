/**
 * node noisy.js SCENE: a process whose connections end in ways that the default logger tells of. Reports to its parent by
 * messages; its stderr is the parent's business.
 */
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import WebSocket, { WebSocketServer } from 'ws-linger';
import { loadCopy } from './copies.js';
import { portOf, until } from './end.js';
import { fillStderr } from './full-stderr.js';
import { connectPeer } from './peer.js';

const BROKEN_FRAME = Buffer.from([0xff, 0xff, 0xff, 0xff]);
const PER_SECOND = 25;

async function serve(linger?: { logger: false }): Promise<WebSocketServer> {
  const wss = new WebSocketServer({ port: 0, host: '127.0.0.1', linger });
  await once(wss, 'listening');
  return wss;
}

/** Has one peer break the protocol. Resolves when its connection has closed. */
async function breakProtocol(wss: WebSocketServer, onConnection = (_: WebSocket) => {}): Promise<void> {
  const connected = once(wss, 'connection') as Promise<[WebSocket]>;
  const peer = await connectPeer(portOf(wss));
  const [ws] = await connected;
  onConnection(ws);
  peer.resume().end(BROKEN_FRAME);
  await new Promise((resolve) => ws.once('close', resolve));
}

/** Breaks the protocol 25 times a second, and returns the longest time for which the event loop stood still, in ms. */
async function storm(seconds: number): Promise<{ ended: number; longest: number }> {
  const wss = await serve();
  let longest = 0;
  let last = performance.now();
  const timer = setInterval(() => {
    longest = Math.max(longest, performance.now() - last);
    last = performance.now();
  }, 10);
  for (let i = 0; i < seconds * PER_SECOND; i++) {
    await Promise.all([breakProtocol(wss), delay(1_000 / PER_SECOND)]);
  }
  clearInterval(timer);
  return { ended: wss.stats().ended['protocol-error'], longest };
}

const isOfPino = (file: string) => /[\\/]pino[\\/]/.test(file);
const isPinoLoaded = () => Object.keys(require.cache).some(isOfPino);

/** What a descriptor of this process is; empty for one that is closed by now. */
function targetOf(fd: string): string {
  try {
    return fs.readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return '';
  }
}

const SCENES: Record<string, () => Promise<unknown>> = {
  async 'stderr is full'() {
    await fillStderr();
    return storm(2);
  },
  async 'ends by itself while stderr is full'() {
    await fillStderr();
    const wss = await serve();
    await breakProtocol(wss);
    await delay(100); // the line is written in a later turn, or would be
    wss.close();
    console.log('closed');
  },
  'a storm': () => storm(1),
  async 'stderr is destroyed'() {
    process.stderr.destroy();
    return storm(1);
  },
  async 'the descriptor of stderr is closed'() {
    fs.closeSync(2);
    return storm(1);
  },
  async 'the console and stderr are patched'() {
    const fail = () => {
      throw new Error('patched');
    };
    Object.assign(console, { error: fail, warn: fail, log: fail });
    process.stderr.write = fail;
    return storm(1);
  },
  async 'exits right after an end'() {
    await breakProtocol(await serve(), (ws) => ws.once('close', () => process.exit(0)));
  },
  async 'ends by itself right after an end'() {
    const wss = await serve();
    await breakProtocol(wss, () => wss.close());
    process.disconnect?.();
  },
  async 'a client exits right after an end'() {
    const server = await serve({ logger: false });
    const plain = net.createServer((socket) => {
      const target = net.connect(portOf(server));
      target.once('data', (answer) => socket.write(Buffer.concat([answer as Buffer, BROKEN_FRAME])));
      socket.pipe(target, { end: false }).on('error', () => {});
      socket.on('error', () => {});
    });
    plain.listen(0, '127.0.0.1');
    await once(plain, 'listening');
    const client = new WebSocket(`ws://127.0.0.1:${portOf(plain)}`);
    await new Promise((resolve) => client.once('close', resolve));
    process.exit(0);
  },
  async 'a thread ends right after an end'() {
    const worker = new Worker(__filename, { argv: ['exits right after an end'] });
    await once(worker, 'exit');
    process.exit(0);
  },
  async 'threads have a stderr of their own'() {
    const worker = new Worker(__filename, { argv: ['exits right after an end'], stderr: true });
    let own = '';
    worker.stderr.on('data', (chunk) => {
      own += chunk;
    });
    await Promise.all([once(worker, 'exit'), once(worker.stderr, 'end')]);
    return own;
  },
  async 'descriptors of three copies'() {
    for (let i = 0; i < 3; i++) {
      const copy = loadCopy();
      new copy.WebSocketServer({ noServer: true });
      await until('it has loaded pino', isPinoLoaded);
      for (const file of Object.keys(require.cache)) if (isOfPino(file)) delete require.cache[file];
    }
    const targets = fs.readdirSync('/proc/self/fd').map(targetOf);
    return targets.filter((target) => target === targetOf('2')).length;
  },
  async 'the application listens for errors'() {
    const wss = await serve();
    await breakProtocol(wss, (ws) => ws.on('error', () => {}));
    await breakProtocol(wss, (ws) => ws.once('error', () => {}));
    await breakProtocol(wss, (ws) => ws.addEventListener('error', () => {}));
    const client = new WebSocket(`wss://127.0.0.1:${portOf(wss)}`); // the server does not speak TLS
    client.on('error', () => {});
    await new Promise((resolve) => client.once('close', resolve));
    process.exit(0);
  },
  async 'pino is never loaded'() {
    await breakProtocol(await serve());
    return isPinoLoaded();
  },
  async 'pino is loaded'() {
    const seen = [isPinoLoaded()];
    const client = new WebSocket('ws://127.0.0.1:1');
    await new Promise((resolve) => client.on('error', () => {}).once('close', resolve));
    seen.push(isPinoLoaded());
    new WebSocketServer({ noServer: true, linger: { logger: false } });
    await delay(20);
    seen.push(isPinoLoaded());
    new WebSocketServer({ noServer: true });
    seen.push(isPinoLoaded());
    await delay(20);
    seen.push(isPinoLoaded());
    return seen;
  },
};

SCENES[process.argv[2] as string]?.().then((result) => process.send?.(result));
process.on('message', () => process.exit(0));
