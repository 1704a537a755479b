// Node processes that are asked for things: what is measured does not share its CPU and heap with those who measure.

const { fork } = require('node:child_process');
const path = require('node:path');

/**
 * Starts a script that calls `answer()`. `ask(name, ...args)` resolves with what its function of that name returns and
 * rejects with what it throws, or when the process ends.
 */
function start(
  script,
  { args = [], env = process.env, execArgv = process.execArgv, execPath = process.execPath } = {},
) {
  const child = fork(script, args, { env, execArgv, execPath });
  const waiting = new Map();
  let ended = null;
  let next = 0;

  const exited = new Promise((resolve) => {
    const end = (error) => {
      ended ??= error;
      for (const { reject } of waiting.values()) reject(ended);
      waiting.clear();
      resolve();
    };
    child.on('error', end);
    child.on('exit', (code, signal) => end(new Error(`${path.basename(script)} ended with ${signal ?? code}`)));
  });
  child.on('message', ({ id, value, error }) => {
    const { resolve, reject } = waiting.get(id) ?? {};
    waiting.delete(id);
    if (error === undefined) resolve?.(value);
    else reject?.(new Error(error));
  });

  return {
    pid: child.pid,
    ask: (name, ...args) =>
      new Promise((resolve, reject) => {
        if (ended) return reject(ended);
        const id = next++;
        waiting.set(id, { resolve, reject });
        child.send({ id, name, args });
      }),
    /** Ends the process; what it still owes is rejected with `reason`. */
    stop(reason = new Error(`${path.basename(script)} was stopped`)) {
      ended ??= reason;
      child.kill('SIGKILL');
      return exited;
    },
  };
}

/** The other side: functions by name. The process ends with the one that started it. */
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
