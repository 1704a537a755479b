/** Explains each `kind` of CloseInfo in a few words, and gives it a colour. */

const MEANINGS = {
  clean: 'both sides sent a close frame',
  'closed-without-handshake': 'the peer closed its socket before the closing handshake was complete',
  reset: 'the peer sent RST',
  aborted: 'the local TCP stack ended the connection',
  'timed-out': 'the peer no longer answers',
  unreachable: 'the network has no route to the peer',
  'close-timeout': 'the peer did not answer close() in time',
  'protocol-error': 'the peer broke RFC 6455',
  'slow-consumer': 'the peer read too slowly',
  'local-abort': 'abort() or terminate() was called here',
  'upgrade-failed': 'the opening handshake failed',
  'tls-failed': 'TLS failed',
  unknown: 'the cause is not known',
};

export const KINDS = Object.keys(MEANINGS);

export function meaning(kind) {
  return MEANINGS[kind] ?? '';
}

/** Returns the name of a kind's colour, a variable in style.css: clean, ended by this side, peer lost, or a problem. */
export function tone(kind) {
  if (kind === 'clean') return 'good';
  if (kind === 'local-abort') return 'ours';
  return ['protocol-error', 'close-timeout', 'slow-consumer', 'unknown'].includes(kind) ? 'cut' : 'lost';
}
