/** Reads the JSON of `statusHandler()`. It comes from outside: what is missing or of another type counts as nothing. Pure. */
import type { Reading, Times } from './reading';

/** No list and no text of an answer is longer than this. */
const MOST_ROWS = 50;
const LONGEST_TEXT = 1_500;

type Fields = Record<string, unknown>;

export function readStatus(json: string): Reading | null {
  const status = parsed(json);
  const { version, uptimeMs, server, client, slowConsumers, recentEnds } = status;
  if (typeof version !== 'string' || !isFields(server) || !isFields(client)) return null;
  const both = [server, client];
  const { sockets, bytes } = fields(status.lingering);
  return {
    version: text(version),
    uptimeMs: number(uptimeMs),
    connections: { server: connectionsOf(server), client: connectionsOf(client) },
    ended: sums(both.map(({ ended }) => fields(ended))),
    roundTrips: addTimes(both.map(({ rttMs }) => timesOf(fields(rttMs)))),
    lingering: {
      sockets: number(sockets),
      bytes: number(bytes),
      outcomes: sums(both.map(({ lingering }) => without(fields(lingering), 'now'))),
    },
    slowConsumers: rows(slowConsumers).map((row) => ({ bytes: number(row.bytes), ...peerOf(row) })),
    recentEnds: rows(recentEnds).map((row) => ({
      at: number(row.at),
      sentence: text(row.sentence),
      ...peerOf(row),
    })),
  };
}

function parsed(json: string): Fields {
  try {
    return fields(JSON.parse(json));
  } catch {
    return {};
  }
}

function connectionsOf({ connections, opened }: Fields) {
  return { now: sums([fields(connections)]), opened: number(opened) };
}

function timesOf({ count, sum, buckets }: Fields): Times {
  return {
    count: number(count),
    sumMs: number(sum),
    buckets: rows(buckets).map(({ upTo, count }) => ({
      upToMs: upTo === null ? Number.POSITIVE_INFINITY : number(upTo),
      count: number(count),
    })),
  };
}

/** Those of both roles have the same bounds. */
function addTimes(all: readonly Times[]): Times {
  const counts = new Map<number, number>();
  for (const { upToMs, count } of all.flatMap(({ buckets }) => buckets)) {
    counts.set(upToMs, (counts.get(upToMs) ?? 0) + count);
  }
  return {
    count: all.reduce((sum, { count }) => sum + count, 0),
    sumMs: all.reduce((sum, { sumMs }) => sum + sumMs, 0),
    buckets: [...counts].map(([upToMs, count]) => ({ upToMs, count })),
  };
}

function sums(all: readonly Fields[]): Record<string, number> {
  const counts = new Map<string, number>();
  for (const [name, value] of all.flatMap((one) => Object.entries(one).slice(0, MOST_ROWS))) {
    counts.set(text(name), (counts.get(text(name)) ?? 0) + number(value));
  }
  return Object.fromEntries(counts);
}

function without({ ...rest }: Fields, name: string): Fields {
  delete rest[name];
  return rest;
}

function peerOf({ remoteAddress, connectionId }: Fields) {
  return { address: text(remoteAddress), id: text(connectionId) };
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function fields(value: unknown): Fields {
  return isFields(value) ? value : {};
}

function rows(value: unknown): Fields[] {
  return Array.isArray(value) ? value.slice(-MOST_ROWS).map(fields) : [];
}

function number(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) && value > 0 ? value : 0;
}

function text(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value).slice(0, LONGEST_TEXT) : '';
}
