// Compiles bench/reset.c where there is a compiler, and drives it by the same functions as the other servers.

const { execFileSync, spawn } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const readline = require('node:readline');

const root = path.join(__dirname, '..', '..');
const source = path.join(root, 'bench', 'reset.c');
const programFor = (windows) => path.join(root, 'build', 'bench', windows ? 'reset.exe' : 'reset');
const program = programFor(process.platform === 'win32');

/** Compiles it for this machine, or for Windows when the benchmark runs under Wine. */
function compile({ windows }) {
  const output = programFor(windows || process.platform === 'win32');
  if (fs.existsSync(output) && fs.statSync(output).mtimeMs > fs.statSync(source).mtimeMs) return;
  fs.mkdirSync(path.dirname(output), { recursive: true });
  const compilers = windows ? ['x86_64-w64-mingw32-gcc-posix'] : ['cc', 'clang', '/usr/lib/llvm-19/bin/clang', 'gcc'];
  for (const compiler of compilers) {
    try {
      const libraries = output.endsWith('.exe') ? ['-lws2_32'] : [];
      execFileSync(compiler, ['-O2', '-o', output, source, ...libraries], { stdio: ['ignore', 2, 2] });
      return;
    } catch (error) {
      if (error.code !== 'ENOENT') throw error;
    }
  }
}

const missing = () => (fs.existsSync(program) ? undefined : 'no C compiler was found');

function startBareC(state, count) {
  const child = spawn(program, [state, String(count)], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = readline.createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const line = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error('the program of reset.c has ended');
    return value;
  };
  return {
    listen: async () => Number(await line()),
    prepare: line, // "ready"
    async reset() {
      child.stdin.write('go\n');
      const [ns, cpu] = (await line()).split(' ').map(Number);
      return { ms: ns / 1e6, cpu: cpu / 1000, closed: count };
    },
    stop: () => child.kill(),
  };
}

module.exports = { compile, missing, startBareC };
