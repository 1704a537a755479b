/** Clients of the servers: a browser of webpack-dev-server and of peerjs-server, an editor, and a sender of Node-RED. */
import type { RawData } from 'ws-upstream';
import { type CallingPeer, call, type Hear, parse } from './peer.js';

export async function webpackClient(port: number, hear: Hear): Promise<CallingPeer> {
  const onMessage = (data: RawData) => hear(parse(data).type);
  // Without the origin of its page it is refused.
  return call(port, '/ws', onMessage, { origin: `http://127.0.0.1:${port}` });
}

export async function peerjsClient(port: number, hear: Hear): Promise<CallingPeer> {
  const ws = await call(port, '/peerjs?key=peerjs&id=one&token=t', (data) => hear(parse(data).type));
  ws.send(JSON.stringify({ type: 'HEARTBEAT' }));
  return ws;
}

const DOCUMENT = [3, ...Buffer.from('doc')];
/** Messages of the Hocuspocus protocol: a token, the first step of a synchronisation, the end. */
const TOKEN = Buffer.from([...DOCUMENT, 2, 0, 1, ...Buffer.from('t')]);
const SYNC = Buffer.from([...DOCUMENT, 0, 0, 1, 0]);
const CLOSE = 7;

/** As @hocuspocus/provider does, it closes when the server has closed its last document. */
export async function hocuspocusClient(port: number, hear: Hear): Promise<CallingPeer> {
  const ws = await call(port, '/', (data) => {
    const [type, step] = (data as Buffer).subarray(DOCUMENT.length);
    hear(`type ${type} ${step}`);
    if (type === CLOSE) ws.close();
  });
  ws.send(TOKEN);
  ws.send(SYNC);
  return ws;
}

export async function nodeRedClient(port: number, hear: Hear): Promise<CallingPeer> {
  const ws = await call(port, '/echo', (data, isBinary) => hear(`${isBinary ? 'binary' : 'text'} ${data}`));
  ws.send('hello');
  return ws;
}
