/** The last net: sockets for which nobody in this process listens. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import { judgeLost } from './classify';
import { closeErrorOf } from './close-error';
import { isGuarded } from './guard';
import { logEnd } from './log';
import { type LingerOptions, parseOptions } from './options';
import { catchLost } from './unheard';

const CHANNELS = ['net.server.socket', 'net.client.socket'];

/**
 * Keeps a lost connection of any TCP server or client from killing the process where nobody listens for its 'error'. Each is
 * logged as `stray-socket`. Every other error is thrown as it would be without this, and so is a connection attempt that
 * fails. TLS servers need no such net, since Node listens to their sockets itself; clients of `tls.connect()` are not covered,
 * since Node does not announce them.
 *
 * A net for code that one does not own. It is armed for sockets that are made after the call.
 *
 * @param options - The `linger` options; `logger` is of use here.
 * @returns What takes the net away again.
 * @throws `WSL_ERR_*` for wrong options, before anything is touched.
 */
export function guardProcess(options?: LingerOptions): () => void {
  const { logger } = parseOptions(options);
  const onError = catchLost((socket, error, heard) => {
    if (heard || isGuarded(socket)) return;
    const [kind, origin] = judgeLost(error) ?? ['unknown', 'network'];
    const end = { kind, origin, phase: 'open', code: 1006, expected: true, elapsedMs: 0 } as const;
    logEnd(logger, 'stray-socket', { ...end, error: closeErrorOf(error) }, socket.remoteAddress);
  });
  const onSocket = (message: unknown) => void (message as { socket: Socket }).socket.on('error', onError);
  for (const channel of CHANNELS) subscribe(channel, onSocket);
  return () => {
    for (const channel of CHANNELS) unsubscribe(channel, onSocket);
  };
}
