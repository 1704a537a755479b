// The contestants, by the names that tables and charts show. A name begins with the library: "ws resetAndDestroy".

const path = require('node:path');

const windows = process.platform === 'win32';

/** ws-linger with the addon and without it. Goals are set for both; OURS lists what this platform has. */
const EVERYWHERE = ['ws-linger', 'ws-linger portable'];
const OURS = windows ? EVERYWHERE : ['ws-linger'];

/** The environment variables of a process that runs this contestant. */
function environment(contestant) {
  const { WS_LINGER_NATIVE: _, WS_LINGER: __, ...env } = process.env;
  return contestant.startsWith('ws-linger portable') ? { ...env, WS_LINGER_NATIVE: '0' } : env;
}

/** The exports of ws or of ws-linger. */
function library(contestant) {
  const [name] = contestant.split(' ', 1);
  if (name === 'ws') return require('ws-upstream');
  if (name === 'ws-linger') return require('../..');
  throw new Error(`${contestant} is neither ws nor ws-linger`);
}

const system = windows ? 'windows' : process.platform;
/** The package that contains Bun's binary. */
const BUN = `@oven/bun-${system}-${process.arch === 'arm64' ? 'aarch64' : process.arch}`;

function bunBinary() {
  const folder = path.dirname(require.resolve(`${BUN}/package.json`));
  return path.join(folder, 'bin', windows ? 'bun.exe' : 'bun');
}

/** Why a contestant cannot be measured here; undefined when it can. */
function unavailable(contestant) {
  if (contestant !== 'bun') return undefined;
  if (process.env.WS_LINGER_BENCH_WINE) return 'its binary for Windows is not installed';
  try {
    bunBinary();
    return undefined;
  } catch {
    return `${BUN} is not installed`;
  }
}

module.exports = { BUN, EVERYWHERE, OURS, environment, library, bunBinary, unavailable };
