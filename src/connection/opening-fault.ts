/** What the request of an opening handshake tells of its error that the error itself does not. */
import type { OpeningRequest } from '../upstream';
import type { OpeningFault } from './lifecycle';

export function openingFault(error: NodeJS.ErrnoException, { socket }: OpeningRequest): OpeningFault {
  const { code, message, syscall } = error;
  // Of a certificate that it refuses, tls.connect() keeps the error's code, or its text.
  const refused = (socket as { authorizationError?: unknown } | null)?.authorizationError;
  if (refused && (refused === code || refused === message)) return 'certificate';
  // Node's "socket hang up" for a socket that has closed: it is the peer's where FIN has come, and RST has a system call.
  return code === 'ECONNRESET' && syscall === undefined && !socket?.readableEnded ? 'broken-off' : null;
}
