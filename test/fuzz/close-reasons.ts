/**
 * Close reasons: what the application gives to close(), what a peer has in its close frame, and what an application destroys a socket
 * with. close() takes and sends what that of plain ws does, CloseInfo has the reason as it came, and the sentence and the log line
 * are one line of bounded length that a terminal shows as it is.
 *
 * Input: whose reason it is, the code, and the reason.
 */
import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import WebSocket, { closeSentence } from 'ws-linger';
import Upstream from 'ws-upstream';
import type { CloseInfo } from '../../dist/close-info.js';
import { logDisconnect } from '../../dist/telemetry/log.js';
import { SAMPLE_KEY } from '../support/peer.js';
import type { Class } from '../support/side-by-side.js';
import { aSecondPasses, assertShowable, recorder } from './support/lines.js';
import { endStream, MemoryStream } from './support/memory-stream.js';
import { turns, within } from './support/turns.js';

const { logger, takeLines } = recorder();
const LINGER = { closeTimeout: 200, closeDeadline: 400, logger: false };

const servers = [Upstream, WebSocket as unknown as Class].map(
  (Library) => new Library.Server({ noServer: true, closeTimeout: 200, linger: LINGER } as Upstream.ServerOptions),
);

const UPGRADE = {
  method: 'GET',
  url: '/',
  headers: { upgrade: 'websocket', 'sec-websocket-key': SAMPLE_KEY, 'sec-websocket-version': '13' },
} as unknown as IncomingMessage;

type Scene = { whose: 'ours' | 'peers' | 'error'; code: number; reason: Buffer };

function sceneOf(data: Buffer): Scene {
  const [which = 0, high = 0, low = 0] = data;
  const whose = (['ours', 'peers', 'error'] as const)[which % 3] as Scene['whose'];
  return { whose, code: (high << 8) | low, reason: data.subarray(3) };
}

interface Seen {
  thrown: string;
  closed: string;
  written: string;
}

async function play(server: Upstream.Server, { whose, code, reason }: Scene): Promise<Seen & { ws: Upstream }> {
  const stream = new MemoryStream();
  const ws = await new Promise<Upstream>((resolve) =>
    server.handleUpgrade(UPGRADE, stream, Buffer.alloc(0), (opened) => resolve(opened)),
  );
  stream.forgetWritten();
  ws.on('error', () => {});
  const closed = new Promise<string>((resolve) =>
    ws.on('close', (seen, text) => resolve(`${seen} ${text.toString('hex')}`)),
  );
  let thrown = '';
  if (whose === 'ours') {
    try {
      ws.close(code, reason.toString());
    } catch (error) {
      thrown = `${(error as Error).name} ${(error as Error).message}`;
      ws.terminate();
    }
  } else if (whose === 'peers') stream.push(closeFrame(code, reason));
  else stream.destroy(errorOf(code, reason.toString()));
  await turns(1);
  endStream(stream, 'fin');
  const seen = await within("'close'", closed);
  await turns(1);
  return { ws, thrown, closed: seen, written: stream.written.toString('hex') };
}

/** Masked by zeros (RFC 6455 §5.5.1). A longer one than 125 bytes is none. */
function closeFrame(code: number, reason: Buffer): Buffer {
  const payload = Buffer.concat([Buffer.from([code >> 8, code & 255]), reason]).subarray(0, 125);
  return Buffer.concat([Buffer.from([0x88, 0x80 | payload.length, 0, 0, 0, 0]), payload]);
}

/** As an application may make it: `how` says of what types its parts are. */
function errorOf(how: number, text: string): Error {
  const message: unknown = how & 1 ? 5 : how & 2 ? null : text;
  const code: unknown = how & 4 ? text : how & 8 ? 7 : how & 16 ? 'WS_ERR_INVALID_UTF8' : undefined;
  return Object.defineProperties(Object.assign(new Error(), code !== undefined && { code }), {
    message: { value: message },
  });
}

export async function fuzz(data: Buffer): Promise<void> {
  const scene = sceneOf(data);
  const [plainServer, server] = servers as [Upstream.Server, Upstream.Server];
  const { ws: _, ...plain } = await play(plainServer, scene);
  const { ws, ...ours } = await play(server, scene);
  assert.deepEqual(ours, plain, 'it is as with plain ws');

  const info = (ws as unknown as { closeInfo: CloseInfo }).closeInfo;
  if (scene.whose === 'peers' && info.received) {
    assert.equal(info.reason, scene.reason.subarray(0, 123).toString(), 'the reason as it came');
  }
  if (scene.whose === 'ours' && info.sent) assert.equal(info.sent.reason, scene.reason.toString());
  assertShowable(closeSentence(info), 1_000);
  aSecondPasses(() => logDisconnect(logger, { at: 0, connectionId: 7, remoteAddress: '::1', info }, false));
  const [line = '', ...others] = takeLines();
  assert.deepEqual(others, []);
  assertShowable(JSON.parse(line).msg, 1_000);
  // What docs/security.md says. The code of an application's own error is a field as it is.
  if (scene.whose !== 'error') assertShowable(line, 1_500);
}
