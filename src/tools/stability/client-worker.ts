/** The child process that holds clients until the run kills it (scenario `kill`). It opens them when the run says so. */
import { Client, type Target } from './client';
import type { PlannedConnection } from './plan';

export type ToClientProcess =
  | { type: 'target'; target: Target }
  | { type: 'open'; planned: PlannedConnection }
  | { type: 'exchange'; messages: number };

export type FromClientProcess =
  | { type: 'opened'; id: number; connectMs: number }
  | { type: 'failed'; id: number; message: string }
  | { type: 'exchanged'; sent: number; received: number };

const clients: Client[] = [];
let target: Target;
const report = (message: FromClientProcess) => process.send?.(message);

async function openOne(planned: PlannedConnection): Promise<void> {
  const client = new Client(target, planned);
  try {
    report({ type: 'opened', id: planned.id, connectMs: await client.connectMs });
    clients.push(client);
  } catch (error) {
    report({ type: 'failed', id: planned.id, message: (error as Error).message });
  }
}

async function exchange(messages: number): Promise<void> {
  await Promise.all(clients.map((client) => client.exchange(messages)));
  const sum = (count: 'sent' | 'received') => clients.reduce((total, client) => total + client[count], 0);
  report({ type: 'exchanged', sent: sum('sent'), received: sum('received') });
  for (const client of clients) client.exchange(1); // so that the kill interrupts connections that carry data
}

process.on('disconnect', () => process.exit());
process.on('message', (message: ToClientProcess) => {
  if (message.type === 'target') target = message.target;
  else if (message.type === 'open') openOne(message.planned);
  else exchange(message.messages);
});
