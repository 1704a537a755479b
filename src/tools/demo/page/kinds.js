/** The kinds of CloseInfo in their order, and the name of each one's colour, a variable in style.css. */
const TONES = {
  clean: 'good',
  'closed-without-handshake': 'lost',
  reset: 'lost',
  aborted: 'lost',
  'timed-out': 'lost',
  unreachable: 'lost',
  'close-timeout': 'cut',
  'protocol-error': 'cut',
  'slow-consumer': 'cut',
  'local-abort': 'ours',
  'upgrade-failed': 'lost',
  'tls-failed': 'lost',
  unknown: 'cut',
};

export const KINDS = Object.keys(TONES);

/** Clean, ended by this side, peer lost, or a problem. */
export function tone(kind) {
  return TONES[kind];
}
