/** A WebSocket peer made of a bare TCP socket, so that a test decides every byte, FIN and RST itself. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { type Listening, portOf } from './end.js';

/** A masked text frame (RFC 6455 §5.2) of less than 126 bytes, with a mask of zeros. */
export function textFrame(text: string): Buffer {
  return Buffer.concat([Buffer.from([0x81, 0x80 | text.length, 0, 0, 0, 0]), Buffer.from(text)]);
}

/** Frames as one side sends them: clients mask theirs, servers must not (RFC 6455 §5.1). */
export interface Frames {
  close: Buffer;
  /** The first bytes of a long frame that never comes whole. */
  half: Buffer;
  /** A small text message. */
  hello: Buffer;
}

export const CLIENT_FRAMES: Frames = {
  close: Buffer.from([0x88, 0x82, 0, 0, 0, 0, 1000 >> 8, 1000 & 0xff]),
  half: Buffer.from([0x82, 0xff, 0, 0]),
  hello: textFrame('hello'),
};

export const SERVER_FRAMES: Frames = {
  close: Buffer.from([0x88, 2, 1000 >> 8, 1000 & 0xff]),
  half: Buffer.from([0x82, 0x7f, 0, 0]),
  hello: Buffer.concat([Buffer.from([0x81, 5]), Buffer.from('hello')]),
};

/** The key of the example in RFC 6455 §1.3. */
export const SAMPLE_KEY = 'dGhlIHNhbXBsZSBub25jZQ==';

export const UPGRADE_REQUEST =
  'GET / HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
  `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${SAMPLE_KEY}\r\n\r\n`;

/** Connects to a server without sending a byte. The socket's errors are ignored. */
export function connectTcp(server: Listening): net.Socket {
  return net.connect(portOf(server), '127.0.0.1').on('error', () => {});
}

/** Connects to a WebSocket server and does the opening handshake. Errors of the socket are left to the test. */
export async function connectPeer(port: number, host = '127.0.0.1'): Promise<net.Socket> {
  const socket = net.connect({ port, host, allowHalfOpen: true });
  socket.on('error', () => {});
  socket.write(UPGRADE_REQUEST);
  const [answer] = (await once(socket, 'data')) as [Buffer];
  if (!answer.toString().startsWith('HTTP/1.1 101')) throw new Error(`no upgrade: ${answer}`);
  return socket;
}

/** Resolves with how a TCP socket was ended by its other side. */
export function endOf(socket: net.Socket): Promise<'end' | 'ECONNRESET' | string> {
  socket.resume();
  return new Promise((resolve) => {
    socket.once('end', () => resolve('end'));
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  });
}

/** FIN may have come first where it was pending, or be what libuv makes of RST behind data; then the peer's next write tells that nobody is there any more. */
export async function assertReset(peer: net.Socket, seen: string): Promise<void> {
  if (seen === 'end') {
    const failed = once(peer, 'error');
    peer.write('anybody there?');
    seen = (await failed.catch((error) => [error]))[0].code;
    assert.ok(['EPIPE', 'ECONNRESET', 'ECONNABORTED'].includes(seen), seen);
  } else {
    assert.equal(seen, 'ECONNRESET');
  }
}
