/** node host.js: says what kind of control this host of the addon gives, to two servers, and whether abort() sends RST. */
import { once } from 'node:events';
import type WebSocket from 'ws-linger';
import { WebSocketServer } from 'ws-linger';
import { loadNative } from '../../dist/socket-control/load.js';
import { portOf } from '../support/end.js';
import { connectPeer, endOf } from '../support/peer.js';

/** What it says, as one line of JSON. */
export interface Host {
  control: 'native' | 'portable';
  reason: string;
  /** What the two peers saw. */
  ends: string[];
}

async function main(): Promise<void> {
  const ends: string[] = [];
  for (let i = 0; i < 2; i++) {
    const wss = new WebSocketServer({ port: 0, host: '127.0.0.1' }); // with its own logger, to stderr
    await once(wss, 'listening');
    const accepted = once(wss, 'connection');
    const peer = await connectPeer(portOf(wss));
    const seen = endOf(peer);
    ((await accepted) as [WebSocket])[0].abort();
    ends.push(await seen);
    wss.close();
  }
  const { binding, reason } = loadNative();
  const said: Host = { control: binding ? 'native' : 'portable', reason, ends };
  console.log(JSON.stringify(said));
}

main();
