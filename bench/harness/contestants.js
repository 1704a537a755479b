// Who is compared, by the name that tables and charts show. A name may go on after the library's: "ws resetAndDestroy".

const path = require('node:path');

const windows = process.platform === 'win32';

/** This package in each of its ways, of which one platform may lack one. Goals are set for these. */
const EVERYWHERE = ['ws-linger', 'ws-linger portable'];
const OURS = windows ? EVERYWHERE : ['ws-linger'];

/** The environment of a process that runs this contestant. */
function environment(contestant) {
  const { WS_LINGER_NATIVE: _, WS_LINGER: __, ...env } = process.env;
  return contestant.startsWith('ws-linger portable') ? { ...env, WS_LINGER_NATIVE: '0' } : env;
}

/** `WebSocket`, with `WebSocketServer` on it, of ws or of this package. */
function library(contestant) {
  const [name] = contestant.split(' ', 1);
  if (name === 'ws') return require('ws-upstream');
  if (name === 'ws-linger') return require('../..');
  throw new Error(`${contestant} is neither ws nor ws-linger`);
}

const system = windows ? 'windows' : process.platform;
/** The package that has Bun's binary, which needs no installation. */
const BUN = `@oven/bun-${system}-${process.arch === 'arm64' ? 'aarch64' : process.arch}`;

function bunBinary() {
  const folder = path.dirname(require.resolve(`${BUN}/package.json`));
  return path.join(folder, 'bin', windows ? 'bun.exe' : 'bun');
}

/** Why a contestant cannot be measured here; undefined when it can. */
function unavailable(contestant) {
  if (contestant !== 'bun') return undefined;
  if (process.env.WS_LINGER_BENCH_WINE) return 'only its binary for this machine is installed, not the one for Windows';
  try {
    bunBinary();
    return undefined;
  } catch {
    return `${BUN} is not installed`;
  }
}

module.exports = { BUN, EVERYWHERE, OURS, environment, library, bunBinary, unavailable };
