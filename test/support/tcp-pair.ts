/** Opens a TCP connection with both ends in this process. */
import { once } from 'node:events';
import net from 'node:net';
import { listen, portOf } from './end.js';

export interface TcpPair {
  /** The accepted side. */
  socket: net.Socket;
  peer: net.Socket;
  stop(): void;
}

/** With `pauseOnConnect` the accepted side reads nothing until it is resumed. */
export async function tcpPair({ pauseOnConnect = false } = {}): Promise<TcpPair> {
  const server = await listen(net.createServer({ allowHalfOpen: true, pauseOnConnect }));
  const accepted = once(server, 'connection');
  const peer = net.connect({ port: portOf(server), host: '127.0.0.1', allowHalfOpen: true });
  await once(peer, 'connect');
  const [socket] = (await accepted) as [net.Socket];
  for (const side of [socket, peer]) side.on('error', () => {});
  const stop = () => {
    socket.destroy();
    peer.destroy();
    server.close();
  };
  return { socket, peer, stop };
}
