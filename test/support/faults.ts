/**
 * Faults: what a peer or the application may do to an open connection, with the result that plain ws reports and the
 * CloseInfo that this package must report. faults.test.ts runs each of them; docs/faults.md lists them.
 */
import { once } from 'node:events';
import type net from 'node:net';
import { addAbortSignal } from 'node:stream';
import type WebSocket from 'ws-linger';
import { until } from './end.js';
import { type Pair, socketOf, stall, type Transport } from './pairs.js';

export interface Fault {
  /** The fault, worded to follow "when". */
  name: string;
  cause(pair: Pair): void | Promise<void>;
  /**
   * What plain ws reports: the code of its 'close' event, or no such event. Absent where the fault calls an API that
   * plain ws lacks.
   */
  plain?: number | 'no close';
  ours: Partial<WebSocket.CloseInfo>;
  /** The transports on which the fault is possible and has this result; all, if absent. */
  only?: readonly Transport[];
  role?: 'server' | 'client';
  /** Node itself leaks a handle that cannot be closed. */
  leaksInNode?: true;
  /** The socket is destroyed with a made-up error, because the test cannot cause the real one. */
  injected?: true;
}

const TCP: readonly Transport[] = ['tcp', 'tcp6'];
const NOT_PIPE: readonly Transport[] = ['tcp', 'tcp6', 'tls'];

/** Pauses the WebSocket and fills its socket's read buffer, after which the socket stops reading. */
async function fillPaused({ ws, peer }: Pair): Promise<void> {
  ws.pause();
  peer.write(Buffer.concat([Buffer.from([0x82, 0xff, 0, 0, 0, 0, 0, 0x20, 0, 0, 0, 0, 0, 0]), Buffer.alloc(1 << 20)]));
  const socket = socketOf(ws);
  const hasStopped = () => socket.readableLength >= socket.readableHighWaterMark;
  await until('the socket stops reading', () => hasStopped() || socket.destroyed);
}

const onData = (peer: net.Socket, act: () => void) => void peer.once('data', act);

