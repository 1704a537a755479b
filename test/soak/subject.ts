/**
 * The process under test: servers and clients of two copies of this package, with listeners that throw. Traffic comes in rounds.
 * After each, everything is to have ended, and a sample is taken. Run by run.ts.
 */

import type { IncomingMessage } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type WebSocket from 'ws-linger';
import { until } from '../support/end.js';
import { fillStderr } from '../support/full-stderr.js';
import { EVENTS, Ledger, THROWN } from './ledger.js';
import { handles, Measure } from './measure.js';
import { atRate, type FromSubject, Random, type Setup } from './messages.js';
import { A, CLIENTS, lingering, type OurServer, SERVER_NAMES, type Serving, serve } from './ours.js';
import { chooseScene, playOurs, SCENES, type Scene, TALK } from './scenes.js';

const [setup, peersPort] = [JSON.parse(process.argv[2] as string) as Setup, Number(process.argv[3])];
const random = new Random(setup.seed + 1);
const ledger = new Ledger();
const measure = new Measure();
const servers = new Map<string, Serving>();

/** Traffic of a round, in ms, and how long its last connection may take. */
const ROUND_MS = 15_000;
const PATIENCE_MS = 30_000;
/** A server is drained and replaced this often, in ms, and has so long. */
const DRAIN_EVERY_MS = 2_500;
const DRAIN_MS = 1_000;

let playing = 0;
const drained: [name: string, wss: OurServer][] = [];

const tell = (message: FromSubject) => void process.send?.(message);

function tellTargets(isDialing: boolean): void {
  const targets = [...servers.values()].map(({ port, secure }) => ({ port, secure }));
  tell({ type: 'targets', targets, isDialing });
}

/** Begins the scene a little later, when the peer has begun its own side. One in ten has a listener that throws. */
async function begin(ws: WebSocket, scene: Scene | undefined): Promise<void> {
  if (random.below(10) === 0) {
    ws.on(random.pick(EVENTS) as 'ping', () => {
      throw new Error(THROWN);
    });
  }
  if (!scene) return;
  playing++;
  await delay(random.below(200));
  if (ws.readyState === ws.OPEN) await playOurs(scene, ws);
  playing--;
}

async function startServer(name: string): Promise<Serving> {
  const serving = await serve(name);
  serving.wss.on('connection', (ws: WebSocket, request: IncomingMessage) => {
    const scene = SCENES[Number(request.url?.slice(1))];
    ledger.watch(ws, `${name}: ${scene?.name}`);
    begin(ws, scene);
  });
  servers.set(name, serving);
  return serving;
}

/** Puts a server in the place of one, and drains that. */
async function replace(name: string): Promise<void> {
  const old = servers.get(name) as Serving;
  await startServer(name);
  tellTargets(true);
  await drain(name, old);
}

async function drain(name: string, { wss, stop }: Serving): Promise<void> {
  await wss.drain({ timeout: DRAIN_MS });
  stop();
  ledger.count('drains');
  drained.push([name, wss]);
}

/** What a server counts when it was drained and everything has ended. */
function checkDrained(): void {
  for (const [name, wss] of drained.splice(0)) {
    const { connections, lingering } = wss.stats();
    const counts = { ...connections, lingering: lingering.now };
    if (Object.values(counts).some((count) => count !== 0))
      ledger.problem(`${name}, drained: ${JSON.stringify(counts)}`);
  }
}

/** How a client of a server here ends, where both sides are this package's. */
const ENDS: ((ws: WebSocket) => void)[] = [(ws) => ws.close(1000), (ws) => ws.terminate(), (ws) => ws.abort()];

/** A client of the peers' process, or of a server here. One in twenty is refused, or given up while it opens. */
function connect(): void {
  const inside = random.below(5) === 0 ? random.pick([...servers.values()].filter(({ secure }) => !secure)) : null;
  const scene = inside ? TALK : chooseScene(random, 'tcp', 'client');
  const fails = random.below(20) === 0;
  const path = fails && !inside ? 'fails' : SCENES.indexOf(scene);
  const ws = random.pick(CLIENTS)(`ws://127.0.0.1:${inside?.port ?? peersPort}/${path}`) as WebSocket;
  ledger.watch(ws, `client of a ${inside ? 'server here' : 'peer'}: ${scene.name}`);
  if (fails && inside) setImmediate(() => ws.terminate());
  ws.on('open', async () => {
    await begin(ws, scene);
    if (inside) random.pick(ENDS)(ws);
  });
}

async function round(): Promise<void> {
  measure.resume();
  tellTargets(true);
  const stopConnecting = atRate(setup.rate / 2, connect);
  const drains: Promise<void>[] = [];
  for (let left = ROUND_MS; left > 0; left -= DRAIN_EVERY_MS) {
    await delay(DRAIN_EVERY_MS);
    drains.push(replace(random.pick(SERVER_NAMES)));
  }
  stopConnecting();
  await Promise.all(drains);
  tellTargets(false);
  const isOver = () => ledger.open + lingering() + playing === 0;
  await until('all have ended', isOver, PATIENCE_MS).catch(() => {});
  const counted = { ends: ledger.ends, connections: ledger.open, lingering: lingering() };
  ledger.left('after a round');
  checkDrained();
  tell({ type: 'sample', sample: await measure.sample(counted) });
}

async function main(): Promise<void> {
  for (const event of ['uncaughtException', 'unhandledRejection'] as const)
    process.on(event, (error: Error) => {
      if (error?.message === THROWN) ledger.count('thrown by listeners');
      else ledger.problem(`${event}: ${error?.stack}`);
    });
  const before = handles().sort().join();
  await fillStderr();
  for (const name of SERVER_NAMES) await startServer(name);
  for (let began = performance.now(); performance.now() - began < setup.trafficMs; ) await round();

  await Promise.all([...servers].map(([name, serving]) => drain(name, serving)));
  await A.settled();
  ledger.left('at the end');
  checkDrained();
  tell({ type: 'drained' });
  const isAsBefore = () => handles().sort().join() === before;
  await until('handles are as before', isAsBefore).catch(() =>
    ledger.problem(`before: ${before}; after: ${handles().sort()}`),
  );
  tell({ type: 'outcome', outcome: { problems: ledger.problems, counts: ledger.counts } });
  process.off('disconnect', process.exit);
  process.disconnect();
}

// Nobody is left to tell.
process.on('disconnect', process.exit);

main();
