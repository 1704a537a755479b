/** What `closeInfo` says when a proxy, or the client behind it, ends a connection. proxy-ends.test.ts causes each with real proxies. */
import assert from 'node:assert/strict';
import type { CloseKind } from 'ws-linger';
import type { Side } from './proxied.js';
import type { ProxyName } from './proxy.js';

export interface ProxyEnd {
  /** What ends the connection, as in the table of docs/recipes/proxies.md. */
  cause: string;
  /** The kinds that a server may see; null where the proxy has no such limit. */
  kinds: Readonly<Record<ProxyName, readonly CloseKind[] | null>>;
  /** The kinds that the client may see; null where it is not there to see any. */
  client: readonly CloseKind[] | null;
  code: number;
  /** What `idleMs` of the server is, as in the table; a dash: however long nothing had been sent. */
  idle: 'the limit' | '`timeout`' | '–';
}

const FIN: readonly CloseKind[] = ['closed-without-handshake'];
const RST: readonly CloseKind[] = ['reset'];
const EITHER: readonly CloseKind[] = ['closed-without-handshake', 'reset'];

const end = (
  cause: string,
  [nginx, HAProxy]: [nginx: ProxyEnd['kinds']['nginx'], HAProxy: ProxyEnd['kinds']['HAProxy']],
  { client = FIN, code = 1006, idle = '–' }: Partial<ProxyEnd> = {},
): ProxyEnd => ({ cause, kinds: { nginx, HAProxy }, client, code, idle });

const atLimit = { idle: 'the limit' } as const;

export const PROXY_ENDS = {
  idle: end('idle: `proxy_read_timeout`, `timeout tunnel`', [FIN, RST], atLimit),
  idleClient: end('idle, without `timeout tunnel`: `timeout client`', [null, FIN], atLimit),
  idleServer: end('idle, without `timeout tunnel`: `timeout server`', [null, RST], atLimit),
  vanishedLate: end('the client vanished, `heartbeat.timeout` above the limit', [FIN, RST], atLimit),
  vanished: end('the client vanished, `heartbeat.timeout` below the limit', [['timed-out'], ['timed-out']], {
    idle: '`timeout`',
  }),
  unread: end('the client reads nothing: `send_timeout`, `timeout tunnel`', [RST, FIN], {
    ...atLimit,
    client: EITHER,
  }),
  unreadByServer: end('the server reads nothing: `proxy_send_timeout`, `timeout tunnel`', [FIN, RST], {
    client: EITHER,
  }),
  reloaded: end('reloaded: `worker_shutdown_timeout`, `hard-stop-after`', [FIN, FIN]),
  stopped: end('stopped by SIGTERM', [FIN, FIN]),
  killed: end('its process killed by SIGKILL', [FIN, FIN]),
  fin: end('the client sent FIN without a close frame', [FIN, FIN], { client: null }),
  rst: end('the client sent RST', [FIN, RST], { client: null }),
  closed: end('the client closed with 4000', [['clean'], ['clean']], { client: ['clean'], code: 4000 }),
} as const satisfies Record<string, ProxyEnd>;

/** How much `idleMs` may differ from what it should be, in ms: of a connection that was silent from the beginning, and of any other. */
const TOLERANCE_MS = 500;
const VISITED_TOLERANCE_MS = 3_000;

/** What is known of an end besides its cause. */
export interface Circumstances {
  /** What `idleMs` should be; undefined: not known. */
  idleMs?: number | undefined;
  /** Nothing was sent since it opened. */
  wasSilent?: boolean;
  /** Data was on its way: who sends it may be told by RST. */
  isBusy?: boolean;
}

const isOneOf = (kind: CloseKind, kinds: readonly CloseKind[] | null, isBusy: boolean) =>
  kinds?.includes(kind) || (isBusy && EITHER.includes(kind));

/** Compares what the server says of an end with the table. Plain ws says only the code. */
export function assertServerEnd(
  wanted: ProxyEnd,
  proxy: ProxyName,
  { code, info }: Side,
  { idleMs, wasSilent = false, isBusy = false }: Circumstances = {},
): void {
  assert.equal(code, wanted.code);
  if (!info) return;
  const said = JSON.stringify(info);
  assert.ok(isOneOf(info.kind, wanted.kinds[proxy], isBusy), said);
  const isOurs = info.kind === 'timed-out';
  assert.deepEqual([info.origin, info.by], isOurs ? ['network', 'heartbeat'] : ['peer', null], said);
  assert.equal(info.code, code);
  if (idleMs === undefined || info.idleMs === null) return;
  const tolerance = wasSilent ? TOLERANCE_MS : VISITED_TOLERANCE_MS;
  assert.ok(Math.abs(info.idleMs - idleMs) <= tolerance, `${idleMs} ms, give or take ${tolerance}: ${said}`);
}

/** Compares what a client of ws-linger says of an end with the table. */
export function assertClientEnd(
  wanted: ProxyEnd,
  { code, info }: Pick<Side, 'code' | 'info'>,
  { isBusy = false }: Circumstances = {},
): void {
  assert.ok(info && isOneOf(info.kind, wanted.client, isBusy), JSON.stringify(info));
  assert.equal(code, wanted.code);
}

/** The table as the docs have it: a row for each cause. */
export function tableOfEnds(): string[][] {
  const cell = (kinds: readonly CloseKind[] | null) => kinds?.join(' or ') ?? '–';
  const ends: readonly ProxyEnd[] = Object.values(PROXY_ENDS);
  return ends.map(({ cause, kinds, code, idle }) => [
    ...[cause, cell(kinds.nginx), cell(kinds.HAProxy), String(code), idle].map((text) => text.replaceAll('`', '')),
  ]);
}
