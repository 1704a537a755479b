/** A peer made of a bare TCP socket, for what a browser never does: it ends its connection in the way it is told to. */
import { once } from 'node:events';
import net from 'node:net';

export interface Where {
  host: string;
  port: number;
}

/** A stalled peer does not notice that the server has given it up. In ms; plain ws takes 30 s for that. */
const GONE_AT_THE_LATEST = 45_000;

/** Frames of a client (RFC 6455 §5.2), with a mask of zeros. */
const HALF_A_FRAME = Buffer.from([0x82, 0xff, 0, 0]);
const RESERVED_OPCODE = Buffer.from([0x83, 0x80, 0, 0, 0, 0]);

/** How long a peer that pauses reads nothing, in ms. */
const PAUSE = 4_000;

/** The close frame of the servers here, and the answer to it. */
export const GOING_AWAY = { code: 1001, reason: 'going away' } as const;
const CLOSE = Buffer.concat([
  Buffer.from([0x88, 2 + GOING_AWAY.reason.length, GOING_AWAY.code >> 8, GOING_AWAY.code & 0xff]),
  Buffer.from(GOING_AWAY.reason),
]);
const CLOSE_ANSWER = Buffer.from([0x88, 0x82, 0, 0, 0, 0, GOING_AWAY.code >> 8, GOING_AWAY.code & 0xff]);

interface WayToEnd {
  /** Who it is, for people. */
  peer: string;
  end: (socket: net.Socket) => void;
  /** Whether the server's part follows: it sends more than the peer takes, and closes. */
  backlog?: boolean;
}

export const WAYS = {
  rst: { peer: 'bare socket, RST', end: (socket: net.Socket) => void socket.resetAndDestroy() },
  fin: { peer: 'bare socket, FIN', end: (socket: net.Socket) => void socket.end() },
  half: {
    peer: 'bare socket, half a frame',
    end: (socket: net.Socket) => void socket.end(HALF_A_FRAME),
  },
  'bad-frame': { peer: 'bare socket, bad frame', end: (socket: net.Socket) => void socket.write(RESERVED_OPCODE) },
  stall: { peer: 'bare socket, stalled', end: (socket: net.Socket) => void socket.pause(), backlog: true },
  pause: { peer: 'bare socket, pausing', end: pauseReading, backlog: true },
} as const satisfies Record<string, WayToEnd>;

export type Way = keyof typeof WAYS;

/** Opens a WebSocket, which WAYS can end then. */
export async function connectBare({ host, port }: Where, path: string): Promise<net.Socket> {
  const socket = net.connect({ host, port });
  socket.on('error', () => {}); // the server's RST, mostly
  socket.write(
    `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  );
  const gone = setTimeout(() => socket.destroy(), GONE_AT_THE_LATEST);
  socket.once('close', () => clearTimeout(gone));
  await once(socket, 'data');
  return socket.resume();
}

/** Reads nothing for a while, then everything, and answers the close frame behind it. */
function pauseReading(socket: net.Socket): void {
  let last = Buffer.alloc(0);
  socket.pause().on('data', (chunk: Buffer) => {
    last = Buffer.concat([last, chunk]).subarray(-CLOSE.length);
    if (last.equals(CLOSE)) socket.write(CLOSE_ANSWER);
  });
  const timer = setTimeout(() => socket.resume(), PAUSE);
  socket.once('close', () => clearTimeout(timer));
}
