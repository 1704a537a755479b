// Where all servers of the benchmarks listen.

const HOST = '127.0.0.1';
/** Connections that may wait to be accepted. Thousands are opened at once. */
const BACKLOG = 4_096;

/** Makes a server listen on a free port, and resolves with the port. */
function listen(server) {
  return new Promise((resolve) => server.listen(0, HOST, BACKLOG, () => resolve(server.address().port)));
}

module.exports = { HOST, BACKLOG, listen };
