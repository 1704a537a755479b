/** The attacks: what the server's application does, and what the peers do. Names are those of `npm run test:attacks -- NAME`. */
import type net from 'node:net';
import type WebSocket from 'ws-linger';
import type { ServerOptions } from 'ws-linger';
import { CLIENT_FRAMES, SAMPLE_KEY, SERVER_FRAMES, UPGRADE_REQUEST } from '../support/peer.js';
import { type Crowd, read, readToEnd, reset, write } from './crowd.js';

export interface Attack {
  name: string;
  /** How long it lasts where nobody says so, once its peers are there. */
  seconds: number;
  /** What differs from the default options; plain ws ignores `linger`. */
  options?: ServerOptions;
  /** What the application does with a connection of these peers. */
  serve?(ws: WebSocket): void;
  attack(crowd: Crowd): Promise<unknown>;
  /** Where the same number of peers hold on to each server, what they hold is compared: bytes for each peer, beyond the limit of all. */
  heldPerPeer?: number;
}

export const HONEST_PATH = '/honest';

// ---------- Opening handshakes ----------

const HALF_REQUEST = UPGRADE_REQUEST.slice(0, UPGRADE_REQUEST.length / 2);

async function spell(socket: net.Socket, isOver: () => boolean): Promise<void> {
  for (let at = 0; !isOver() && !socket.destroyed; at++) {
    socket.write(UPGRADE_REQUEST.charAt(at));
    await new Promise((resolve) => setTimeout(resolve, 1_000));
  }
}

const OPENINGS: Attack[] = [
  {
    name: 'half-open upgrades',
    seconds: 2,
    heldPerPeer: 0,
    async attack(crowd) {
      await crowd.gather(20_000, async () => write(await crowd.connect(), HALF_REQUEST));
      await crowd.rest();
    },
  },
  {
    name: 'unanswered upgrades',
    seconds: 2,
    heldPerPeer: 640, // the time limit, which ws does not have,
    options: {
      verifyClient: ({ req }: { req: { url?: string } }, answer: (accepts: boolean) => void) => {
        if (req.url === HONEST_PATH) answer(true);
      },
    },
    async attack(crowd) {
      await crowd.gather(10_000, async () => write(await crowd.connect(), UPGRADE_REQUEST));
      await crowd.rest();
    },
  },
  {
    name: 'slow handshakes',
    seconds: 5,
    heldPerPeer: 0,
    async attack(crowd) {
      const sockets: net.Socket[] = [];
      await crowd.gather(5_000, async () => sockets.push(await crowd.connect()));
      let isOver = false;
      const spelling = sockets.map((socket) => spell(socket, () => isOver));
      await crowd.rest();
      isOver = true;
      await Promise.all(spelling);
    },
  },
];

// ---------- Floods ----------

const FLOODERS = 50;
const times = (count: number, frame: Buffer) => Buffer.concat(Array(count).fill(frame));

/** A text of one byte in 1,000 frames (RFC 6455 §5.4), masked by zero. */
const FRAGMENTS = Buffer.concat([
  Buffer.from([0x01, 0x80, 0, 0, 0, 0]),
  times(998, Buffer.from([0x00, 0x81, 0, 0, 0, 0, 0x61])),
  Buffer.from([0x80, 0x80, 0, 0, 0, 0]),
]);

/** As many as ws answers at once; it gives up a peer that leaves more pongs waiting. */
const PINGS = times(50, CLIENT_FRAMES.ping);
const PONG_BYTES = SERVER_FRAMES.ping.length;

async function pingOnAndOn(crowd: Crowd): Promise<void> {
  const sockets: net.Socket[] = await Promise.all(Array.from({ length: FLOODERS }, () => crowd.open()));
  await crowd.repeat(
    async () => {
      const socket = sockets.pop() ?? (await crowd.open());
      socket.write(PINGS);
      await read(socket, 50 * PONG_BYTES);
      sockets.push(socket);
    },
    { lanes: FLOODERS },
  );
}

const FLOODS: Attack[] = [
  { name: 'pings', seconds: 3, attack: pingOnAndOn },
  {
    name: 'unread pongs',
    seconds: 3,
    attack: (crowd) =>
      crowd.repeat(
        async () => {
          const socket = (await crowd.open()).pause();
          await crowd.flood(socket, times(20, PINGS));
          await reset(socket);
        },
        { lanes: FLOODERS },
      ),
  },
  {
    name: 'tiny fragments',
    seconds: 3,
    async attack(crowd) {
      const sockets = await Promise.all(Array.from({ length: FLOODERS }, () => crowd.open()));
      const floods = sockets.map(async (socket) => {
        crowd.done += await crowd.flood(socket.resume(), FRAGMENTS);
      });
      await Promise.all(floods);
    },
  },
];

// ---------- RST in each phase ----------

const resets = (phase: string, act: (crowd: Crowd) => Promise<net.Socket>, serve?: Attack['serve']): Attack => ({
  name: `RST ${phase}`,
  seconds: 3,
  ...(serve && { serve }),
  attack: (crowd) => crowd.repeat(async () => reset(await act(crowd))),
});

const after = (connect: (crowd: Crowd) => Promise<net.Socket>, bytes: Buffer | string) => async (crowd: Crowd) => {
  const socket = await connect(crowd);
  await write(socket, bytes);
  return socket;
};
const connect = (crowd: Crowd) => crowd.connect();
const open = (crowd: Crowd) => crowd.open();

const RESETS: Attack[] = [
  resets('before the request', connect),
  resets('in half a request', after(connect, HALF_REQUEST)),
  resets('right after the request', after(connect, UPGRADE_REQUEST)),
  resets('while open', open),
  resets('in half a frame', after(open, CLIENT_FRAMES.half)),
  resets('after its close frame', after(open, CLIENT_FRAMES.close)),
  resets("after the server's close frame", open, (ws) => ws.close(1001)),
];

