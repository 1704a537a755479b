/** A process of clients that is killed in the middle of its work. */
import { Client } from './client';
import type { Planned } from './plan';

export interface ToVictims {
  url: string;
  messages: number;
  planned: Planned[];
}

export interface FromVictims {
  connectMs: number[];
  failed: number[];
  sent: number;
  received: number;
}

process.on('disconnect', () => process.exit());
process.once('message', async ({ url, messages, planned }: ToVictims) => {
  const clients = planned.map((one) => new Client(url, one));
  const opened = await Promise.allSettled(clients.map((client) => client.connectMs));
  const open = clients.filter((_, i) => opened[i]?.status === 'fulfilled');
  await Promise.all(open.map((client) => client.exchange(messages)));
  const answer: FromVictims = {
    connectMs: opened.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : [])),
    failed: clients.filter((client) => !open.includes(client)).map((client) => client.planned.id),
    sent: open.reduce((sum, client) => sum + client.sent, 0),
    received: open.reduce((sum, client) => sum + client.received, 0),
  };
  process.send?.(answer);
  for (const client of open) client.exchange(1); // so that death finds them at work
});