export const FAULTS: Fault[] = [
  {
    name: 'the peer closes by the handshake',
    cause: ({ peer, frames }) => {
      onData(peer, () => peer.end());
      peer.write(frames.close);
    },
    plain: 1000,
    ours: { kind: 'clean', origin: 'peer', phase: 'open', code: 1000, clean: true, forced: null, expected: true },
  },
  {
    name: 'close() is answered by the peer',
    cause: ({ ws, peer, frames }) => {
      onData(peer, () => peer.end(frames.close));
      ws.close(1000, 'done');
    },
    plain: 1000,
    ours: { kind: 'clean', origin: 'local', phase: 'open', code: 1000, clean: true, forced: null, expected: true },
  },
  {
    name: 'the peer sends RST',
    cause: ({ reset }) => reset(),
    plain: 1006,
    ours: { kind: 'reset', origin: 'peer', phase: 'open', code: 1006, clean: false, forced: null, expected: true },
    only: NOT_PIPE,
  },
  {
    name: 'the peer sends 61 pings at once and reads no pong',
    cause: ({ peer, frames }) => {
      peer.pause();
      peer.write(Buffer.concat(Array(61).fill(frames.ping)));
    },
    plain: 1006,
    ours: { kind: 'slow-consumer', origin: 'peer', phase: 'open', by: 'auto-pong-limit', expected: false },
  },
  {
    name: 'the application destroys the socket with an error of its own',
    cause: ({ ws }) => void socketOf(ws).destroy(new Error('quota')),
    plain: 1006,
    ours: { kind: 'local-abort', origin: 'local', phase: 'open', code: 1006, forced: null, expected: true },
  },
  {
    name: "the application's AbortSignal destroys the socket",
    cause: ({ ws }) => {
      const abort = new AbortController();
      addAbortSignal(abort.signal, socketOf(ws));
      abort.abort();
    },
    plain: 1006,
    ours: { kind: 'local-abort', origin: 'local', phase: 'open', code: 1006, forced: null, expected: true },
  },
  {
    name: 'the peer answers close() by RST',
    cause: ({ ws, peer, reset }) => {
      onData(peer, reset);
      ws.close(1000);
    },
    plain: 1006,
    ours: { kind: 'reset', origin: 'peer', phase: 'handshake', code: 1006, clean: false, forced: null, expected: true },
    only: NOT_PIPE,
  },
  {
    name: 'the peer sends RST once both close frames have crossed',
    cause: ({ peer, frames, reset }) => {
      onData(peer, () => setImmediate(reset));
      peer.write(frames.close);
    },
    plain: 1000,
    ours: { kind: 'clean', origin: 'peer', code: 1000, clean: true, expected: true },
    only: NOT_PIPE,
  },
  {
    name: 'the peer sends FIN without a close frame',
    cause: ({ peer }) => void peer.end(),
    plain: 1006,
    ours: { kind: 'closed-without-handshake', origin: 'peer', phase: 'open', code: 1006, forced: null, expected: true },
  },
  {
    name: 'the peer sends FIN in the middle of a frame',
    cause: ({ peer, frames }) => void peer.end(frames.half),
    plain: 1006,
    ours: { kind: 'closed-without-handshake', origin: 'peer', phase: 'open', code: 1006, forced: null, expected: true },
  },
  {
    name: 'the peer answers close() by FIN without a close frame',
    cause: ({ ws, peer }) => {
      onData(peer, () => peer.end());
      ws.close(1000);
    },
    plain: 1006,
    ours: { kind: 'closed-without-handshake', origin: 'peer', phase: 'handshake', code: 1006, forced: null },
  },
  {
    name: 'the peer never answers close()',
    cause: ({ ws, peer }) => {
      peer.pause();
      ws.close(1000);
    },
    plain: 'no close',
    ours: { kind: 'close-timeout', origin: 'peer', phase: 'handshake', code: 1006, forced: null, expected: true },
    only: NOT_PIPE,
  },
  {
    name: 'the peer of a pipe never answers close()',
    cause: ({ ws, peer }) => {
      peer.pause();
      ws.close(1000);
    },
    plain: 'no close',
    ours: { kind: 'close-timeout', origin: 'peer', phase: 'handshake', code: 1006, forced: null },
    only: ['pipe'],
  },
  {
    name: 'close() is called while megabytes wait for a peer that has stopped reading',
    cause: async (pair) => {
      await stall(pair);
      pair.ws.close(1001);
    },
    plain: 'no close',
    ours: { kind: 'close-timeout', origin: 'peer', phase: 'handshake', code: 1006, forced: null },
    only: TCP,
  },
  {
    name: 'the peer closes by the handshake and then keeps TCP open',
    cause: ({ peer, frames }) => {
      peer.pause();
      peer.write(frames.close);
    },
    plain: 'no close',
    ours: { kind: 'clean', origin: 'peer', code: 1000, clean: true, forced: null },
    only: TCP,
    role: 'server',
  },
  {
    name: 'the peer sends FIN while megabytes wait for it and it has stopped reading',
    cause: async (pair) => {
      await stall(pair);
      pair.peer.end();
    },
    plain: 'no close',
    ours: { kind: 'closed-without-handshake', origin: 'peer', phase: 'open', code: 1006, forced: null },
    only: TCP,
  },
  {
    name: 'the peer breaks the protocol',
    cause: ({ peer }) => {
      onData(peer, () => peer.end());
      peer.write(Buffer.from([0xff, 0xff, 0xff, 0xff]));
    },
    plain: 1006,
    ours: { kind: 'protocol-error', origin: 'peer', phase: 'open', expected: false },
  },
  {
    name: 'abort() is called',
    cause: ({ ws }) => ws.abort(),
    ours: { kind: 'local-abort', origin: 'local', phase: 'open', code: 1006, forced: 'reset', expected: true },
    only: NOT_PIPE,
  },
  {
    name: 'abort() is called on a pipe',
    cause: ({ ws }) => ws.abort(),
    ours: { kind: 'local-abort', origin: 'local', phase: 'open', code: 1006, forced: 'destroy', expected: true },
    only: ['pipe'],
  },
  {
    name: 'terminate() is called on an idle connection',
    cause: ({ ws }) => ws.terminate(),
    plain: 1006,
    ours: { kind: 'local-abort', origin: 'local', phase: 'open', code: 1006, forced: 'destroy', expected: true },
  },
  {
    name: 'terminate() is called while megabytes wait for a peer that has stopped reading',
    cause: async (pair) => {
      await stall(pair);
      pair.ws.terminate();
    },
    plain: 1006,
    ours: { kind: 'local-abort', origin: 'local', phase: 'open', code: 1006, forced: 'destroy' },
    only: TCP,
  },
  {
    name: 'terminate() is called right after close()',
    cause: ({ ws }) => {
      ws.close(1000);
      ws.terminate();
    },
    plain: 1006,
    ours: { kind: 'local-abort', origin: 'local', phase: 'handshake', code: 1006 },
  },
  {
    name: 'close() is called twice, with two codes',
    cause: ({ ws, peer }) => {
      peer.once('data', (frame: Buffer) => {
        // The peer echoes the code that it received (RFC 6455 §5.5.1). This must be the code of the first close().
        const code = ws.url ? unmasked(frame) : frame.subarray(2, 4);
        peer.end(Buffer.concat([Buffer.from(ws.url ? [0x88, 2] : [0x88, 0x82, 0, 0, 0, 0]), code]));
      });
      ws.close(4001);
      ws.close(4002);
    },
    plain: 4001,
    ours: { kind: 'clean', origin: 'local', code: 4001, clean: true },
  },
  {
    name: "close() is called inside 'message'",
    cause: ({ ws, peer, frames }) => {
      ws.once('message', () => ws.close(1000));
      onData(peer, () => peer.end(frames.close));
      peer.write(frames.hello);
    },
    plain: 1000,
    ours: { kind: 'clean', origin: 'local', phase: 'open', code: 1000 },
  },
  {
    name: "close() is called inside 'error', after the peer broke the protocol",
    cause: ({ ws, peer }) => {
      ws.once('error', () => ws.close(1000));
      onData(peer, () => peer.end());
      peer.write(Buffer.from([0xff, 0xff, 0xff, 0xff]));
    },
    plain: 1006,
    ours: { kind: 'protocol-error', origin: 'peer', phase: 'open' },
  },
  {
    name: "close(), terminate() and abort() are called inside 'disconnect'",
    cause: ({ ws, peer }) => {
      ws.once('disconnect', () => {
        ws.close();
        ws.terminate();
        ws.abort();
      });
      peer.end();
    },
    ours: { kind: 'closed-without-handshake', origin: 'peer', phase: 'open', forced: null },
  },
  {
    name: 'close() is called on a paused connection whose peer answers',
    cause: ({ ws, peer, frames }) => {
      ws.pause();
      onData(peer, () => peer.end(frames.close));
      ws.close(1000);
    },
    plain: 'no close',
    ours: { kind: 'clean', origin: 'local', code: 1000, clean: true, forced: null },
  },
  {
    name: 'close() is called on a paused connection that the peer has reset behind unread data',
    cause: async (pair) => {
      await fillPaused(pair);
      pair.reset();
      await once(pair.peer, 'close');
      pair.ws.close(1000);
    },
    plain: 1006,
    ours: { kind: 'reset', origin: 'peer', code: 1006, forced: null },
    only: TCP,
  },
  {
    name: "the caller ends the socket and then resets it by Node's resetAndDestroy()",
    cause: ({ ws }) => {
      const socket = socketOf(ws);
      socket.end();
      process.nextTick(() => socket.resetAndDestroy());
    },
    plain: 'no close',
    ours: { kind: 'local-abort', origin: 'local', phase: 'open', code: 1006 },
    only: TCP,
    leaksInNode: true,
  },
  {
    name: 'the caller destroys the socket below the WebSocket',
    cause: ({ ws }) => void socketOf(ws).destroy(),
    plain: 1006,
    ours: { kind: 'local-abort', origin: 'local', phase: 'open', code: 1006, forced: null },
  },
  ...injected(),
];

