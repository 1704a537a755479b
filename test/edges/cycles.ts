/**
 * node --expose-gc --max-semi-space-size=1 cycles.js N MARK: opens, looks up and aborts N connections, one after
 * another, and samples at five points what the process holds. MARK must be an argument of no other process.
 */
import { once } from 'node:events';
import net from 'node:net';
import { parseOptions } from '../../dist/defaults.js';
import { controlOf, findSocket } from '../../dist/socket-control/choose.js';
import { listen, portOf } from '../support/end.js';
import { endOf } from '../support/peer.js';
import { systemHandles } from '../support/system-handles.js';

const cycles = Number(process.argv[2]);
/** The first connections load code and fill caches, which stay. */
const WARM_UP = 500;
const settings = parseOptions({ logger: false });

/** Printed as one line of JSON. */
export interface Cycles {
  cycles: number;
  seconds: number;
  /** The number of connections by kind of control. */
  kinds: Record<string, number>;
  /** The number of connections by what their peers saw. */
  ends: Record<string, number>;
  samples: Sample[];
  /** Leaks and wrong ends that were found. */
  problems: string[];
}

interface Sample {
  /** Connections so far. */
  done: number;
  /** Handles that the system counts. */
  handles: number;
  /** Resident memory in bytes. */
  rss: number;
  /** Sockets and servers that Node counts. */
  open: number;
}

function openSockets(): number {
  return process.getActiveResourcesInfo().filter((name) => name.startsWith('TCP')).length;
}

/** Finds leaks. Node and the system vary by a few handles and pages; a leak grows with the number of connections. */
function findLeaks(samples: Sample[]): string[] {
  const handles = samples.map((sample) => sample.handles);
  const [, , middle, , last] = samples as [Sample, Sample, Sample, Sample, Sample];
  return [
    ...samples
      .filter(({ open }) => open !== 1)
      .map(({ open, done }) => `${open} sockets and servers are open in Node after ${done}`),
    ...(Math.max(...handles) - Math.min(...handles) < 10 ? [] : [`handles of the process: ${handles}`]),
    ...(last.rss - middle.rss < 8 * 1024 * 1024 ? [] : [`grew from ${middle.rss} to ${last.rss} bytes`]),
  ];
}

/** Opens a connection, looks up both sides and aborts one. Returns what the peer saw. */
async function cycle(server: net.Server): Promise<string> {
  const accepted = once(server, 'connection');
  const peer = net.connect(portOf(server), '127.0.0.1');
  await once(peer, 'connect');
  const [socket] = (await accepted) as [net.Socket];
  for (const side of [socket, peer]) side.on('error', () => {});
  const control = controlOf(socket, findSocket(socket, settings));
  kinds[control.kind] = (kinds[control.kind] ?? 0) + 1;
  findSocket(peer, settings);
  const closed = [socket, peer].map((side) => new Promise((resolve) => side.once('close', resolve)));
  const seen = endOf(peer);
  control.abort({ onAborted() {} });
  await Promise.all(closed);
  return await seen;
}

const kinds: Record<string, number> = {};

async function main(): Promise<void> {
  const server = await listen(net.createServer());
  const ends: Record<string, number> = {};
  const run = async (count: number) => {
    for (let i = 0; i < count; i++) {
      const end = await cycle(server);
      ends[end] = (ends[end] ?? 0) + 1;
    }
  };
  const sample = async (done: number) => {
    for (let turn = 0; turn < 5; turn++) {
      await new Promise(setImmediate);
      globalThis.gc?.();
    }
    return { done, handles: systemHandles(), rss: process.memoryUsage.rss(), open: openSockets() };
  };
  await run(WARM_UP);
  const samples = [await sample(0)];
  const began = performance.now();
  for (let quarter = 1; quarter <= 4; quarter++) {
    await run(cycles / 4);
    samples.push(await sample((cycles / 4) * quarter));
  }
  const seconds = Number(((performance.now() - began) / 1000).toFixed(1));
  const problems = findLeaks(samples);
  if (!kinds.native && process.env.WS_LINGER_TEST_CONTROL !== 'portable') problems.push('the addon was not used');
  if (ends.ECONNRESET !== WARM_UP + cycles) problems.push('not every peer saw a reset');
  const result: Cycles = { cycles, seconds, kinds, ends, samples, problems };
  console.log(JSON.stringify(result));
  process.exitCode = problems.length > 0 ? 1 : 0;
  server.close();
}

main();