// ---------- Text for the log ----------

/** What breaks lines, rewrites a terminal or turns text around. */
const HOSTILE = '\r\n\u001b[2J\u001b]0;owned\u0007\u0000\u007f\u0085\u2028\u2029\u202e{"level":60}';

/** A masked close frame (RFC 6455 §5.5.1), also one that is too long for it. */
function closeFrame(code: number, reason: Buffer): Buffer {
  const payload = Buffer.concat([Buffer.from([code >> 8, code & 0xff]), reason]);
  const { length } = payload;
  const size = length < 126 ? [0x80 | length] : [0xfe, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([0x88, ...size, 0, 0, 0, 0]), payload]);
}

const LONGEST_REASON = Buffer.from(HOSTILE.padEnd(123, HOSTILE)).subarray(0, 123);
const CLOSES = [
  closeFrame(1000, Buffer.from(HOSTILE)),
  closeFrame(4999, Buffer.from('"\\\t'.repeat(41))),
  closeFrame(3000, Buffer.alloc(123, 1)),
  closeFrame(1008, LONGEST_REASON), // ends within a character
  closeFrame(999, Buffer.from(HOSTILE)),
  closeFrame(1000, Buffer.alloc(60_000, HOSTILE)),
];

const request = (line: string, ...headers: string[]) =>
  Buffer.from([line, 'Host: test', 'Connection: Upgrade', 'Upgrade: websocket', ...headers, '', ''].join('\r\n'));

const KEY = `Sec-WebSocket-Key: ${SAMPLE_KEY}`;
const REQUESTS = [
  request('GET / HTTP/1.1', 'Sec-WebSocket-Version: 13', `Sec-WebSocket-Key: ${'\u202e'.repeat(2_000)}`),
  request('GET / HTTP/1.1', `Sec-WebSocket-Version: ${'9'.repeat(8_000)}`, KEY),
  request('GET / HTTP/1.1', 'Sec-WebSocket-Version: 13', KEY, 'Sec-WebSocket-Protocol: \u001b[2J, a, a'),
  request('GET / HTTP/1.1', 'Sec-WebSocket-Version: 0', KEY, `Sec-WebSocket-Extensions: ${';,'.repeat(3_000)}`),
  request(`GET /${'\u0085'.repeat(4_000)} HTTP/1.1`, KEY),
  request('GET / HTTP/1.1', `X: ${'x'.repeat(60_000)}`),
  request(`GET ${HOSTILE} HTTP/1.1`),
];

/** Each peer sends the next of them, and reads until the server has closed. */
function inTurn(connect: (crowd: Crowd) => Promise<net.Socket>, all: Buffer[]): Attack['attack'] {
  let next = 0;
  return (crowd) =>
    crowd.repeat(async () => {
      const socket = await connect(crowd);
      socket.write(all[next++ % all.length] as Buffer);
      await readToEnd(socket);
    });
}

const TEXTS: Attack[] = [
  { name: 'hostile close reasons', seconds: 3, attack: inTurn(open, CLOSES) },
  { name: 'hostile requests', seconds: 3, attack: inTurn(connect, REQUESTS) },
];

// ---------- Peers that do not read ----------

/** More than the kernel takes for a peer that does not read, where its buffers are made small; all peers get the same. */
const BLOCK = Buffer.alloc(256 * 1024);

const sendAndClose = (ws: WebSocket) => {
  ws.send(BLOCK);
  ws.close(1001);
};
const stop = async (crowd: Crowd) => (await crowd.open()).pause();
const LINGERING = { perSecond: 500, lanes: 20 };
const stay = (crowd: Crowd) => crowd.repeat(() => stop(crowd), LINGERING);
/** Longer than until the first look at the system's table, which may then find the row gone. */
const UNTIL_LOOKED_AT_MS = 2_300;

const READERS: Attack[] = [
  {
    name: 'stopped readers',
    seconds: 2,
    heldPerPeer: 640, // what is known of a connection
    serve: (ws) => ws.send(BLOCK),
    async attack(crowd) {
      await crowd.gather(10_000, () => stop(crowd));
      await crowd.rest();
    },
  },
  {
    name: 'table looks',
    seconds: 8,
    heldPerPeer: 0,
    serve: sendAndClose,
    async attack(crowd) {
      await crowd.gather(10_000, async () => write(await crowd.connect(), HALF_REQUEST));
      await crowd.gather(2_000, () => stop(crowd));
      await crowd.rest();
    },
  },
  {
    name: 'missed lookups',
    seconds: 6,
    serve: sendAndClose,
    attack: (crowd) =>
      crowd.repeat(
        async () => {
          const socket = await stop(crowd);
          await new Promise((resolve) => setTimeout(resolve, Math.random() * UNTIL_LOOKED_AT_MS));
          await reset(socket);
        },
        { lanes: 1_500, perSecond: 1_000 },
      ),
  },
  { name: 'lingering', seconds: 8, heldPerPeer: 0, serve: sendAndClose, attack: stay },
  {
    name: 'capped lingering',
    seconds: 8,
    heldPerPeer: 0,
    options: { linger: { maxLingering: 100 } },
    serve: sendAndClose,
    attack: stay,
  },
];

export const ATTACKS: readonly Attack[] = [...OPENINGS, ...FLOODS, ...RESETS, ...TEXTS, ...READERS];

export function attackOf(name: string | undefined): Attack {
  const found = ATTACKS.find((attack) => attack.name === name);
  if (!found) throw new Error(`there is no attack ${name}`);
  return found;
}
