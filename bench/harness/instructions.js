// Counts the instructions of a server while something happens to it, without those of the kernel. Two runs differ by less than
// 1 %, whatever else the machine does.

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { start } = require('./processes.js');

/** Whether a tool can be run here. */
function works(command, ...args) {
  try {
    execFileSync(command, args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

let tool;

/** 'callgrind' where valgrind is installed, else 'perf' where the processor lets it count, else null: only CPU time is known. */
function counter() {
  if (tool === undefined) {
    const perf = () => works('perf', 'stat', '--event', 'instructions:u', 'true');
    tool = works('callgrind_control', '--version') ? 'callgrind' : perf() ? 'perf' : null;
  }
  return tool;
}

/**
 * Options of Node for counts that can be repeated. One thread does everything. Functions are compiled after a few calls, and stay.
 * The heap for new objects holds all that is measured, so that no garbage collection comes in between; and all are made there:
 * V8 counts the heap for old ones by the page, which is more than a thousand bytes for each of 200 ends.
 */
const REPEATABLE = [
  ...['--expose-gc', '--single-threaded', '--no-flush-bytecode'],
  '--no-allocation-site-pretenuring',
  ...['--min-semi-space-size=64', '--max-semi-space-size=64', '--initial-old-space-size=512'],
];
/** Of V8 in Node 20; newer ones decide by other counts. */
const AFTER_A_FEW_CALLS = '--interrupt-budget=8000';
if (works(process.execPath, AFTER_A_FEW_CALLS, '--eval', '0')) REPEATABLE.push(AFTER_A_FEW_CALLS);

/**
 * Starts a script that calls `answer()`. Resolves, in addition to what `start()` returns, with `count(work)`: it awaits `work()`,
 * and resolves with the instructions of the script meanwhile; undefined where nobody counts them.
 */
function startCounted(script, { args, env }) {
  if (counter() === 'callgrind') return startUnderCallgrind(script, { args, env });
  const child = start(script, { args, env, execArgv: REPEATABLE });
  return { ...child, count: counter() === 'perf' ? (work) => countByPerf(child.pid, work) : uncounted };
}

async function uncounted(work) {
  await work();
  return undefined;
}

function startUnderCallgrind(script, { args, env }) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ws-linger-callgrind-'));
  const counts = path.join(folder, 'counts');
  const pipes = `--vgdb-prefix=${path.join(folder, 'vgdb')}`;
  const callgrind = ['--quiet', '--tool=callgrind', '--instr-atstart=no', `--callgrind-out-file=${counts}`, pipes];
  const execArgv = [...callgrind, process.execPath, ...REPEATABLE];
  const child = start(script, { args, env, execPath: 'valgrind', execArgv });
  const control = (command) => execFileSync('callgrind_control', [pipes, command, child.pid], { stdio: 'ignore' });
  let dumps = 0;
  return {
    ...child,
    async count(work) {
      control('--zero');
      control('--instr=on');
      await work();
      control('--instr=off');
      control('--dump');
      const dump = fs.readFileSync(`${counts}.${++dumps}`, 'latin1');
      return Number(/^totals: (\d+)/m.exec(dump)[1]);
    },
    async stop(reason) {
      await child.stop(reason);
      fs.rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function countByPerf(pid, work) {
  const { spawn } = require('node:child_process');
  const { once } = require('node:events');
  const perf = spawn('perf', ['stat', '--event', 'instructions:u', '--field-separator', ',', '--pid', pid]);
  let output = '';
  perf.stderr.on('data', (chunk) => (output += chunk));
  await work();
  perf.kill('SIGINT');
  await once(perf, 'close');
  return Number(output.split(',', 1)[0]);
}

module.exports = { counter, startCounted };
