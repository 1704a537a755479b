/** What this process's connections do now, as JSON over HTTP: a read-only endpoint for people and programs outside. */
import type { Duplex } from 'node:stream';
import type { CloseKind } from '../close-info';
import { closeSentence } from '../close-sentence';
import { connectionIdOf } from '../connection/group';
import { lingeringSockets } from '../connection/lingering-sockets';
import { checkAll, flag } from '../options';
import { peerAddress } from '../telemetry/log';
import { processMetrics, type Stats } from '../telemetry/metrics';
import { VERSION } from '../version';
import { allServers, clientsOf } from './all-servers';
import { whyNotLocal } from './loopback';
import type { ReadinessResponse } from './readiness';

/** Options of `statusHandler()`. */
export interface StatusOptions {
  /**
   * Whether requests of other machines are answered, too. The answer has the addresses of peers and the reasons that they gave.
   * @defaultValue false
   */
  remote?: boolean;
}

/** A request of Node's HTTP servers, or of a framework on top of them. */
export interface StatusRequest {
  /** The method. */
  method?: string | undefined;
  /** The headers, their names in lower case. */
  headers: { readonly [name: string]: string | string[] | undefined };
  /** The connection that it came by. */
  socket: {
    /** The peer's address. */
    readonly remoteAddress?: string | undefined;
  };
}

/** A connection for which bytes are queued. */
export interface SlowConsumer {
  /** Bytes that wait in this process, as `bufferedAmount` has them. */
  bytes: number;
  /** The peer's address, where it is known. */
  remoteAddress?: string | undefined;
  /** What the application has set as the WebSocket's `connectionId`. */
  connectionId?: string | number | undefined;
}

/** One of the last ends. */
export interface StatusEnd {
  /** When it was told, in ms since 1970. */
  at: number;
  /** How it ended. */
  kind: CloseKind;
  /** The same in words, as `closeSentence()` has it. */
  sentence: string;
  /** The peer's address, where it is known. */
  remoteAddress?: string | undefined;
  /** What the application has set as the WebSocket's `connectionId`. */
  connectionId?: string | number | undefined;
}

/** What `statusHandler()` answers, as JSON. New names may be added; what has no value is left out. */
export interface Status {
  /** This package's version. */
  version: string;
  /** When it was made, in ms since 1970. */
  at: number;
  /** How long the process has run, in ms. */
  uptimeMs: number;
  /** Counts of all connections of servers. The last bound of a histogram, Infinity, is null in JSON. */
  server: Stats;
  /** The same of clients. */
  client: Stats;
  /** Sockets that go on delivering after their WebSockets were closed, and the bytes that wait in all of them. */
  lingering: Record<'sockets' | 'bytes', number>;
  /** The connections of servers with the most bytes queued, the most first; at most 10. */
  slowConsumers: SlowConsumer[];
  /** The last ends of servers, the newest last; at most 20. */
  recentEnds: StatusEnd[];
}

const MOST_CONSUMERS = 10;
const MOST_ENDS = 20;

/**
 * Makes a request handler that answers GET and HEAD with a `Status` as JSON, made when it is asked for: of all servers and clients of this
 * process, attached ones too. `ws-linger top` shows it. For `http.createServer()`, and as a handler of Express.
 *
 * Only this machine's own requests are answered: from a loopback address, for `localhost` or a loopback address (against DNS rebinding),
 * and not passed on by a proxy. Others get 403, other methods 405.
 *
 * @param options - Whether other machines may ask, too.
 * @throws `WSL_ERR_UNKNOWN_OPTION` or `WSL_ERR_OPTION_TYPE`.
 */
export function statusHandler(
  options: StatusOptions = {},
): (request: StatusRequest, response: ReadinessResponse) => void {
  const { remote = false } = checkAll<StatusOptions>('statusHandler', options, { remote: flag });
  return (request, response) => {
    const { method } = request;
    const refusal = remote ? null : whyRefused(request);
    if (refusal !== null) answer(response, 403, 'text/plain', `${refusal}\n`);
    else if (method === 'GET') answer(response, 200, JSON_TYPE, statusText());
    else if (method === 'HEAD') answer(response, 200, JSON_TYPE);
    else {
      response.setHeader('Allow', 'GET, HEAD');
      answer(response, 405, 'text/plain', 'only GET and HEAD are answered\n');
    }
  };
}

const JSON_TYPE = 'application/json';

function answer(response: ReadinessResponse, status: number, type: string, body?: string): void {
  response.statusCode = status;
  response.setHeader('Content-Type', type);
  response.setHeader('Cache-Control', 'no-store');
  response.setHeader('X-Content-Type-Options', 'nosniff');
  response.end(body);
}

function whyRefused({ headers, socket }: StatusRequest): string | null {
  const { host, ':authority': authority, forwarded, 'x-forwarded-for': forwardedFor } = headers;
  return whyNotLocal({
    address: socket.remoteAddress,
    hosts: [host, authority].flatMap((name) => name ?? []),
    isForwarded: forwarded !== undefined || forwardedFor !== undefined,
  });
}

export function statusText(): string {
  return JSON.stringify(readStatus());
}

function readStatus(): Status {
  const now = Date.now();
  return {
    version: VERSION,
    at: now,
    uptimeMs: Math.round(process.uptime() * 1_000),
    server: processMetrics.server.read(),
    client: processMetrics.client.read(),
    lingering: lingeringSockets.read(),
    slowConsumers: slowConsumers(),
    recentEnds: recentEnds(),
  };
}

function recentEnds(): StatusEnd[] {
  const ends = allServers().flatMap(({ group }) => group.recentEnds?.last(MOST_ENDS) ?? []);
  const newest = ends.sort((one, other) => one.at - other.at).slice(-MOST_ENDS);
  return newest.map(({ at, info, ...peer }) => ({ at, kind: info.kind, sentence: closeSentence(info), ...peer }));
}

function slowConsumers(): SlowConsumer[] {
  const found: { ws: object; bytes: number }[] = [];
  for (const server of allServers()) {
    for (const ws of clientsOf(server)) {
      const bytes = queuedBytes(ws);
      const least = found[MOST_CONSUMERS - 1]?.bytes ?? 0;
      if (bytes <= least) continue;
      found.push({ ws, bytes });
      found.sort((one, other) => other.bytes - one.bytes).splice(MOST_CONSUMERS);
    }
  }
  return found.map(({ ws, bytes }) => {
    const remoteAddress = peerAddress((ws as { _socket?: Duplex | null })._socket ?? null);
    return { bytes, remoteAddress, connectionId: connectionIdOf(ws) };
  });
}

/** A class of the application may have getters of its own. */
function queuedBytes(ws: { bufferedAmount?: unknown }): number {
  try {
    return Number(ws.bufferedAmount) || 0;
  } catch {
    return 0;
  }
}
