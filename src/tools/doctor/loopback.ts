/** Opens connections on loopback for the self-tests, and gives them both ends. */
import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import net, { type AddressInfo } from 'node:net';
import { WebSocket } from '../../websocket';
import { WebSocketServer } from '../../websocket-server';

const HOST = '127.0.0.1';
const portOf = (server: net.Server) => (server.address() as AddressInfo).port;

interface Pair<End> {
  accepted: End;
  connected: End;
  stop(): void;
}

/** Opens a TCP connection. The accepted end is paused: it reads nothing until resume(). */
export async function tcpPair(signal: AbortSignal): Promise<Pair<net.Socket>> {
  const server = net.createServer({ pauseOnConnect: true }).listen(0, HOST);
  await once(server, 'listening', { signal });
  const connected = net.connect({ port: portOf(server), host: HOST, allowHalfOpen: true });
  const stop = () => {
    connected.destroy();
    server.close();
  };
  try {
    const [[accepted]] = (await Promise.all([
      once(server, 'connection', { signal }),
      once(connected, 'connect', { signal }),
    ])) as [[net.Socket], unknown];
    for (const end of [accepted, connected]) end.on('error', () => {}); // the self-tests send resets
    const stopBoth = () => {
      accepted.destroy();
      stop();
    };
    return { accepted, connected, stop: stopBoth };
  } catch (error) {
    stop();
    throw error;
  }
}

/**
 * TLS with a pre-shared key. It needs no certificate, so none has to be in the package, where somebody might trust it.
 * The key is no secret: this process is both ends.
 */
const KEY = { identity: 'ws-linger doctor', psk: Buffer.alloc(32, 'doctor') };
const TLS_SERVER = { ciphers: 'PSK', pskCallback: () => KEY.psk };
// tls.connect() expects undefined for a valid identity, but the types of ws say boolean.
const TLS_CLIENT = {
  ciphers: 'PSK',
  pskCallback: () => KEY,
  checkServerIdentity: () => undefined as unknown as boolean,
};

/** Opens a WebSocket connection over TCP or TLS. */
export async function webSocketPair(
  over: 'tcp' | 'tls',
  signal: AbortSignal,
): Promise<Pair<WebSocket> & { wss: WebSocketServer }> {
  const linger = { logger: false, recentEnds: 10 } as const;
  const server = over === 'tls' ? https.createServer(TLS_SERVER) : http.createServer();
  const wss = new WebSocketServer({ server, perMessageDeflate: false, linger });
  server.listen(0, HOST);
  await once(server, 'listening', { signal });
  const url = `${over === 'tls' ? 'wss' : 'ws'}://${HOST}:${portOf(server)}`;
  const options = { ...(over === 'tls' && TLS_CLIENT), perMessageDeflate: false, linger };
  const connected = new WebSocket(url, options);
  const stop = () => {
    connected.terminate();
    for (const ws of wss.clients) ws.terminate();
    wss.close();
    server.close();
  };
  try {
    const [[accepted]] = (await Promise.all([
      once(wss, 'connection', { signal }),
      once(connected, 'open', { signal }),
    ])) as [[WebSocket], unknown];
    for (const end of [accepted, connected]) end.on('error', () => {}); // 'disconnect' reports it
    return { accepted, connected, wss, stop };
  } catch (error) {
    connected.on('error', () => {});
    stop();
    throw error;
  }
}
