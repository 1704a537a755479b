/** node host.js: prints which control this host process has, and whether abort() sends RST on two servers. */
import { once } from 'node:events';
import type WebSocket from 'ws-linger';
import { WebSocketServer } from 'ws-linger';
import { loadNative } from '../../dist/socket-control/load.js';
import { portOf } from '../support/end.js';
import { connectPeer, endOf } from '../support/peer.js';

/** Printed as one line of JSON. */
export interface Host {
  control: 'native' | 'portable';
  reason: string;
  /** How the two peers were ended. */
  ends: string[];
}

async function main(): Promise<void> {
  const ends: string[] = [];
  for (let i = 0; i < 2; i++) {
    const wss = new WebSocketServer({ port: 0, host: '127.0.0.1' }); // with the default logger, which writes to stderr
    await once(wss, 'listening');
    const accepted = once(wss, 'connection');
    const peer = await connectPeer(portOf(wss));
    const seen = endOf(peer);
    ((await accepted) as [WebSocket])[0].abort();
    ends.push(await seen);
    wss.close();
  }
  const { binding, reason } = loadNative();
  const result: Host = { control: binding ? 'native' : 'portable', reason, ends };
  console.log(JSON.stringify(result));
}

main();
