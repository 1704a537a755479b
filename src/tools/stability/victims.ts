/** A process of clients that is killed in the middle of its work. It opens them when it is told to. */
import { Client, type Target } from './client';
import type { Planned } from './plan';

export type ToVictims =
  | { type: 'target'; target: Target }
  | { type: 'open'; planned: Planned }
  | { type: 'exchange'; messages: number };

export type FromVictims =
  | { type: 'opened'; id: number; connectMs: number }
  | { type: 'failed'; id: number; message: string }
  | { type: 'exchanged'; sent: number; received: number };

const open: Client[] = [];
let target: Target;
const report = (message: FromVictims) => process.send?.(message);

async function openOne(planned: Planned): Promise<void> {
  const client = new Client(target, planned);
  try {
    report({ type: 'opened', id: planned.id, connectMs: await client.connectMs });
    open.push(client);
  } catch (error) {
    report({ type: 'failed', id: planned.id, message: (error as Error).message });
  }
}

async function exchange(messages: number): Promise<void> {
  await Promise.all(open.map((client) => client.exchange(messages)));
  const sum = (count: 'sent' | 'received') => open.reduce((total, client) => total + client[count], 0);
  report({ type: 'exchanged', sent: sum('sent'), received: sum('received') });
  for (const client of open) client.exchange(1); // so that death finds them at work
}

process.on('disconnect', () => process.exit());
process.on('message', (message: ToVictims) => {
  if (message.type === 'target') target = message.target;
  else if (message.type === 'open') openOne(message.planned);
  else exchange(message.messages);
});
