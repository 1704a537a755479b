/** A WebSocket client on a bare TCP socket. It ends its connection in ways in which a browser does not. */
import { once } from 'node:events';
import net from 'node:net';

export interface Address {
  host: string;
  port: number;
}

/** After this time the peer destroys its socket, in ms: longer than the 30 s in which plain ws gives up a stalled peer. */
const MAX_LIFETIME = 45_000;

/** Client frames (RFC 6455 §5.2) with a mask of zeros. */
const HALF_A_FRAME = Buffer.from([0x82, 0xff, 0, 0]);
const RESERVED_OPCODE = Buffer.from([0x83, 0x80, 0, 0, 0, 0]);

/** How long the scenario `pause` reads nothing, in ms. */
const PAUSE = 4_000;

/** The close code and reason of the demo's servers, their close frame, and the client's answer to it. */
export const GOING_AWAY = { code: 1001, reason: 'going away' } as const;
const CLOSE = Buffer.concat([
  Buffer.from([0x88, 2 + GOING_AWAY.reason.length, GOING_AWAY.code >> 8, GOING_AWAY.code & 0xff]),
  Buffer.from(GOING_AWAY.reason),
]);
const CLOSE_ANSWER = Buffer.from([0x88, 0x82, 0, 0, 0, 0, GOING_AWAY.code >> 8, GOING_AWAY.code & 0xff]);

interface BarePeerScenario {
  /** The name of the peer on the page. */
  peer: string;
  /** What the peer does to end its connection. */
  end: (socket: net.Socket) => void;
  /** Whether the servers then send more than the peer reads, and close. */
  backlog?: boolean;
}

export const SCENARIOS = {
  rst: { peer: 'bare socket, RST', end: (socket: net.Socket) => void socket.resetAndDestroy() },
  fin: { peer: 'bare socket, FIN', end: (socket: net.Socket) => void socket.end() },
  half: {
    peer: 'bare socket, half a frame',
    end: (socket: net.Socket) => void socket.end(HALF_A_FRAME),
  },
  'bad-frame': { peer: 'bare socket, bad frame', end: (socket: net.Socket) => void socket.write(RESERVED_OPCODE) },
  stall: { peer: 'bare socket, stalled', end: (socket: net.Socket) => void socket.pause(), backlog: true },
  pause: { peer: 'bare socket, pausing', end: pauseReading, backlog: true },
} as const satisfies Record<string, BarePeerScenario>;

export type Scenario = keyof typeof SCENARIOS;

/** Does the opening handshake. Returns the socket, which a scenario then ends. */
export async function connectBare({ host, port }: Address, path: string): Promise<net.Socket> {
  const socket = net.connect({ host, port });
  socket.on('error', () => {}); // mostly the server's RST
  socket.write(
    `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  );
  const gone = setTimeout(() => socket.destroy(), MAX_LIFETIME);
  socket.once('close', () => clearTimeout(gone));
  await once(socket, 'data');
  return socket.resume();
}

/** Reads nothing for PAUSE, then reads everything, and answers the close frame at the end. */
function pauseReading(socket: net.Socket): void {
  let last = Buffer.alloc(0);
  socket.pause().on('data', (chunk: Buffer) => {
    last = Buffer.concat([last, chunk]).subarray(-CLOSE.length);
    if (last.equals(CLOSE)) socket.write(CLOSE_ANSWER);
  });
  const timer = setTimeout(() => socket.resume(), PAUSE);
  socket.once('close', () => clearTimeout(timer));
}
