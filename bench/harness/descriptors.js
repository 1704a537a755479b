// Each connection takes a file descriptor at both of its ends, and systems limit those.

const { execFileSync } = require('node:child_process');

/** What processes need besides. */
const SPARE = 200;

/** One process of Wine's holds both ends of every connection, and may not have more than 20,000 files. */
const WINE = 5_000;

/** Why this system cannot have so many connections from one process to another; undefined when it can. */
function tooMany(connections) {
  if (process.env.WS_LINGER_BENCH_WINE)
    return connections > WINE ? `Wine can have some ${WINE} connections` : undefined;
  if (process.platform === 'win32') return undefined;
  // Node itself takes as many as it may.
  const limit = execFileSync('sh', ['-c', 'ulimit -Hn'], { encoding: 'utf8' }).trim();
  if (limit === 'unlimited' || Number(limit) >= connections + SPARE) return undefined;
  return `it needs ${connections + SPARE} file descriptors a process, and may have ${limit}: raise ulimit -Hn`;
}

module.exports = { tooMany };
