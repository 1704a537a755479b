/** The last net: sockets for which nobody in this process listens. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Server, Socket } from 'node:net';
import { Server as TlsServer } from 'node:tls';
import { judgeLost } from './classify';
import { closeErrorOf } from './close-error';
import { isGuarded } from './guard';
import { logEnd } from './log';
import { type LingerOptions, parseOptions } from './options';
import { catchLost } from './unheard';

const CHANNELS = ['net.server.socket', 'net.client.socket'];

/**
 * Keeps a lost connection of any TCP or TLS server, and of any TCP client, from killing the process where nobody listens for
 * its 'error'. Each is logged as `stray-socket`. Every other error is thrown as it would be without this, and so is a
 * connection attempt that fails. Clients of `tls.connect()` are not covered: Node does not announce them.
 *
 * A net for code that one does not own. It is armed for sockets that are made after the call.
 *
 * @param options - The `linger` options; `logger` is of use here.
 * @returns What takes the net away again.
 * @throws `WSL_ERR_*` for wrong options, before anything is touched.
 */
export function guardProcess(options?: LingerOptions): () => void {
  const { logger } = parseOptions(options);
  const tlsServers = new WeakSet<Server>();
  const onError = catchLost((socket, error, heard) => {
    if (heard || isGuarded(socket)) return;
    const [kind, origin] = judgeLost(error) ?? ['unknown', 'network'];
    const end = { kind, origin, phase: 'open', code: 1006, expected: true, elapsedMs: 0 } as const;
    logEnd(logger, 'stray-socket', { ...end, error: closeErrorOf(error) }, socket.remoteAddress);
  });
  const onSecure = (socket: Socket) => void socket.on('error', onError);
  const undo: (() => void)[] = [];

  const onSocket = (message: unknown) => {
    const { socket } = message as { socket: Socket & { server?: Server } };
    socket.on('error', onError);
    const { server } = socket;
    if (!(server instanceof TlsServer) || tlsServers.has(server)) return;
    tlsServers.add(server);
    server.prependListener('secureConnection', onSecure);
    undo.push(() => server.removeListener('secureConnection', onSecure));
  };
  for (const channel of CHANNELS) subscribe(channel, onSocket);
  return () => {
    for (const channel of CHANNELS) unsubscribe(channel, onSocket);
    for (const stop of undo.splice(0)) stop();
  };
}
