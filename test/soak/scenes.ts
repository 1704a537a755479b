/**
 * What happens to one connection: each fault of test/support/faults.ts and the slow peers below. A scene is played by two
 * processes, each of which has one side of the pair and a stand-in for the other.
 */
import { EventEmitter } from 'node:events';
import type net from 'node:net';
import type WebSocket from 'ws-linger';
import { FAULTS, type Fault } from '../support/faults.js';
import type { Pair, Transport } from '../support/pairs.js';
import { CLIENT_FRAMES, SERVER_FRAMES } from '../support/peer.js';
import type { Random } from './messages.js';

export type Scene = Pick<Fault, 'name' | 'cause' | 'only' | 'role'>;

const CHUNK = 4_096;

/** Reads a little, and waits. */
function readSlowly(peer: net.Socket): void {
  peer.on('data', () => {
    peer.pause();
    setTimeout(() => peer.resume(), 5);
  });
}

const SLOW: Scene[] = [
  {
    name: 'close() is called while 256 KB are on their way to a peer that reads slowly',
    cause: ({ ws, peer }) => {
      readSlowly(peer);
      for (let sent = 0; sent < 64; sent++) ws.send(Buffer.alloc(CHUNK));
      ws.close(1000);
    },
  },
  {
    name: 'the peer stops reading for a while, and then closes',
    cause: ({ ws, peer, frames }) => {
      peer.pause();
      setTimeout(() => peer.resume().end(frames.close), 300);
      ws.send(Buffer.alloc(64 * CHUNK));
    },
  },
  {
    name: 'the peer pings, sends messages, and goes',
    cause: ({ ws, peer, frames }) => {
      ws.send('hello');
      peer.write(Buffer.concat([frames.ping, frames.hello, frames.hello]));
      setTimeout(() => peer.end(frames.close), 100);
    },
  },
  { name: 'the peer says nothing more', cause: () => {} },
];

const isPossible = ({ only, leaksInNode }: Fault) =>
  !leaksInNode && (!only || only.includes('tcp') || only.includes('tls'));

/** The scene for two sides that are both this package's: they talk. */
export const TALK = SLOW.find(({ name }) => name.includes('messages')) as Scene;

export const SCENES: readonly Scene[] = [...FAULTS.filter(isPossible), ...SLOW];

/** Those with megabytes that wait are seldom. */
export function chooseScene(random: Random, transport: Transport, of: 'server' | 'client'): Scene {
  for (;;) {
    const scene = random.pick(SCENES);
    const { name, only, role } = scene;
    const fits = (!only || only.includes(transport)) && (!role || role === of);
    if (fits && (!name.includes('megabytes') || random.below(5) === 0)) return scene;
  }
}

/** Plays the side of this package. It ends when the scene has no more to do; errors are those of a connection that ended before. */
export async function playOurs(scene: Scene, ws: WebSocket): Promise<void> {
  const absent = new EventEmitter();
  const nothing = () => absent;
  const peer = Object.assign(absent, {
    pause: nothing,
    resume: nothing,
    write: nothing,
    end: nothing,
    destroy: nothing,
  });
  await play(scene, {
    ws,
    peer: peer as unknown as net.Socket,
    frames: ws.url ? SERVER_FRAMES : CLIENT_FRAMES,
    reset: () => setTimeout(() => peer.emit('close'), 50),
  });
}

/** Plays the side of the peer, of a connection whose other side is a server or a client. */
export async function playPeer(
  scene: Scene,
  peer: net.Socket,
  of: 'server' | 'client',
  reset: () => void,
): Promise<void> {
  const nothing = () => {};
  const socket = {
    ...{ readableLength: 0, readableHighWaterMark: 0 },
    ...{ destroy: nothing, end: nothing, resetAndDestroy: nothing, setKeepAlive: nothing },
  };
  const ws = {
    ...{ url: of === 'client' ? 'ws://' : '', bufferedAmount: 1, _socket: socket },
    ...{ close: nothing, terminate: nothing, abort: nothing, send: nothing, once: nothing, pause: nothing },
  };
  const frames = of === 'server' ? CLIENT_FRAMES : SERVER_FRAMES;
  await play(scene, { ws: ws as unknown as WebSocket, peer, frames, reset });
}

async function play({ cause }: Scene, half: Omit<Pair, 'clients' | 'stop'>): Promise<void> {
  try {
    await cause({ ...half, clients: null, stop: () => {} });
  } catch {}
}
