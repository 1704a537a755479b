// Ends connections, a few at a time.

const { once } = require('node:events');

const WAVE = 20;

/** Ends all of these WebSockets by `end`, and resolves once all have emitted 'close'. */
async function inWaves(sockets, end) {
  for (let i = 0; i < sockets.length; i += WAVE) {
    const wave = sockets.slice(i, i + WAVE);
    const closes = wave.map((ws) => once(ws, 'close'));
    for (const ws of wave) end(ws);
    await Promise.all(closes);
  }
}

module.exports = { WAVE, inWaves };
