/** Takes sockets from its parent, answers their upgrade requests, and echoes. */
import type net from 'node:net';

process.on('message', (_message, socket) => {
  const taken = socket as net.Socket | undefined;
  taken?.write('HTTP/1.1 101 Switching Protocols\r\n\r\n');
  taken?.on('data', (data) => taken.write(data));
});
process.on('disconnect', () => process.exit());
