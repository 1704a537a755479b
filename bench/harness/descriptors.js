// Checks the limit of file descriptors: each connection takes one at both ends.

const { execFileSync } = require('node:child_process');

/** Descriptors that a process needs for other things. */
const SPARE = 200;

/** wineserver holds both ends of every connection, and may have 20,000 files at most. */
const WINE = 5_000;

/** Why this system cannot have so many connections between two processes; undefined when it can. */
function tooMany(connections) {
  if (process.env.WS_LINGER_BENCH_WINE)
    return connections > WINE ? `Wine supports some ${WINE} connections` : undefined;
  if (process.platform === 'win32') return undefined;
  // The hard limit counts: Node raises its own limit to it.
  const limit = execFileSync('sh', ['-c', 'ulimit -Hn'], { encoding: 'utf8' }).trim();
  if (limit === 'unlimited' || Number(limit) >= connections + SPARE) return undefined;
  return `a process needs ${connections + SPARE} file descriptors and may have ${limit}: raise ulimit -Hn`;
}

module.exports = { tooMany };
