// The default logger writes to stderr without ever waiting for it, and tells nothing that the application hears itself.
import assert from 'node:assert/strict';
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import { LineQueue } from '../../dist/telemetry/stderr.js';
import { forkScript, ROOT, runNode } from '../support/child.js';
import { until } from '../support/end.js';

/** The event loop of a busy test machine stands still for this long at most, in ms: under Wine pino takes a second to load. */
const STANDS_STILL = 5_000;
const SCRIPT = join(__dirname, '..', 'support', 'noisy.js');

type Stdio = 'ignore' | 'pipe' | number;

interface Storm {
  ended: number;
  longest: number;
}

function play(scene: string, stderr: Stdio, env: NodeJS.ProcessEnv = {}): ChildProcess {
  return forkScript('support/noisy', [scene], {
    stdio: ['ignore', 'inherit', stderr, 'ipc'],
    env: { ...process.env, ...env },
  });
}

/** Resolves with what the child reports, and fails if it ends or stands still. */
async function reportOf<T>(child: ChildProcess): Promise<T> {
  const report = once(child, 'message', { signal: AbortSignal.timeout(60_000) }) as Promise<[T]>;
  const failed = once(child, 'exit').then((how) => assert.fail(`the process ended: ${how}`));
  try {
    return (await Promise.race([report, failed]))[0];
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
}

async function exit(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit');
  child.send('exit');
  assert.deepEqual(await ended, [0, null]);
}

function assertGoesOn({ ended, longest }: Storm, expected: number): void {
  assert.equal(ended, expected);
  assert.ok(longest < STANDS_STILL, `the event loop stood still for ${longest} ms`);
}

type Line = Record<string, unknown>;

const linesOf = (text: string): Line[] =>
  text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Line);

