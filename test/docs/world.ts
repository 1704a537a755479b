/**
 * What a code block of the docs lives in: loaded before it, in its process. Ports that it names are its own, so that
 * blocks can run beside each other; its server gets a peer, its client an echo server; the process ends when the
 * connection has.
 */
import { subscribe } from 'node:diagnostics_channel';
import net from 'node:net';
import Upstream from 'ws-upstream';

/** Ports as the block names them, to what they are. */
const ports = new Map<number, number>();
let peered = false;

const listen = net.Server.prototype.listen as (...args: unknown[]) => net.Server;
net.Server.prototype.listen = function (this: net.Server, first: unknown, ...rest: unknown[]) {
  const options = typeof first === 'object' && first !== null ? (first as net.ListenOptions) : null;
  const asked = Number(options ? options.port : first);
  if (!asked) return listen.call(this, first, ...rest);
  this.once('listening', () => {
    ports.set(asked, (this.address() as net.AddressInfo).port);
    if (!peered) connectPeer(ports.get(asked) as number);
    peered = true;
  });
  return listen.call(this, options ? { ...options, port: 0 } : 0, ...rest);
} as typeof net.Server.prototype.listen;

const { connect } = net.Socket.prototype;
net.Socket.prototype.connect = function (this: net.Socket, ...args: unknown[]) {
  // Node normalises the arguments of net.connect() to [[options, callback]] on the way.
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
  ws.on('error', () => {}); // of a server that is no WebSocketServer, or that is closed already
  ws.on('open', () => ws.send('hello'));
  // A server that does not answer has been told all the same.
  ws.on('open', () => ws.ping());
  ws.on('pong', () => {
    const { _socket: socket } = ws as unknown as { _socket: net.Socket };
    if (process.env.WS_LINGER_DOCS_PEER === 'resets') socket.resetAndDestroy();
    else ws.close();
  });
}

subscribe('ws-linger:disconnect', (message) => {
  const { role } = message as { role: 'server' | 'client' };
  if (role === 'server') turns(5).then(() => process.exit()); // what it says of that comes after this
});

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise(setImmediate);
}
