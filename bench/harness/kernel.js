// What the kernel holds of a server's connections. Under Wine it is the Linux kernel, too, and Wine shows its files.

const fs = require('node:fs');
const { setTimeout } = require('node:timers/promises');

const folder = process.env.WS_LINGER_BENCH_WINE ? 'Z:\\proc\\net\\' : '/proc/net/';

/** proc_net_tcp.txt in the kernel's documentation. */
const STATES = { '04': 'finWait', '05': 'finWait', '06': 'timeWait' };

/** Counts of sockets by state, and the bytes in their send queues, for a server's port; null where nobody tells. */
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

const LISTEN = '0A';

/** The same once it has stayed as it is for a while: what closes a socket may go on after its 'close', as in Wine. */
async function settledInKernel(port) {
  let held = heldByKernel(port);
  for (let looks = 0, same = 0; looks < 50 && same < 3; looks++) {
    await setTimeout(100);
    const now = heldByKernel(port);
    same = JSON.stringify(now) === JSON.stringify(held) ? same + 1 : 0;
    held = now;
  }
  return held;
}

module.exports = { heldByKernel, settledInKernel };