/** Faults whose errors a test cannot cause, so the socket is destroyed with them. */
function injected(): Fault[] {
  const rows: [code: string, syscall: string, why: string, ours: Partial<WebSocket.CloseInfo>][] = [
    [
      'ECONNABORTED',
      'write',
      'a write fails as the local stack gives up (10053)',
      { kind: 'aborted', origin: 'network' },
    ],
    [
      'ECANCELED',
      'write',
      'a write in flight is cancelled by the stack (10053)',
      { kind: 'aborted', origin: 'network' },
    ],
    [
      'EPIPE',
      'write',
      'a write finds the connection closed (10058)',
      { kind: 'closed-without-handshake', origin: 'peer' },
    ],
    ['ETIMEDOUT', 'read', 'retransmission runs out (10060)', { kind: 'timed-out', origin: 'network' }],
    ['ENETUNREACH', 'read', 'the network has no route (10051)', { kind: 'unreachable', origin: 'network' }],
    ['EHOSTUNREACH', 'read', 'the host has no route (10065)', { kind: 'unreachable', origin: 'network' }],
    ['ENETDOWN', 'read', 'the network is down (10050)', { kind: 'unreachable', origin: 'network' }],
    ['ENOBUFS', 'write', 'buffers or ports run out (10055)', { kind: 'unknown', origin: 'local', expected: false }],
    ['UNKNOWN', 'read', 'an error comes that libuv has no name for', { kind: 'unknown', origin: 'network' }],
  ];
  const faults = rows.map(
    ([code, syscall, why, ours]): Fault => ({
      name: `${why}: ${syscall} ${code}`,
      cause: ({ ws }) => {
        socketOf(ws).setKeepAlive(false); // which is on by default, and would be taken for the cause of UNKNOWN
        fail(ws, code, syscall);
      },
      plain: 1006,
      ours: { phase: 'open', code: 1006, forced: null, expected: ours.kind !== 'unknown', ...ours },
      only: ['tcp'],
      injected: true,
    }),
  );
  faults.push({
    name: 'keep-alive fails on Windows (10052): read UNKNOWN with keep-alive on',
    cause: ({ ws }) => {
      socketOf(ws).setKeepAlive(true, 60_000);
      fail(ws, 'UNKNOWN', 'read');
    },
    plain: 1006,
    ours: { kind: 'timed-out', origin: 'network', phase: 'open', expected: true },
    only: ['tcp'],
    injected: true,
  });
  faults.push({
    name: "a write fails after this side's own FIN: write EPIPE",
    cause: ({ ws }) => {
      socketOf(ws).end();
      fail(ws, 'EPIPE', 'write');
    },
    plain: 1006,
    ours: { kind: 'closed-without-handshake', origin: 'local' },
    only: ['tcp'],
    injected: true,
  });
  return faults;
}

function fail(ws: WebSocket, code: string, syscall: string): void {
  socketOf(ws).destroy(Object.assign(new Error(`${syscall} ${code}`), { code, syscall, errno: -1 }));
}

/** Returns the first two bytes of a masked frame's payload (RFC 6455 §5.3): the code of a close frame. */
function unmasked(frame: Buffer): Buffer {
  const mask = frame.subarray(2, 6);
  return Buffer.from(frame.subarray(6, 8).map((byte, i) => byte ^ (mask[i] as number)));
}
