// node host.js {"app","control","port","path"}: runs one program of this folder for test/programs/run.ts, and tells it over a
// TCP connection what the program says. It is no IPC channel because Windows Node under Wine cannot be given one.
const net = require('node:net');

const { app, control: controlPort, port, path } = JSON.parse(process.argv[2]);

// Under Wine stdout and stderr are one file, and only stderr is compared.
process.stdout.write = (_chunk, encoding, done = encoding) => {
  if (typeof done === 'function') process.nextTick(done);
  return true;
};

const control = net.connect(controlPort, '127.0.0.1');
const tell = (message, done) => control.write(`${JSON.stringify(message)}\n`, done);
const log = (...words) => tell({ event: words.map(describe).join(' ') });

/** The names and codes of what a program emits, without what differs from run to run. */
function describe(word) {
  if (!(word instanceof Error)) return String(word);
  return [word.name, word.code, word.message.replaceAll(/:\d{4,5}\b/g, ':port')].filter(Boolean).join(' ');
}

async function main() {
  const { start, exits = true } = require(`./${app}.js`);
  const program = await start({ port, path, log });
  const orders = {
    send: async () => {
      await program.send('x'.repeat(16 * 2 ** 20));
      tell({ sent: true });
    },
    shutdown: async () => {
      await program.shutdown();
      log('shut down');
      // From here on the process has to end by itself, unless the program's own command line calls process.exit().
      if (exits) control.unref();
      else control.end(() => process.exit());
    },
  };
  control.setEncoding('utf8').on('data', (lines) => {
    for (const order of lines.trim().split('\n')) orders[order]();
  });
  tell({ ready: true, port: program.port });
}

main();
