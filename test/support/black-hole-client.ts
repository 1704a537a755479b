/**
 * node black-hole-client.js URL PATH…: opens one plain ws connection for each path and sends nothing but, to /paused, more than is
 * read there. The test then cuts its network.
 */
import { once } from 'node:events';
import Upstream from 'ws-upstream';

const [base, ...paths] = process.argv.slice(2);

async function open(path: string): Promise<void> {
  const ws = new Upstream(base + path);
  await once(ws, 'open');
  if (path === '/paused') ws.send(Buffer.alloc(1024 * 1024));
}

Promise.all(paths.map(open)).then(() => process.send?.('open'));
process.on('disconnect', () => process.exit());
