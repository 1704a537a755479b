// node drain-on-signal-server.js [COMPANY…]: a server that drains when its process receives a signal or the message
// 'shutdown', in the company of others that listen. Sends its port to its parent when it listens, and again on 'port'.
import { writeSync } from 'node:fs';
import type * as ours from 'ws-linger';
import { drainOnSignal, WebSocketServer } from 'ws-linger';
import { portOf } from './end.js';

/** Exit code where the application ends the process. */
const BY_THE_APPLICATION = 7;
const linger = { closeTimeout: 60_000, logger: false } as const;
const wss = new WebSocketServer({ port: 0, host: '127.0.0.1', linger });

/** What an application does about a signal: it waits for its server, and then for something else. */
function shutDown(): void {
  wss.once('close', () => setTimeout(() => process.exit(BY_THE_APPLICATION), 50));
}

/** Prints what the package signal-exit calls its listeners with. */
function tellSignal(code: number | null, signal: string | null): void {
  writeSync(1, `${code} ${signal}\n`);
}

const COMPANY: Record<string, () => void> = {
  'signal-exit 3': () => require('signal-exit-3')(tellSignal),
  'signal-exit 4': () => require('signal-exit-4').onExit(tellSignal),
  /** Nothing else keeps the process alive once its server has closed. */
  'no parent to talk to': () => process.disconnect(),
  'a handler of the application': () => process.on('SIGTERM', shutDown),
  'a handler for one signal': () => process.once('SIGTERM', shutDown),
  /** As terminus and others do it. */
  'a handler that sends the signal again': () =>
    process.once('SIGTERM', () => setTimeout(() => process.kill(process.pid, 'SIGTERM'), 200)),
  'a cleanup for one signal': () => process.once('SIGTERM', () => {}),
  'a listener for other messages': () => process.on('message', () => {}),
  /** It answers with the first two messages that it gets. */
  'a listener for messages that comes late'() {
    process.removeAllListeners('message');
    for (const call of [1, 2]) drainOnSignal(wss, { timeout: 60_000 + call });
    const answer = (first: unknown) => process.once('message', (second) => process.send?.([first, second]));
    wss.once('connection', () => setImmediate(() => process.once('message', answer)));
  },
  'another copy of the package'() {
    for (const file of Object.keys(require.cache)) delete require.cache[file];
    const copy = require('ws-linger') as typeof ours;
    copy.drainOnSignal(new copy.WebSocketServer({ port: 0, host: '127.0.0.1', linger }), { timeout: 60_000 });
  },
  /** Each server sends whether both are ready when it is announced that it is drained. */
  'a second server in another call'() {
    const second = new WebSocketServer({ port: 0, host: '127.0.0.1', linger });
    drainOnSignal([second], { notice: 50, timeout: 60_000 });
    for (const server of [wss, second]) server.on('draining', () => process.send?.([wss.ready, second.ready]));
    second.on('listening', () => process.send?.(portOf(second)));
  },
  'a listener that throws'() {
    process.on('uncaughtException', () => process.send?.('thrown'));
    wss.on('connection', (ws) => ws.on('message', () => assertNever()));
  },
  /** The process has nothing to do but wait for messages; it ends with 3 where it does not wait for them. */
  'an application that removes all listeners for messages'() {
    process.removeAllListeners('message');
    process.on('message', () => {});
    wss.close();
    process.on('beforeExit', () => process.exit(3));
    setTimeout(() => process.exit(0), 200).unref();
  },
};

function assertNever(): never {
  throw new Error('an error of the application');
}

const sendPort = () => process.send?.(portOf(wss));
wss.on('listening', () => {
  drainOnSignal(wss, { timeout: 60_000 });
  sendPort();
  for (const name of process.argv.slice(2)) COMPANY[name]?.();
});
process.once('message', (message) => {
  if (message === 'port') sendPort();
  if (message === 'close') {
    for (const ws of wss.clients) ws.close(1001);
    wss.close();
  }
});
