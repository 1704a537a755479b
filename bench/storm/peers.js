// Peers that all reset at once.

const { openSockets, resetAll } = require('../harness/clients.js');
const { answer } = require('../harness/processes.js');

let sockets = [];

answer({
  async open(port, count) {
    sockets = await openSockets(port, count);
  },
  reset: () => resetAll(sockets).then(() => {}),
});
