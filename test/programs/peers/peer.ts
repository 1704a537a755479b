/** The other side of a program's connection, with plain ws or as a browser. */
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import Upstream, { type RawData } from 'ws-upstream';
import { listen, portOf } from '../../support/end.js';

/** Notes what the program has sent. */
export type Hear = (text: string) => void;

/** A peer to which the program connects. */
export interface ServingPeer {
  port: number;
  /** The path that the program has to ask for. */
  path?: string;
  close(): void | Promise<void>;
}

/** A peer that connects to the program. */
export interface CallingPeer {
  terminate(): void;
}

/** Parses a text message of JSON. */
export const parse = (data: RawData) => JSON.parse(data.toString());

/** A WebSocket server that selects the subprotocol offered first, and calls back for each connection. */
export async function serve(onConnection: (ws: Upstream, request: IncomingMessage) => void): Promise<ServingPeer> {
  const server = await listen(createServer());
  const wss = new Upstream.Server({ server });
  wss.on('connection', (ws, request) => {
    ws.on('error', () => {});
    onConnection(ws, request);
  });
  return {
    port: portOf(server),
    close() {
      for (const ws of wss.clients) ws.terminate();
      server.close();
    },
  };
}

/** A WebSocket client. `onMessage` is there before the first message. */
export async function call(
  port: number,
  path: string,
  onMessage: (data: RawData, isBinary: boolean) => void,
  { protocol, origin }: { protocol?: string; origin?: string } = {},
): Promise<Upstream> {
  const ws = new Upstream(`ws://127.0.0.1:${port}${path}`, protocol, { origin }).on('message', onMessage);
  await once(ws, 'open');
  return ws.on('error', () => {});
}
