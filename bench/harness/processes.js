// Child processes that are called by messages. Servers and peers are children, so that what is measured does not share its CPU
// and heap with what measures. All children of the benchmarks are started here, but for the C program of reset.c.

const { fork } = require('node:child_process');
const path = require('node:path');

/**
 * Starts a script that calls `answer()`. `ask(name, ...args)` calls its function of that name: it resolves with the result, and
 * rejects with the error or when the process ends.
 */
function start(
  script,
  { args = [], env = process.env, execArgv = process.execArgv, execPath = process.execPath } = {},
) {
  const child = fork(script, args, { env, execArgv, execPath });
  const pending = new Map();
  let ended = null;
  let next = 0;

  const exited = new Promise((resolve) => {
    const end = (error) => {
      ended ??= error;
      for (const { reject } of pending.values()) reject(ended);
      pending.clear();
      resolve();
    };
    child.on('error', end);
    child.on('exit', (code, signal) => end(new Error(`${path.basename(script)} ended with ${signal ?? code}`)));
  });
  child.on('message', ({ id, value, error }) => {
    const { resolve, reject } = pending.get(id) ?? {};
    pending.delete(id);
    if (error === undefined) resolve?.(value);
    else reject?.(new Error(error));
  });

  return {
    pid: child.pid,
    ask: (name, ...args) =>
      new Promise((resolve, reject) => {
        if (ended) return reject(ended);
        const id = next++;
        pending.set(id, { resolve, reject });
        child.send({ id, name, args });
      }),
    /** Kills the process, and rejects pending calls with `reason`. */
    stop(reason = new Error(`${path.basename(script)} was stopped`)) {
      ended ??= reason;
      child.kill('SIGKILL');
      return exited;
    },
  };
}

/** In the child: offers functions by name. The child ends when its parent does. */
function answer(functions) {
  process.on('message', async ({ id, name, args }) => {
    try {
      process.send({ id, value: await functions[name](...args) });
    } catch (error) {
      process.send({ id, error: error.stack });
    }
  });
  process.on('disconnect', () => process.exit());
}

module.exports = { start, answer };
