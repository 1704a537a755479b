/** Sockets that no server of ours has: one at a time, or all of the process. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import { closeErrorOf, judgeLost } from '../connection/classify';
import { type LingerOptions, type LoggerOption, parseOptions } from '../options';
import { keepPeerAddress, logEnd } from '../telemetry/log';
import { isGuarded } from './guard';
import { catchLostConnection } from './orphan-errors';

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
 * Keeps a lost connection of one socket, a proxy's say, from killing the process where nobody listens for its 'error'. It is
 * logged as `stray-socket`. Every other error is thrown as it would be without this.
 *
 * @param options - The `linger` options; `logger` is of use here.
 * @throws `WSL_ERR_*` for wrong options, before anything is touched.
 */
export function guardSocket(socket: Socket, options?: LingerOptions): void {
  catchStray(socket, parseOptions(options).logger);
}

/**
 * The same for every socket of TCP servers and clients that is made after the call: a last net, for code that one does not own.
 * A connection attempt that fails is thrown as it would be without this. TLS servers need no such net, since Node listens
 * to their sockets itself; clients of `tls.connect()` are not covered, since Node does not announce them.
 *
 * @param options - The `linger` options; `logger` is of use here.
 * @returns What takes the net away again.
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