/** The fields of pino's lines, whose format this is. */
function assertProtocolError(line: Line | undefined): void {
  const { time, pid, hostname, level, name, event, kind, errorCode, remoteAddress, msg } = line ?? {};
  for (const number of [time, pid]) assert.equal(typeof number, 'number');
  assert.equal(typeof hostname, 'string');
  assert.deepEqual(
    { level, name, event, kind, errorCode, remoteAddress },
    {
      level: 40,
      name: 'ws-linger',
      event: 'disconnect',
      kind: 'protocol-error',
      errorCode: 'WS_ERR_UNEXPECTED_RSV_2_3',
      remoteAddress: '127.0.0.1',
    },
  );
  assert.match(String(msg), /^The peer broke the WebSocket protocol \(/);
}

/** A named pipe that nobody reads. Node's own 'pipe' is a socket. */
function unreadPipe(): number {
  const folder = fs.mkdtempSync(join(tmpdir(), 'ws-linger-'));
  execFileSync('mkfifo', [join(folder, 'stderr')]);
  const fd = fs.openSync(join(folder, 'stderr'), fs.constants.O_RDWR);
  fs.rmSync(folder, { recursive: true });
  return fd;
}

describe('the default logger', () => {
  it('does not hold the process up where stderr is full and nobody reads it, and writes when it is read', async () => {
    const child = play('stderr is full', 'pipe');
    assertGoesOn(await reportOf<Storm>(child), 50);
    let text = '';
    child.stderr?.on('data', (chunk) => {
      text += chunk;
    });
    await until('the lines have come', () => linesOf(text.slice(0, text.lastIndexOf('\n'))).length > 20);
    assertProtocolError(linesOf(text.slice(0, text.lastIndexOf('\n')))[0]);
    await exit(child);
  });

  it('does not hold up a process that ends while stderr is full', async () => {
    const child = play('stderr is full', 'pipe');
    assertGoesOn(await reportOf<Storm>(child), 50);
    await exit(child);
  });

  if (process.platform === 'win32') {
    for (const [what, end] of [
      ['read', (stderr: Readable) => stderr.resume()],
      ['closed', (stderr: Readable) => stderr.destroy()],
    ] as const) {
      it(`lets a process end by itself once a full stderr is ${what}`, async () => {
        const child = spawn(process.execPath, [SCRIPT, 'ends by itself while stderr is full']);
        const ended = once(child, 'exit', { signal: AbortSignal.timeout(60_000) });
        await once(child.stdout, 'data');
        end(child.stderr);
        assert.deepEqual(await ended, [0, null]);
      });
    }
  }

  if (process.platform === 'linux') {
    for (const [what, stderr] of [
      ['a socket', 'pipe'],
      ['a pipe', 'fifo'],
    ] as const) {
      it(`does not keep a process from ending by itself while stderr is ${what} that is full`, async () => {
        const fd = stderr === 'fifo' ? unreadPipe() : null;
        const child = spawn(process.execPath, [SCRIPT, 'ends by itself while stderr is full'], {
          stdio: ['ignore', 'ignore', fd ?? 'pipe'],
        });
        try {
          assert.deepEqual(await once(child, 'exit', { signal: AbortSignal.timeout(20_000) }), [0, null]);
        } finally {
          child.kill('SIGKILL');
          if (fd !== null) fs.closeSync(fd);
        }
      });
    }
  }

  if (process.platform !== 'win32') {
    it('does not hold the process up where stderr is a pipe of a shell', async () => {
      const pipeline = '"$0" "$1" "stderr is full" 2>&1 >/dev/null | sleep 90';
      // A group of its own, to end all of it.
      const shell = spawn('sh', ['-c', pipeline, process.execPath, SCRIPT], {
        stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
        detached: true,
      });
      try {
        assertGoesOn(await reportOf<Storm>(shell), 50);
      } finally {
        process.kill(-(shell.pid as number), 'SIGKILL');
      }
    });
  }

  for (const scene of [
    'stderr is destroyed',
    'the descriptor of stderr is closed',
    'the console and stderr are patched',
  ]) {
    it(`does not fail where ${scene}`, async () => {
      const child = play(scene, 'ignore');
      assertGoesOn(await reportOf<Storm>(child), 25);
      await exit(child);
    });
  }

  it('does not fail where the reader of stderr is gone', async () => {
    const child = play('a storm', 'pipe');
    child.stderr?.destroy();
    assertGoesOn(await reportOf<Storm>(child), 25);
    await exit(child);
  });

  it('writes lines to a file', async () => {
    const file = join(fs.mkdtempSync(join(tmpdir(), 'ws-linger-')), 'stderr.txt');
    const fd = fs.openSync(file, 'w');
    const child = play('a storm', fd);
    await reportOf(child);
    const lines = linesOf(fs.readFileSync(file, 'utf8'));
    assert.ok(lines.length >= 20, `${lines.length} lines`);
    assertProtocolError(lines[0]);
    await exit(child);
    fs.closeSync(fd);
    fs.rmSync(file);
  });

  for (const scene of [
    'exits right after an end',
    'ends by itself right after an end',
    'a client exits right after an end',
    'a thread ends right after an end',
  ]) {
    it(`has written its line where ${scene}`, async () => {
      const { code, stderr } = await runNode([SCRIPT, scene]);
      assert.equal(code, 0);
      const lines = linesOf(stderr);
      assert.equal(lines.length, 1);
      assertProtocolError(lines[0]);
    });
  }

  it('keeps 1000 lines until pino is loaded, and tells how many more there were', async () => {
    const file = JSON.stringify(join(ROOT, 'dist', 'telemetry', 'default-logger.js'));
    const code = `
      const { defaultLogger } = require(${file});
      for (let i = 0; i < 1_500; i++) defaultLogger.warn({ event: 'x' }, 'line');
      setTimeout(() => {}, 100);`;
    const folder = fs.mkdtempSync(join(tmpdir(), 'ws-linger-'));
    const fd = fs.openSync(join(folder, 'stderr.txt'), 'w');
    const child = spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'inherit', fd] });
    assert.deepEqual(await once(child, 'close'), [0, null]);
    fs.closeSync(fd);
    const lines = linesOf(fs.readFileSync(join(folder, 'stderr.txt'), 'utf8'));
    fs.rmSync(folder, { recursive: true });
    assert.deepEqual([lines.length, lines.at(-1)?.event, lines.at(-1)?.lost], [1_001, 'lines-lost', 500]);
  });

  it('tells nothing where the application listens for errors', async () => {
    assert.deepEqual(await runNode([SCRIPT, 'the application listens for errors']), {
      code: 0,
      stdout: '',
      stderr: '',
    });
  });

  it('is loaded in a turn of its own when a server is made that needs it, and not before', async () => {
    const child = play('pino is loaded', 'ignore');
    assert.deepEqual(await reportOf(child), [false, false, false, false, true]);
    await exit(child);
  });

  it('is not loaded where Jest runs, which fails a run in which more is required after the last test', async () => {
    const child = play('pino is never loaded', 'pipe', { JEST_WORKER_ID: '1' });
    const stderr = text(child.stderr as Readable);
    assert.equal(await reportOf(child), false);
    await exit(child);
    const lines = linesOf(await stderr);
    assert.equal(lines.length, 1);
    assertProtocolError(lines[0]);
  });

  for (const [where, args] of [
    ['its folder was moved away', ['-r', require.resolve('../support/without-pino.js')]],
    ["Node's own objects are frozen", ['--frozen-intrinsics', '--no-warnings']],
  ] as const) {
    it(`is not needed for a line, where ${where}`, async () => {
      const { stderr } = await runNode([...args, SCRIPT, 'exits right after an end']);
      const lines = linesOf(stderr);
      assert.equal(lines.length, 1);
      assertProtocolError(lines[0]);
    });
  }

  it('writes its first line at once where Jest runs, and no server was made', async () => {
    const file = JSON.stringify(join(ROOT, 'dist', 'telemetry', 'default-logger.js'));
    const code = `
      require(${file}).defaultLogger.warn({ event: 'x' }, 'line');
      process.removeAllListeners('exit');`;
    const { stderr } = await runNode(['-e', code], { env: { ...process.env, JEST_WORKER_ID: '1' } });
    assert.deepEqual(
      linesOf(stderr).map(({ event }) => event),
      ['x'],
    );
  });

  it('writes the lines of a thread to the stderr of the thread', async () => {
    const child = play('threads have a stderr of their own', 'pipe');
    let text = '';
    child.stderr?.on('data', (chunk) => {
      text += chunk;
    });
    const lines = linesOf(await reportOf<string>(child));
    assert.equal(lines.length, 1);
    assertProtocolError(lines[0]);
    await Promise.all([exit(child), once(child, 'close')]);
    assert.equal(text, '');
  });

  if (process.platform === 'linux') {
    it('has one descriptor more for all copies of the package, where stderr is a pipe', async () => {
      const fd = unreadPipe();
      const child = play('descriptors of three copies', fd);
      assert.equal(await reportOf(child), 2);
      await exit(child);
      fs.closeSync(fd);
    });
  }
});

