/**
 * The peers' process: bare sockets that connect to the servers of the process under test, and a server of bare sockets for its
 * clients. Run by run.ts.
 */
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import tls from 'node:tls';
import { Relay } from '../../dist/tools/stability/relay.js';
import { listen, portOf } from '../support/end.js';
import { acceptUpgrade } from '../support/pairs.js';
import { UPGRADE_REQUEST } from '../support/peer.js';
import { atRate, type FromPeers, type FromSubject, Random, type Setup, type Target } from './messages.js';
import { chooseScene, playPeer, SCENES } from './scenes.js';

const setup = JSON.parse(process.argv[2] as string) as Setup;
const random = new Random(setup.seed);
/** A peer is gone after so many ms, by FIN or RST, whatever its scene. */
const LIFE = [200, 3_000] as const;
/** Peers behind a line that is cut for so many ms at most. */
const OUTAGE_MS = 1_500;

let targets: Target[] = [];
let stop = () => {};

/** The server has nothing to say to these: they fail before they are WebSockets. */
const OPENINGS: ((tcp: net.Socket) => void)[] = [
  (tcp) => tcp.end(),
  (tcp) => tcp.resetAndDestroy(),
  (tcp) => tcp.write(UPGRADE_REQUEST.slice(0, 40), () => tcp.resetAndDestroy()),
  (tcp) => tcp.end(UPGRADE_REQUEST.slice(0, 40)),
  (tcp) => tcp.write(UPGRADE_REQUEST, () => tcp.resetAndDestroy()),
];

function ending(tcp: net.Socket, peer: net.Socket): void {
  for (const socket of [tcp, peer]) socket.on('error', () => {});
  const timer = setTimeout(
    () => (random.below(2) || peer.writableEnded ? peer.destroy() : tcp.resetAndDestroy()),
    LIFE[0] + random.below(LIFE[1] - LIFE[0]),
  );
  tcp.once('close', () => {
    clearTimeout(timer);
    peer.destroy();
  });
  peer.once('end', () => setTimeout(() => peer.end(), random.below(100)));
}

/** Sends RST, or destroys where Node refuses that. */
const reset = (tcp: net.Socket, peer: net.Socket) => () =>
  peer.writableEnded && !peer.writableFinished ? peer.destroy() : tcp.resetAndDestroy();

async function dial({ port, secure }: Target): Promise<void> {
  const relay = !secure && random.below(10) === 0 ? new Relay(`ws://127.0.0.1:${port}`) : null;
  if (relay) await relay.ready;
  const tcp = relay ? relay.connect({}) : net.connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  const peer = secure ? tls.connect({ socket: tcp, rejectUnauthorized: false }) : tcp;
  ending(tcp, peer);
  if (relay) {
    tcp.once('close', () => setTimeout(() => relay.stop(), 100));
    setTimeout(() => relay.cutOff(random.below(OUTAGE_MS)), random.below(500));
  }
  if (!secure && random.below(20) === 0) {
    tcp.once('connect', () => random.pick(OPENINGS)(tcp));
    return;
  }
  const scene = chooseScene(random, secure ? 'tls' : 'tcp', 'server');
  peer.write(UPGRADE_REQUEST.replace('/', `/${SCENES.indexOf(scene)}`));
  const [answer] = (await once(peer, 'data')) as [Buffer];
  if (answer.toString('latin1').startsWith('HTTP/1.1 101')) {
    peer.resume();
    await playPeer(scene, peer, 'server', reset(tcp, peer));
  }
}

async function main(): Promise<void> {
  const server = http.createServer();
  server.on('upgrade', (request: http.IncomingMessage, socket: net.Socket) => {
    ending(socket, socket);
    const scene = SCENES[Number(request.url?.slice(1))];
    if (!scene) {
      // The client's opening handshake fails.
      if (random.below(2)) socket.end('HTTP/1.1 401 Unauthorized\r\n\r\n');
      else socket.resetAndDestroy();
      return;
    }
    acceptUpgrade(request, socket);
    socket.resume();
    playPeer(scene, socket, 'client', reset(socket, socket));
  });
  await listen(server);
  process.on('message', (message: FromSubject) => {
    if (message.type !== 'targets') return;
    stop();
    targets = message.targets;
    if (message.isDialing) stop = atRate(setup.rate / 2, () => void dial(random.pick(targets)).catch(() => {}));
  });
  process.send?.({ type: 'ready', port: portOf(server) } satisfies FromPeers);
}

process.on('disconnect', () => process.exit());
main();
