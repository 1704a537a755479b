/** The kinds of CloseInfo in their order, and the colour of each. */

export const KINDS = [
  'clean',
  'closed-without-handshake',
  'reset',
  'aborted',
  'timed-out',
  'unreachable',
  'close-timeout',
  'protocol-error',
  'slow-consumer',
  'local-abort',
  'upgrade-failed',
  'tls-failed',
  'unknown',
];

/** Returns the name of a kind's colour, a variable in style.css: clean, ended by this side, peer lost, or a problem. */
export function tone(kind) {
  if (kind === 'clean') return 'good';
  if (kind === 'local-abort') return 'ours';
  return ['protocol-error', 'close-timeout', 'slow-consumer', 'unknown'].includes(kind) ? 'cut' : 'lost';
}
