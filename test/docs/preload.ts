/**
 * Loaded before a code block of the docs, in its process. Replaces the ports that the block names by free ones, so that
 * blocks can run at the same time. Connects a peer to the block's server, gives its client an echo server, and ends the
 * process when the server's connection has ended.
 */
import { subscribe } from 'node:diagnostics_channel';
import net from 'node:net';
import Upstream from 'ws-upstream';

/** From the ports that the block names to the real ones. */
const ports = new Map<number, number>();
let hasPeer = false;

const listen = net.Server.prototype.listen as (...args: unknown[]) => net.Server;
net.Server.prototype.listen = function (this: net.Server, first: unknown, ...rest: unknown[]) {
  const options = typeof first === 'object' && first !== null ? (first as net.ListenOptions) : null;
  const asked = Number(options ? options.port : first);
  if (!asked) return listen.call(this, first, ...rest);
  this.once('listening', () => {
    ports.set(asked, (this.address() as net.AddressInfo).port);
    if (!hasPeer) connectPeer(ports.get(asked) as number);
    hasPeer = true;
  });
  return listen.call(this, options ? { ...options, port: 0 } : 0, ...rest);
} as typeof net.Server.prototype.listen;

const { connect } = net.Socket.prototype;
net.Socket.prototype.connect = function (this: net.Socket, ...args: unknown[]) {
  // Node passes the arguments of net.connect() on as [[options, callback]].
  const [first] = Array.isArray(args[0]) ? args[0] : args;
  if (typeof first === 'object' && first !== null && 'port' in first) {
    const asked = Number(first.port);
    if (asked === 8080) first.port = ports.get(asked) ?? echoServer(asked);
  }
  return connect.apply(this, args as Parameters<typeof connect>);
} as typeof connect;

function echoServer(asked: number): number {
  const wss = new Upstream.WebSocketServer({ port: 0 });
  const { port } = wss.address() as net.AddressInfo;
  wss.on('connection', (ws) => ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary })));
  ports.set(asked, port);
  return port;
}

function connectPeer(port: number): void {
  const ws = new Upstream(`ws://localhost:${port}`);
  ws.on('error', () => {}); // the server may be no WebSocketServer, or already closed
  ws.on('open', () => ws.send('hello'));
  // The pong shows that the server has read the message, even if the block does not answer it.
  ws.on('open', () => ws.ping());
  ws.on('pong', () => {
    const { _socket: socket } = ws as unknown as { _socket: net.Socket };
    if (process.env.WS_LINGER_DOCS_PEER === 'resets') socket.resetAndDestroy();
    else ws.close();
  });
}

subscribe('ws-linger:disconnect', (message) => {
  const { role } = message as { role: 'server' | 'client' };
  if (role === 'server') turns(5).then(() => process.exit()); // the block's own 'disconnect' listeners run first
});

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise(setImmediate);
}
