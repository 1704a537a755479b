/**
 * A TCP relay between one client and the server. It can stop forwarding in both directions for a while, which simulates
 * a network outage without root.
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
      allowHalfOpen: true, // so that the relay forwards a FIN in one direction only
    });
    this.#toServer.on('error', () => abort(this.#toClient));
    this.#listener = net.createServer({ allowHalfOpen: true }, (socket) => this.#join(socket));
    this.ready = this.#listen();
    this.ready.catch(() => {}); // the run awaits it and reports the error
  }

  /** How many of the relay's two sockets this process still holds. */
  get held(): number {
    return [this.#toServer, this.#toClient].filter((socket) => socket && !socket.closed).length;
  }

  /** Opens the client's connection to the relay. For the option `createConnection` of ws. */
  connect(options: tls.ConnectionOptions): net.Socket {
    const { port } = this.#listener.address() as net.AddressInfo;
    const socket = net.connect(port, HOST);
    if (!this.#secure) return socket;
    const { host = '' } = options;
    // As in ws: TLS checks the certificate against the server's name, not against the relay's.
    return tls.connect({ ...options, path: undefined, socket, servername: net.isIP(host) ? '' : host });
  }

  /** Forwards nothing in either direction for `ms`, then continues. No byte is lost. */
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

  /** Connects to the server before it listens for the client, so that a failure reaches the client with its cause. */
  async #listen(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#toServer.once('connect', resolve);
      this.#toServer.once('error', reject);
      this.#toServer.once('close', () => reject(new Error('the relay was stopped')));
    });
    await once(this.#listener.listen(0, HOST), 'listening');
  }

  #join(client: net.Socket): void {
    this.#listener.close(); // a relay serves one client
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

/** Forwards a reset. Node cannot reset a socket that is being shut down (EINVAL), so that one is destroyed. */
function abort(socket: net.Socket | null): void {
  if (socket?.writableEnded) socket.destroy();
  else socket?.resetAndDestroy();
}
