/** WebSocket peers made of a bare TCP socket, so that a test controls every byte, FIN and RST. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { type Listening, portOf } from './end.js';

/** Builds a masked text frame (RFC 6455 §5.2) for fewer than 126 bytes. The mask is zero. */
export function textFrame(text: string): Buffer {
  return Buffer.concat([Buffer.from([0x81, 0x80 | text.length, 0, 0, 0, 0]), Buffer.from(text)]);
}

/** Frames that one side sends. Clients must mask frames, servers must not (RFC 6455 §5.1). */
export interface Frames {
  close: Buffer;
  /** The first bytes of a long frame whose rest is never sent. */
  half: Buffer;
  /** A small text message. */
  hello: Buffer;
  ping: Buffer;
}

export const CLIENT_FRAMES: Frames = {
  close: Buffer.from([0x88, 0x82, 0, 0, 0, 0, 1000 >> 8, 1000 & 0xff]),
  half: Buffer.from([0x82, 0xff, 0, 0]),
  hello: textFrame('hello'),
  ping: Buffer.from([0x89, 0x80, 0, 0, 0, 0]),
};

export const SERVER_FRAMES: Frames = {
  close: Buffer.from([0x88, 2, 1000 >> 8, 1000 & 0xff]),
  half: Buffer.from([0x82, 0x7f, 0, 0]),
  hello: Buffer.concat([Buffer.from([0x81, 5]), Buffer.from('hello')]),
  ping: Buffer.from([0x89, 0]),
};

/** The key of the example in RFC 6455 §1.3. */
export const SAMPLE_KEY = 'dGhlIHNhbXBsZSBub25jZQ==';

export const UPGRADE_REQUEST =
  'GET / HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
  `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${SAMPLE_KEY}\r\n\r\n`;

/** Connects to a server and sends nothing. The socket's errors are ignored. */
export function connectTcp(server: Listening): net.Socket {
  return net.connect(portOf(server), '127.0.0.1').on('error', () => {});
}

/** Connects to a WebSocket server and completes the opening handshake. The socket's errors are ignored. */
export async function connectPeer(port: number, host = '127.0.0.1'): Promise<net.Socket> {
  const socket = net.connect({ port, host, allowHalfOpen: true });
  socket.on('error', () => {});
  socket.write(UPGRADE_REQUEST);
  const [answer] = (await once(socket, 'data')) as [Buffer];
  if (!answer.toString().startsWith('HTTP/1.1 101')) throw new Error(`no upgrade: ${answer}`);
  return socket;
}

/** Resumes a socket and resolves with how its other side ends it: 'end' for FIN, or the error's code. */
export function endOf(socket: net.Socket): Promise<'end' | 'ECONNRESET' | string> {
  socket.resume();
  return new Promise((resolve) => {
    socket.once('end', () => resolve('end'));
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  });
}

/**
 * Checks that a peer was reset, given what endOf() saw. A pending FIN may arrive before the RST, and libuv may report
 * an RST behind data as an end; in both cases the peer's next write fails.
 */
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
