// What the service manager starts: `nssm install sockets node.exe C:\app\service.js`. It starts the server as a child, and when the service
// is stopped it asks the child to end, waits, and kills it in the end.
const { fork } = require('node:child_process');
const path = require('node:path');

/** Above the drain's `timeout`, below the service manager's own limit. In ms. */
const limit = Number(process.env.STOP_TIMEOUT ?? 30_000);

// `detached`: Ctrl-C goes to each process of a console, and a drain that is asked for twice is cut short.
const server = fork(process.argv[2] ?? path.join(__dirname, 'index.js'), { detached: true });
let isStopping = false;

function stop() {
  if (isStopping) return;
  isStopping = true;
  server.send('shutdown'); // Windows has no signals between processes
  setTimeout(() => server.kill('SIGKILL'), limit);
}

for (const signal of ['SIGINT', 'SIGBREAK', 'SIGTERM']) process.on(signal, stop); // SIGBREAK is Ctrl-Break, Windows' only
process.on('message', (message) => message === 'shutdown' && stop()); // for a parent that is Node, such as PM2

// A server that fails ends the service, too, and the service manager starts it again.
server.on('exit', (code) => process.exit(code ?? 1));
