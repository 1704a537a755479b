/** Says in one sentence how a connection ended. Pure. docs/ends.md has a heading for each sentence. */
import type { CloseFrame, CloseInfo, CloseKind, CloseOrigin, ClosePolicy } from './close-info';
import { wrongType } from './options';
import { printable } from './printable';

/** The sentences of ends that a rule of this side began, whichever kind they became. */
const BY_POLICY: Record<ClosePolicy, string> = {
  drain: 'A drain of this server closed the connection',
  'max-age': 'The connection was closed, since it had reached its maximum age',
  heartbeat: 'The peer did not answer a ping of the heartbeat',
  'keep-alive': "The peer's system did not answer TCP keep-alive",
  'max-buffered': 'More was queued for the peer than maxBufferedAmount allows',
  'send-timeout': 'The peer took nothing of what was queued for it during sendTimeout',
  'auto-pong-limit': 'The peer sent pings and did not read the pongs',
};

/** The sentences of all other ends. What is not listed for an origin has the sentence of the peer's. */
const BY_KIND: Record<CloseKind, { peer: string } & Partial<Record<CloseOrigin, string>>> = {
  clean: {
    peer: 'The peer closed the connection, and this side answered',
    local: 'This side closed the connection, and the peer answered',
    network: 'Both sides had closed the connection before it was attached',
  },
  'closed-without-handshake': {
    peer: 'The peer ended the connection without a closing handshake',
    local: 'This side ended the socket without a closing handshake',
  },
  reset: { peer: 'The peer reset the connection' },
  aborted: { peer: 'The local TCP stack aborted the connection' },
  'timed-out': { peer: 'The peer acknowledged nothing until TCP gave up' },
  unreachable: { peer: 'There was no route to the peer any more' },
  'close-timeout': { peer: 'The peer did not finish the closing handshake in time' },
  'protocol-error': { peer: 'The peer broke the WebSocket protocol' },
  'slow-consumer': { peer: 'The peer did not read what was sent to it' },
  'local-abort': { peer: 'This side aborted the connection' },
  'upgrade-failed': {
    peer: 'The peer refused or broke off the opening handshake',
    local: 'This side could not make the connection',
    network: 'The opening handshake had failed before it was attached',
  },
  'tls-failed': { peer: 'The peer refused or broke TLS', local: "This side refused the peer's certificate" },
  unknown: {
    peer: 'The connection was lost with an unknown error',
    local: 'The connection was lost with an error of this machine',
  },
};

const OPENING_TIMED_OUT = 'The opening handshake was not finished in time';
const OPENING_ABORTED = 'This side gave the connection up before it was open';
const ANSWER_LOST = 'The peer closed the connection and was gone before the answer';

/** For which sentence a kind gives up its own: that the answer to the peer's close frame was lost, or that a drain closed. */
type Other = 'answer-lost' | 'drain';
const BOTH: readonly Other[] = ['answer-lost', 'drain'];
const GIVES_WAY: Record<CloseKind, readonly Other[]> = {
  clean: BOTH,
  'closed-without-handshake': BOTH,
  reset: BOTH,
  aborted: BOTH,
  'timed-out': BOTH,
  unreachable: BOTH,
  'close-timeout': ['drain'],
  'protocol-error': [],
  'slow-consumer': BOTH,
  'local-abort': ['drain'],
  'upgrade-failed': BOTH,
  'tls-failed': BOTH,
  unknown: BOTH,
};

/** All that closeSentence() can say, without the details in parentheses. */
export const CLOSE_SENTENCES: readonly string[] = [
  ...Object.values(BY_POLICY),
  ...Object.values(BY_KIND).flatMap((sentences) => Object.values(sentences)),
  OPENING_TIMED_OUT,
  OPENING_ABORTED,
  ANSWER_LOST,
];

/** `idleMs` may be that of a connection that was not silent, up to this, in ms. */
const KNOWN_WITHIN_MS = 3_000;

/**
 * How a connection ended, in one English sentence: who did what, and in parentheses what else is known. For logs and for people;
 * programs should match `kind`, `origin`, `phase` and `by`. Throws `WSL_ERR_OPTION_TYPE` for what is no CloseInfo, such as the
 * `closeInfo` of a connection that has not ended.
 */
export function closeSentence(info: CloseInfo): string {
  if (!Object.hasOwn(BY_KIND, info?.kind)) throw wrongType('the argument of closeSentence()', 'a CloseInfo', info);
  const details = [
    frame(info.received),
    info.error && errorText(info.error),
    info.by === 'drain' && !isDrains(info) ? 'while the server was drained' : null,
    info.openMs > 0 ? `open for ${seconds(info.openMs)}` : null,
    info.idleMs !== null && info.idleMs > KNOWN_WITHIN_MS ? `silent for ${seconds(info.idleMs)}` : null,
    info.delivered === false ? `${info.bytesUnsent} bytes dropped` : null,
  ].filter(Boolean);
  return `${sentenceOf(info)}${details.length > 0 ? ` (${details.join(', ')})` : ''}`;
}

function sentenceOf({ kind, origin, phase, by, received, clean, sent }: CloseInfo): string {
  if (by && (by !== 'drain' || isDrains({ kind, sent }))) return BY_POLICY[by];
  if (phase === 'opening' && kind === 'timed-out') return OPENING_TIMED_OUT;
  if (phase === 'opening' && kind === 'local-abort') return OPENING_ABORTED;
  if (received?.first && !clean && GIVES_WAY[kind].includes('answer-lost')) return ANSWER_LOST;
  return BY_KIND[kind][origin] ?? BY_KIND[kind].peer;
}

/** Whether the drain closed or cut it; other connections end by themselves while their server is drained. */
function isDrains({ kind, sent }: Pick<CloseInfo, 'kind' | 'sent'>): boolean {
  return (sent?.first === true && GIVES_WAY[kind].includes('drain')) || kind === 'close-timeout';
}

function frame(received: CloseFrame | null): string | null {
  if (!received || received.code === 1005) return null;
  const { code, reason } = received;
  return reason ? `code ${code} ${shown(JSON.stringify(reason))}` : `code ${code}`;
}

/** A system's error says no more than its code; of any other the text counts. */
function errorText({ code, message, syscall }: NonNullable<CloseInfo['error']>): string {
  if (syscall !== undefined) return shown(code);
  return shown(code === 'UNKNOWN' ? message : `${code}: ${message}`);
}

/** Of each text that a peer or an application gave, so many characters are kept: a reason is shorter, unless it is escaped. */
const LONGEST_TEXT = 300;

/** The texts of peers and applications, to be shown as they are. */
function shown(text: string): string {
  const safe = printable(text.slice(0, LONGEST_TEXT)).slice(0, LONGEST_TEXT);
  return safe.replace(/[\uD800-\uDBFF]$/, ''); // half a character
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
