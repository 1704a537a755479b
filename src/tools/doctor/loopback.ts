/** Pairs of connected ends on loopback, to try things on. */
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

/** Two ends of a TCP connection. The accepted one reads nothing until it is told to. */
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
    for (const end of [accepted, connected]) end.on('error', () => {}); // resets are what these are for
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
 * TLS by a key that both ends have, which needs no certificate and so leaves none that could be taken for a real one.
 * It proves nothing about the peer; this process is both.
 */
const KEY = { identity: 'ws-linger doctor', psk: Buffer.alloc(32, 'doctor') };
const TLS_SERVER = { ciphers: 'PSK', pskCallback: () => KEY.psk };
// tls.connect() wants undefined for "nothing wrong"; the types of ws say boolean.
const TLS_CLIENT = {
  ciphers: 'PSK',
  pskCallback: () => KEY,
  checkServerIdentity: () => undefined as unknown as boolean,
};

/** Two ends of a WebSocket connection, over TCP or over TLS. */
export async function webSocketPair(over: 'tcp' | 'tls', signal: AbortSignal): Promise<Pair<WebSocket>> {
  const linger = { logger: false } as const;
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
    for (const end of [accepted, connected]) end.on('error', () => {}); // 'disconnect' tells
    return { accepted, connected, stop };
  } catch (error) {
    connected.on('error', () => {});
    stop();
    throw error;
  }
}
