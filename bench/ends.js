// What does an end cost? Instructions and bytes of the server for each connection that is ended, by it or by its peer.
//
// All ends are of one process that has ended thousands before. Where neither valgrind nor perf counts instructions, CPU time is
// measured in their place, which tells less: its medians waver by some per cent.

const path = require('node:path');
const { openSockets, openWebSocket } = require('./harness/clients.js');
const { EVERYWHERE, OURS, environment } = require('./harness/contestants.js');
const { startCounted } = require('./harness/instructions.js');
const { inWaves } = require('./ends/waves.js');

const PEER_ENDS = {
  close: (ws) => ws.close(1000),
  reset: (ws) => ws._socket.resetAndDestroy(),
  fin: (ws) => ws._socket.end(),
};

/** Opens connections, and ends all of them within `count`, which resolves with the instructions. */
async function round(server, port, { by, how, connections }, count = (end) => end()) {
  const peers = await openSockets(port, connections, { open: openWebSocket });
  await server.ask('opened', connections);
  const before = await server.ask('usage');
  const instructions = await count(async () => {
    await (by === 'peer' ? inWaves(peers, PEER_ENDS[how]) : server.ask('end', how));
    await server.ask('closed');
  });
  const after = await server.ask('usage');
  for (const ws of peers) ws.terminate();
  return {
    ...(instructions === undefined
      ? { cpu: (after.cpu - before.cpu) / connections }
      : { instructions: instructions / connections }),
    bytes: (after.heap - before.heap) / connections,
  };
}

async function measure({ contestant, parameters }) {
  const script = path.join(__dirname, 'ends', 'server.js');
  const server = startCounted(script, { args: [contestant], env: environment(contestant) });
  const figures = [];
  try {
    const port = await server.ask('listen');
    for (let i = 0; i < parameters.warmUps; i++) await round(server, port, parameters);
    for (let i = 0; i < parameters.measured; i++) figures.push(await round(server, port, parameters, server.count));
  } finally {
    await server.stop();
  }
  // The least, since a function that is compiled, or a check that comes, is in one of them and not in the next.
  const least = (key) => key in figures[0] && { [key]: Math.min(...figures.map((round) => round[key])) };
  return { ...least('instructions'), ...least('cpu'), ...least('bytes') };
}

/** Rounds before, and rounds of which the least is taken. */
const SIZE = { connections: 200, warmUps: 30, measured: 3 };
const quick = { connections: 10, warmUps: 0, measured: 1 };

module.exports = {
  name: 'ends',
  question: 'What does an end cost?',
  contestants: ['ws', ...OURS],
  rounds: 1,
  timeout: 240_000,
  cases: [
    { name: 'abort() (ws: resetAndDestroy() of its socket)', by: 'server', how: 'abort', ...SIZE, quick },
    { name: 'close(), answered', by: 'server', how: 'close', ...SIZE, quick },
    { name: "the peer's close()", by: 'peer', how: 'close', ...SIZE },
    { name: "the peer's RST", by: 'peer', how: 'reset', ...SIZE },
    { name: "the peer's FIN", by: 'peer', how: 'fin', ...SIZE },
  ],
  measures: {
    instructions: { label: 'Instructions of the server, without the kernel', unit: 'per end', better: 'lower' },
    cpu: { label: 'CPU of the server', unit: 'µs per end', better: 'lower' },
    bytes: { label: 'Memory that is allocated', unit: 'bytes per end', better: 'lower' },
  },
  goals: EVERYWHERE.flatMap((contestant) => [
    { measure: 'instructions', contestant, ratio: { atMost: 1.15 } },
    { measure: 'cpu', contestant, ratio: { atMost: 1.15 } },
    { measure: 'bytes', contestant, ratio: { atMost: 1.25 } },
  ]),
  measure,
};
