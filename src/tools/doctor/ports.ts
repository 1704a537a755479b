/** Ephemeral ports: how many there are, and how many are held by connections in TIME-WAIT (RFC 9293 §3.3.2). */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

/** What the system told: a part is null where it did not. */
interface Ports {
  /** First and last port of the range. */
  range: [number, number] | null;
  /** The local port of each connection in TIME-WAIT. */
  timeWait: number[] | null;
}

interface Source {
  look(): Promise<Ports>;
  /** What tells the range and the connections. */
  tools: readonly [range: string, timeWait: string];
  /** What makes the range wider. */
  widen: string;
}

/** With this share of the range held, a burst of new connections is about to fail. */
const NEARLY_ALL = 0.8;

export async function checkPorts(): Promise<{ ok: boolean; detail: string }> {
  const source = SOURCES[process.platform];
  if (!source) return { ok: true, detail: `this command does not know how to look on ${process.platform}` };
  return judge(await source.look(), source);
}

/** Pure. */
export function judge({ range, timeWait }: Ports, { tools, widen }: Omit<Source, 'look'>) {
  const waiting = timeWait
    ? `${timeWait.length} connections in TIME-WAIT`
    : `TIME-WAIT not counted (${tools[1]} is missing or tells nothing)`;
  if (!range) {
    return { ok: true, detail: `ephemeral range not known (${tools[0]} is missing or tells nothing), ${waiting}` };
  }
  const [first, last] = range;
  const held = new Set(timeWait?.filter((port) => port >= first && port <= last)).size;
  const size = last - first + 1;
  const detail = `ephemeral ports ${first} to ${last}, ${waiting}`;
  if (held < size * NEARLY_ALL) return { ok: true, detail };
  const hint =
    `They hold ${held} of ${size} ports, so new connections may soon fail with EADDRINUSE, EADDRNOTAVAIL or ENOBUFS. ` +
    `The side that closes first keeps the port: let clients reuse connections, or widen the range (${widen}).`;
  return { ok: false, detail: `${detail}. ${hint}` };
}

export const SOURCES: Partial<Record<NodeJS.Platform, Source>> = {
  linux: {
    tools: ['/proc/sys/net/ipv4/ip_local_port_range', '/proc/net/tcp'],
    widen: 'sysctl -w net.ipv4.ip_local_port_range="10000 65535"',
    look: async () => {
      const range = await readOrNull('/proc/sys/net/ipv4/ip_local_port_range');
      const tables = await Promise.all([readOrNull('/proc/net/tcp'), readOrNull('/proc/net/tcp6')]);
      const [first, last] = range?.split(/\s+/).map(Number) ?? [];
      const known = tables.filter((table) => table !== null);
      return {
        range: first && last ? [first, last] : null,
        timeWait: known.length > 0 ? known.flatMap(timeWaitOfProc) : null,
      };
    },
  },
  win32: {
    tools: ['netsh', 'netstat'],
    widen: 'netsh int ipv4 set dynamicport tcp start=10000 num=55536',
    look: async () => {
      const range = await outputOrNull('netsh', ['int', 'ipv4', 'show', 'dynamicport', 'tcp']);
      const connections = await outputOrNull('netstat', ['-ano', '-p', 'tcp']);
      return {
        range: range === null ? null : rangeOfNetsh(range),
        timeWait: connections === null ? null : timeWaitOfNetstat(connections),
      };
    },
  },
};

/** proc(5): "  12: 0100007F:1F90 0100007F:C350 06 …", the state TIME-WAIT being 6. */
function timeWaitOfProc(table: string): number[] {
  return [...table.matchAll(/^\s*\d+: \w+:(\w{4}) \w+:\w{4} 06 /gm)].map(([, port]) => Number.parseInt(port ?? '', 16));
}

/** The words are in the language of the system, so only the two numbers are read: the first port, and how many. */
export function rangeOfNetsh(output: string): [number, number] | null {
  const [first, count] = [...output.matchAll(/:\s*(\d+)\s*$/gm)].map(([, number]) => Number(number));
  return first && count ? [first, first + count - 1] : null;
}

/** So are the names of the states. But a connection in TIME-WAIT is the only one that belongs to process 0. */
export function timeWaitOfNetstat(output: string): number[] {
  return [...output.matchAll(/^\s*TCP\s+\S+:(\d+)\s+\S+\s+\S.*\s0\s*$/gm)].map(([, port]) => Number(port));
}

function readOrNull(file: string): Promise<string | null> {
  return readFile(file, 'latin1').catch(() => null);
}

/** Null when the tool is missing, fails or says nothing. */
async function outputOrNull(tool: string, args: string[]): Promise<string | null> {
  const options = { timeout: 10_000, maxBuffer: 64 * 1024 * 1024, windowsHide: true };
  const { stdout } = await promisify(execFile)(tool, args, options).catch(() => ({ stdout: '' }));
  return stdout.trim() ? stdout : null;
}
