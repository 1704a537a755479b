/**
 * The clients of half-vanish.test.ts: plain ws, one half from each address. They count the messages that they receive.
 */
import { once } from 'node:events';
import Upstream from 'ws-upstream';
import { CLIENT_ADDRESS, OTHER_CLIENT_ADDRESS } from '../support/namespaces.js';
import { CONNECTIONS, MESSAGES } from './half-vanish.js';

const url = process.argv[2] as string;
const BATCH = 250;

function open(localAddress: string): { ws: Upstream; received: () => number } {
  const ws = new Upstream(url, { localAddress, perMessageDeflate: false });
  let received = 0;
  ws.on('message', () => received++);
  ws.on('error', () => {});
  return { ws, received: () => received };
}

async function main(): Promise<void> {
  const kept: ReturnType<typeof open>[] = [];
  for (const address of [CLIENT_ADDRESS, OTHER_CLIENT_ADDRESS]) {
    for (let made = 0; made < CONNECTIONS / 2; made += BATCH) {
      const batch = Array.from({ length: BATCH }, () => open(address));
      await Promise.all(batch.map(({ ws }) => once(ws, 'open')));
      if (address === CLIENT_ADDRESS) kept.push(...batch);
    }
  }
  process.send?.('open');
  const codes: Record<string, number> = {};
  await Promise.all(
    kept.map(async ({ ws }) => {
      const [code] = await once(ws, 'close');
      codes[code] = (codes[code] ?? 0) + 1;
    }),
  );
  const lost = kept.reduce((sum, { received }) => sum + MESSAGES - received(), 0);
  process.send?.({ lost, codes });
}

process.on('disconnect', () => process.exit());
main();
