/**
 * A TCP server with two connections: the peer of `stalled` reads nothing, the peer of `reading` reads all. On the
 * message 'write' it writes to both; on a connection's name it sends back what look() says of that connection.
 */
import net from 'node:net';
import { PortableControl } from '../../dist/socket-control/portable.js';
import { portOf } from './end.js';

const NAMES = ['stalled', 'reading'];
const connections = new Map<string, { socket: net.Socket; control: PortableControl }>();

const server = net.createServer((socket) => {
  socket.on('error', () => {});
  connections.set(NAMES[connections.size] ?? '', { socket, control: new PortableControl(socket) });
});
server.listen(0, '0.0.0.0', () => process.send?.({ port: portOf(server) }));

process.on('message', (what: string) => {
  if (what === 'write') {
    for (let i = 0; i < 40; i++) connections.get('stalled')?.socket.write(Buffer.alloc(1 << 20));
    connections.get('reading')?.socket.write(Buffer.alloc(1_000));
  } else process.send?.({ what, look: connections.get(what)?.control.look() ?? null });
});
process.on('disconnect', () => process.exit());