// It takes a shell, whose pipes are pipes: those of Node are sockets.
if (process.platform !== 'win32')
  it('leaves Node able to find packages through links where stderr is a pipe', findsLinked);

async function findsLinked(): Promise<void> {
  const folder = fs.mkdtempSync(join(tmpdir(), 'ws-linger-'));
  fs.mkdirSync(join(folder, 'real', 'linked'), { recursive: true });
  fs.writeFileSync(join(folder, 'real', 'linked', 'index.js'), '');
  fs.mkdirSync(join(folder, 'node_modules'));
  fs.symlinkSync(join('..', 'real', 'linked'), join(folder, 'node_modules', 'linked'));
  const code = `
    const { WebSocketServer } = require(${JSON.stringify(require.resolve('ws-linger'))});
    new WebSocketServer({ noServer: true });
    setTimeout(() => console.log(require.resolve('linked')), 200);`;
  const { stdout } = await promisify(execFile)('sh', ['-c', '"$0" -e "$1" 2>&1 | cat', process.execPath, code], {
    cwd: folder,
  });
  assert.equal(stdout.trim(), fs.realpathSync(join(folder, 'real', 'linked', 'index.js')));
  fs.rmSync(folder, { recursive: true });
}

describe('a queue of lines', () => {
  const LINE = `${'x'.repeat(999)}\n`;

  it('keeps lines that cannot be written now, in order, and tells how many it had no room for', async () => {
    let room = 0;
    let written = '';
    const lost: number[] = [];
    const queue = new LineQueue(
      (bytes) => {
        const taken = Math.min(bytes.length, room);
        room -= taken;
        written += bytes.subarray(0, taken);
        return taken;
      },
      (lines) => void lost.push(lines),
    );
    for (let i = 0; i < 100; i++) queue.write(LINE);
    assert.equal(written, '');
    room = 1_500;
    await until('what there is room for has been written', () => written.length === 1_500);
    assert.deepEqual(lost, []);
    room = Number.POSITIVE_INFINITY;
    await until('the rest has been written', () => lost.length > 0);
    assert.equal(written, LINE.repeat(65));
    assert.deepEqual(lost, [35]);
    assert.equal(process.listenerCount('exit'), before);
  });

  const before = process.listenerCount('exit');

  it('goes on after a line that could not be written at all, and does not tell of its own line without end', () => {
    let isBroken = true;
    let calls = 0;
    const lost: number[] = [];
    const queue: LineQueue = new LineQueue(
      (bytes) => {
        calls++;
        if (isBroken) throw new Error('EPIPE');
        return bytes.length;
      },
      (lines) => {
        lost.push(lines);
        queue.write('told\n');
      },
    );
    queue.write(LINE);
    queue.write(LINE);
    assert.deepEqual([calls, lost], [2, []]);
    isBroken = false;
    queue.write(LINE);
    assert.deepEqual([calls, lost], [4, [2]]);
  });
});
