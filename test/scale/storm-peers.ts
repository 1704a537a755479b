/**
 * node storm-peers.js PORT COUNT: bare peers for storm.test.ts and lingering.test.ts, which reset their connections on
 * any message.
 */
import type net from 'node:net';
import { connectPeer } from '../support/peer.js';

const [, , port, count] = process.argv.map(Number) as [number, number, number, number];
const BATCH = 500;

async function main(): Promise<void> {
  const peers: net.Socket[] = [];
  while (peers.length < count) {
    peers.push(...(await Promise.all(Array.from({ length: BATCH }, () => connectPeer(port)))));
  }
  process.send?.('open');
  process.once('message', () => {
    for (const peer of peers) peer.resetAndDestroy();
  });
}

process.on('disconnect', () => process.exit());
main();
