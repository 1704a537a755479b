/** node look-client.js HOST PORT: opens two connections and reads only from the second. */
import { once } from 'node:events';
import net from 'node:net';

const [host = '', port = ''] = process.argv.slice(2);

async function main(): Promise<void> {
  for (const reads of [false, true]) {
    const socket = net.connect({ host, port: Number(port) });
    await once(socket, 'connect');
    if (reads) socket.resume();
    else socket.pause();
  }
  process.send?.('open');
}

main();
process.on('disconnect', () => process.exit());
