/** Checks that ephemeral ports are left: compares their number with the connections in TIME-WAIT (RFC 9293 §3.3.2). */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

/** What the operating system reports. Null: it reports nothing, for example because a tool is missing. */
interface Ports {
  /** First and last port of the range. */
  range: [number, number] | null;
  /** The local port of each connection in TIME-WAIT. */
  timeWait: number[] | null;
}

/** How to read the ports on one platform. */
interface Source {
  read(): Promise<Ports>;
  /** The files or tools that give the range and the connections. */
  tools: readonly [range: string, timeWait: string];
  /** The command that widens the range. */
  widen: string;
}

/** When TIME-WAIT holds this share of the range, a burst of new connections may fail. */
const WARNING_SHARE = 0.8;

export async function checkPorts(): Promise<{ ok: boolean; detail: string }> {
  const source = SOURCES[process.platform];
  if (!source) return { ok: true, detail: `this command cannot read the ports on ${process.platform}` };
  return judge(await source.read(), source);
}

/** Judges the ports, and gives a hint when they run out. Pure. */
export function judge({ range, timeWait }: Ports, { tools, widen }: Omit<Source, 'read'>) {
  const waiting = timeWait
    ? `${timeWait.length} connections in TIME-WAIT`
    : `connections in TIME-WAIT unknown (${tools[1]} is missing or reports nothing)`;
  if (!range) {
    return {
      ok: true,
      detail: `range of ephemeral ports unknown (${tools[0]} is missing or reports nothing), ${waiting}`,
    };
  }
  const [first, last] = range;
  const held = new Set(timeWait?.filter((port) => port >= first && port <= last)).size;
  const size = last - first + 1;
  const detail = `ephemeral ports ${first} to ${last}, ${waiting}`;
  if (held < size * WARNING_SHARE) return { ok: true, detail };
  const hint =
    `They hold ${held} of ${size} ports, so new connections may soon fail with EADDRINUSE, EADDRNOTAVAIL or ENOBUFS. ` +
    `TIME-WAIT is on the side that closes first: let clients reuse connections, or widen the range (${widen}).`;
  return { ok: false, detail: `${detail}. ${hint}` };
}

export const SOURCES: Partial<Record<NodeJS.Platform, Source>> = {
  linux: {
    tools: ['/proc/sys/net/ipv4/ip_local_port_range', '/proc/net/tcp'],
    widen: 'sysctl -w net.ipv4.ip_local_port_range="10000 65535"',
    read: async () => {
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
    read: async () => {
      const range = await outputOrNull('netsh', ['int', 'ipv4', 'show', 'dynamicport', 'tcp']);
      const connections = await outputOrNull('netstat', ['-ano', '-p', 'tcp']);
      return {
        range: range === null ? null : rangeOfNetsh(range),
        timeWait: connections === null ? null : timeWaitOfNetstat(connections),
      };
    },
  },
};

/** Returns the local ports of the lines with state 06, TIME-WAIT: "  12: 0100007F:1F90 0100007F:C350 06 …" (proc(5)). */
function timeWaitOfProc(table: string): number[] {
  return [...table.matchAll(/^\s*\d+: \w+:(\w{4}) \w+:\w{4} 06 /gm)].map(([, port]) => Number.parseInt(port ?? '', 16));
}

/** Reads only the two numbers, the first port and the count, because netsh prints words in the system's language. */
export function rangeOfNetsh(output: string): [number, number] | null {
  const [first, count] = [...output.matchAll(/:\s*(\d+)\s*$/gm)].map(([, number]) => Number(number));
  return first && count ? [first, first + count - 1] : null;
}

/** Finds TIME-WAIT by the process id 0, because netstat prints the states in the system's language. */
export function timeWaitOfNetstat(output: string): number[] {
  return [...output.matchAll(/^\s*TCP\s+\S+:(\d+)\s+\S+\s+\S.*\s0\s*$/gm)].map(([, port]) => Number(port));
}

function readOrNull(file: string): Promise<string | null> {
  return readFile(file, 'latin1').catch(() => null);
}

/** Returns null when the tool is missing, fails or prints nothing. */
async function outputOrNull(tool: string, args: string[]): Promise<string | null> {
  const options = { timeout: 10_000, maxBuffer: 64 * 1024 * 1024, windowsHide: true };
  const { stdout } = await promisify(execFile)(tool, args, options).catch(() => ({ stdout: '' }));
  return stdout.trim() ? stdout : null;
}
