/**
 * A TCP relay between one client and the server. It can stop forwarding for a while in both directions: a cut in the
 * client's network that needs no root.
 */
import { once } from 'node:events';
import net from 'node:net';
import tls from 'node:tls';

const HOST = '127.0.0.1';

export class Relay {
  /** Resolves when the relay has reached the server, so that the client may connect. */
  readonly ready: Promise<void>;
  readonly #secure: boolean;
  readonly #listener: net.Server;
  readonly #toServer: net.Socket;
  #toClient: net.Socket | null = null;
  #cut: NodeJS.Timeout | undefined;

  constructor(serverUrl: string) {
    const { hostname, port, protocol } = new URL(serverUrl);
    this.#secure = protocol === 'wss:';
    this.#toServer = net.connect({
      host: hostname.replace(/^\[(.*)\]$/, '$1'),
      port: Number(port) || (this.#secure ? 443 : 80),
      allowHalfOpen: true, // so that a FIN is passed on in its own direction only
    });
    this.#toServer.on('error', () => abort(this.#toClient));
    this.#listener = net.createServer({ allowHalfOpen: true }, (socket) => this.#join(socket));
    this.ready = this.#listen();
    this.ready.catch(() => {}); // told by whoever waits for it
  }

  /** How many of its two sockets this process still holds. */
  get held(): number {
    return [this.#toServer, this.#toClient].filter((socket) => socket && !socket.closed).length;
  }

  /** For the option `createConnection` of ws: the client's connection, which leads through the relay. */
  connect(options: tls.ConnectionOptions): net.Socket {
    const { port } = this.#listener.address() as net.AddressInfo;
    const socket = net.connect(port, HOST);
    if (!this.#secure) return socket;
    const { host = '' } = options;
    // As ws does it: the certificate has to be the server's.
    return tls.connect({ ...options, path: undefined, socket, servername: net.isIP(host) ? '' : host });
  }

  /** Forwards nothing for so many ms, in neither direction; then goes on where it stopped. */
  cutOff(ms: number): void {
    const [server, client] = [this.#toServer, this.#toClient];
    if (!client || this.#cut) return;
    server.unpipe(client).pause();
    client.unpipe(server).pause();
    this.#cut = setTimeout(() => this.#forward(client), ms);
  }

  stop(): void {
    clearTimeout(this.#cut);
    this.#listener.close();
    this.#toServer.destroy();
    this.#toClient?.destroy();
  }

  /** Reaches the server first, so that the client is told the cause where that fails. */
  async #listen(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#toServer.once('connect', resolve);
      this.#toServer.once('error', reject);
      this.#toServer.once('close', () => reject(new Error('the relay was stopped')));
    });
    await once(this.#listener.listen(0, HOST), 'listening');
  }

  #join(client: net.Socket): void {
    this.#listener.close(); // there is one client
    this.#toClient = client;
    client.on('error', () => abort(this.#toServer));
    if (this.#toServer.destroyed) abort(client);
    else this.#forward(client);
  }

  #forward(client: net.Socket): void {
    this.#toServer.pipe(client);
    client.pipe(this.#toServer);
  }
}

/** Passes a reset on. Node cannot reset a socket that is being shut down (EINVAL). */
function abort(socket: net.Socket | null): void {
  if (socket?.writableEnded) socket.destroy();
  else socket?.resetAndDestroy();
}
