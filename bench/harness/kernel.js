// Reads what the kernel holds of a server's connections. Under Wine this is the Linux kernel, whose files Wine shows.

const fs = require('node:fs');
const { setTimeout } = require('node:timers/promises');

const folder = process.env.WS_LINGER_BENCH_WINE ? 'Z:\\proc\\net\\' : '/proc/net/';

/** The states of proc_net_tcp.txt in the kernel's documentation. */
const LISTEN = '0A';
const STATES = { '04': 'finWait', '05': 'finWait', '06': 'timeWait' };

/** Counts sockets of a server's port by state, and the bytes in their send queues; null where the kernel does not tell. */
function heldByKernel(port) {
  if (process.platform !== 'linux' && !process.env.WS_LINGER_BENCH_WINE) return null;
  const held = { finWait: 0, timeWait: 0, bytes: 0 };
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  for (const line of fs.readFileSync(`${folder}tcp`, 'latin1').split('\n')) {
    // "  12: 0100007F:1F90 0100007F:C350 01 00000A00:00000000 …": both ends, state, send queue
    const [, local, , state, queue] = line.trim().split(/\s+/, 5);
    if (!local?.endsWith(wanted)) continue;
    if (STATES[state]) held[STATES[state]]++;
    if (state !== LISTEN) held.bytes += Number.parseInt(queue, 16);
  }
  return held;
}

/** The same, once it has not changed for 300 ms: a kernel may go on closing a socket after its 'close', as under Wine. */
async function settledInKernel(port) {
  let held = heldByKernel(port);
  for (let checks = 0, same = 0; checks < 50 && same < 3; checks++) {
    await setTimeout(100);
    const now = heldByKernel(port);
    same = JSON.stringify(now) === JSON.stringify(held) ? same + 1 : 0;
    held = now;
  }
  return held;
}

module.exports = { heldByKernel, settledInKernel };
