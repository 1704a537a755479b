/** Guards sockets that belong to no WebSocketServer: one socket, or all TCP sockets of the process. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import { closeErrorOf, judgeLost } from '../connection/classify';
import { parseOptions } from '../defaults';
import type { LingerOptions, LoggerOption } from '../options';
import { keepPeerAddress, logEnd } from '../telemetry/log';
import { isGuarded } from './guard';
import { catchLostConnection, checkEmitter } from './orphan-errors';

const CHANNELS = ['net.server.socket', 'net.client.socket'];

const caught = new WeakSet<Socket>();

function catchStray(socket: Socket, logger: LoggerOption): void {
  if (caught.has(socket)) return;
  caught.add(socket);
  keepPeerAddress(socket, logger);
  socket.on(
    'error',
    catchLostConnection((_, error, isHandled) => {
      if (isHandled || isGuarded(socket)) return;
      const [kind, origin] = judgeLost(error) ?? ['unknown', 'network'];
      const end = { kind, origin, phase: 'open', code: 1006, expected: true } as const;
      logEnd(logger, 'stray-socket', { ...end, error: closeErrorOf(error) }, socket);
    }),
  );
}

/**
 * Keeps a lost connection from ending the process where the socket, a proxy's for example, has no 'error' listener. The loss is
 * logged as `stray-socket`. Every other error is thrown as without the guard.
 *
 * @param options - The `linger` options; `logger` is of use here.
 * @throws `WSL_ERR_NOT_ATTACHABLE` for what is no socket, `WSL_ERR_*` for wrong options, before anything is touched.
 */
export function guardSocket(socket: Socket, options?: LingerOptions): void {
  checkEmitter('guardSocket()', 'a socket', socket);
  catchStray(socket, parseOptions(options).logger);
}

/**
 * Guards every socket that TCP servers and clients make after the call, for code that you cannot change. A failed connection
 * attempt is thrown as without the guard. Sockets of TLS servers are guarded by Node itself; those of `tls.connect()` are not
 * covered, since Node does not announce them.
 *
 * @param options - The `linger` options; `logger` is of use here.
 * @returns A function that ends this.
 * @throws `WSL_ERR_*` for wrong options, before anything is touched.
 */
export function guardProcess(options?: LingerOptions): () => void {
  const { logger } = parseOptions(options);
  const onSocket = (message: unknown) => catchStray((message as { socket: Socket }).socket, logger);
  for (const channel of CHANNELS) subscribe(channel, onSocket);
  return () => {
    for (const channel of CHANNELS) unsubscribe(channel, onSocket);
  };
}
