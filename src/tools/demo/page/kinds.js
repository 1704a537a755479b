/** What each kind means, and the colour that stands for it. The names are those of CloseInfo. */

const MEANINGS = {
  clean: 'both close frames crossed',
  'closed-without-handshake': 'the peer left before the closing handshake was done',
  reset: 'the peer sent RST',
  aborted: 'the local TCP stack gave up',
  'timed-out': 'the peer vanished',
  unreachable: 'there is no route to the peer any more',
  'close-timeout': 'close() was not answered in time',
  'protocol-error': 'the peer broke RFC 6455',
  'slow-consumer': 'the peer did not read what was sent',
  'local-abort': 'abort() or terminate() was called here',
  'upgrade-failed': 'it never became a WebSocket',
  'tls-failed': 'TLS broke',
  unknown: 'not known',
};

export const KINDS = Object.keys(MEANINGS);

export function meaning(kind) {
  return MEANINGS[kind] ?? '';
}

/** Good, everyday, or worth a look. The colours themselves are in style.css. */
export function tone(kind) {
  if (kind === 'clean') return 'good';
  if (kind === 'local-abort') return 'ours';
  return ['protocol-error', 'close-timeout', 'slow-consumer', 'unknown'].includes(kind) ? 'cut' : 'lost';
}
