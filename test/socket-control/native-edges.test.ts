// What scripts, threads, hosts and the garbage collector may do to the addon. Where it is not loaded, the threads, the exits
// and the count of handles are tried on the portable way.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { createContext, runInContext } from 'node:vm';
import { Worker } from 'node:worker_threads';
import { loadNative } from '../../dist/socket-control/load.js';
import { type NativeBinding, type NativeConnection, resolveConnection } from '../../dist/socket-control/native.js';
import type { Copies } from '../edges/copies.js';
import type { Cycles } from '../edges/cycles.js';
import type { Place } from '../edges/exit.js';
import type { Garbage } from '../edges/garbage.js';
import type { Host } from '../edges/host.js';
import type { Threads } from '../edges/threads.js';
import type { Task, Told } from '../edges/worker.js';
import { parseOutput, runEdge } from '../support/child.js';
import { tcpPair } from '../support/tcp-pair.js';

const { binding, path } = loadNative();
const control = binding ? 'native' : 'portable';

/** What the last thread of each test does, to show that all is well. */
const ALL_RESET = { control, ends: { 'local-abort by reset, reset': 20 }, code: 0 };

/** The first message of a thread, once it has ended. */
async function hear<T>(task: Task): Promise<T> {
  const worker = new Worker(join(__dirname, '..', 'edges', 'worker.js'), { workerData: task });
  const exit = once(worker, 'exit');
  const [message] = (await once(worker, 'message')) as [T];
  await exit;
  return message;
}

describe(`threads (${control})`, () => {
  it('work side by side, each with a server and clients of its own', async () => {
    const told = await Promise.all([1, 2, 3, 4].map(() => hear<Told>('abort 20 connections')));
    assert.deepEqual(
      told,
      [1, 2, 3, 4].map(() => ({ control, ends: ALL_RESET.ends })),
    );
  });

  it('are terminated in the middle of it, and the process and later threads live on', async () => {
    const { threads, afterwards } = parseOutput<Threads>(await runEdge('threads', { args: ['terminated', control] }));
    assert.equal(threads.length, binding ? 12 : 6);
    for (const thread of threads) assert.deepEqual(thread, { control, code: 1 });
    assert.deepEqual(afterwards, ALL_RESET);
  });
});

describe(`process.exit() (${control})`, () => {
  const places: Place[] = ['in the tick of abort()', 'on connection', 'on disconnect', 'while threads are at work'];
  for (const place of places) {
    it(`keeps its exit code ${place}`, async () => {
      assert.deepEqual(await runEdge('exit', { args: [place] }), { code: 7, stdout: '', stderr: '' });
    });
  }
});

it(`2,000 connections, looked up and aborted one after another, leave no handle behind (${control})`, async () => {
  const args = ['2000', randomUUID()];
  const flags = ['--expose-gc', '--max-semi-space-size=1'];
  const { problems, kinds } = parseOutput<Cycles>(await runEdge('cycles', { flags, args }));
  assert.deepEqual(problems, []);
  assert.deepEqual(kinds, { [control]: 2500 });
});

if (binding && path) {
  describe('handles', () => {
    it('cannot be replaced by anything else, which is refused with a TypeError and changes nothing', async () => {
      const { socket, stop } = await tcpPair();
      const handle = resolveConnection(binding, socket);
      assert.ok(handle);
      const tcp = (socket as unknown as { _handle: { _externalStream: unknown } })._handle;
      const impostors: unknown[] = [undefined, null, true, NaN, 10n, '', 'handle', Symbol('handle'), {}, [], () => {}];
      impostors.push(new Date(), new Map(), Buffer.alloc(64), new Uint32Array(16), tcp, tcp._externalStream, socket);
      // A SOCKET is a small multiple of 4, so this one's is among them.
      for (let number = 0; number < 8192; number += 4) impostors.push(number);
      impostors.push(Object.create(handle), { ...handle }, new Proxy(handle, {}), Object.getPrototypeOf(handle));
      const Made = ((handle as object).constructor ?? Object) as new () => object;
      impostors.push(new Made(), Object.setPrototypeOf({}, Object.getPrototypeOf(handle)));
      impostors.push(await hear('hand over a handle'));
      for (const impostor of impostors as never[]) {
        assert.throws(() => binding.setLinger(impostor, true), TypeError);
        assert.throws(() => binding.getLinger(impostor), TypeError);
        assert.throws(() => binding.shutdown(impostor, 'both'), TypeError);
        assert.throws(() => binding.probe(impostor), TypeError);
      }
      assert.deepEqual(binding.getLinger(handle), { on: false, seconds: 0 });
      assert.equal(binding.probe(handle), 'connected');
      stop();
    });

    it('may be collected while the SOCKET lives, and kept when it goes', async () => {
      const flags = ['--expose-gc', '--max-semi-space-size=1']; // so that the process grows by what is never freed alone
      const { grown, ...said } = parseOutput<Garbage>(await runEdge('garbage', { flags }));
      assert.deepEqual(said, {
        collected: true,
        heard: 'still here',
        whileOpen: { on: false, seconds: 0 },
        onceClosed: [GONE, GONE, GONE, 'unknown'],
      });
      assert.ok(grown < 100_000, `5,000 handles have left ${grown} bytes`); // 190,000 where none is freed
    });
  });

  it('arguments of a wrong type or out of range are refused with a TypeError and change nothing', async () => {
    const { socket, stop } = await tcpPair();
    const { localAddress: here, localPort, remoteAddress: there, remotePort } = socket;
    const find = (...args: unknown[]) => (binding.resolve as (...args: unknown[]) => object | null)(...args);
    const handle = find(here, localPort, there, remotePort) as NativeConnection;
    for (const port of [undefined, null, `${localPort}`, 80n, {}, NaN, Infinity, -1, 65_536, 0.5, 2 ** 32]) {
      // What is added to the right port would find it again, were it cut to 16 or 32 bits.
      const wrong = typeof port === 'number' ? (localPort as number) + port : port;
      if (port !== -1) assert.throws(() => find(here, wrong, there, remotePort), TypeError, String(wrong));
    }
    assert.throws(() => find(here, -1, there, remotePort), TypeError);
    const addresses = [undefined, null, 1, {}, Symbol('x'), new String(here), '', 'localhost', `${here}\0`, ` ${here}`];
    for (const wrong of [...addresses, `${here}.`, '1'.repeat(1e6), '%1', '::1::', '\ud800']) {
      assert.throws(() => find(wrong, localPort, there, remotePort), TypeError, String(wrong));
      assert.throws(() => find(here, localPort, wrong, remotePort), TypeError, String(wrong));
    }
    for (const few of [[], [here], [here, localPort, there]]) assert.throws(() => find(...few), TypeError);
    for (const wrong of [undefined, null, 0, 1, 'true', {}, Symbol('x')] as never[]) {
      assert.throws(() => binding.setLinger(handle, wrong), TypeError);
    }
    for (const wrong of [
      undefined,
      null,
      0,
      2,
      '',
      'SEND',
      'send\0',
      'x'.repeat(1e6),
      ['send'],
      Symbol('x'),
    ] as never[]) {
      assert.throws(() => binding.shutdown(handle, wrong), TypeError);
    }
    for (const wrong of [undefined, null, '10054', 10054n, {}, Symbol('x')] as never[]) {
      assert.throws(() => binding.errorName(wrong), TypeError);
    }
    assert.deepEqual(binding.getLinger(handle), { on: false, seconds: 0 });
    assert.equal(binding.probe(handle), 'connected');
    stop();
  });

  describe('the addon', () => {
    it('is loaded again in other contexts of one thread, each with functions of its own', async () => {
      const { socket, stop } = await tcpPair();
      const load = 'const module = { exports: {} }; process.dlopen(module, path); module.exports';
      const all = [1, 2]
        .map(() => runInContext(load, createContext({ process, path })) as NativeBinding)
        .concat(binding);
      const handles = all.map((one) => resolveConnection(one, socket) as NativeConnection);
      assert.equal(new Set(all.map(({ resolve }) => resolve)).size, 3);
      for (const one of all) {
        for (const handle of handles) assert.equal(one.probe(handle), 'connected');
        assert.throws(() => one.probe({} as never), { name: 'TypeError' });
      }
      assert.equal(all[0]?.setLinger(handles[0] as NativeConnection, true), 0);
      assert.deepEqual(all[1]?.getLinger(handles[1] as NativeConnection), { on: true, seconds: 0 });
      stop();
    });

    it('is used beside a copy of it under another name', async (t) => {
      const copy = join(folder(t), 'another-name.node');
      copyFileSync(path, copy);
      const { exchanged, ...said } = parseOutput<Copies>(await runEdge('copies', { args: [copy] }));
      assert.deepEqual(said, { codes: [0, GONE, GONE], linger: { on: true, seconds: 0 }, seen: 'ECONNRESET' });
      // A handle of the other is the same connection or none; what it must not be is another one, or a crash.
      for (const outcome of exchanged) assert.ok(outcome === 'connected' || outcome === 'TypeError', String(outcome));
    });

    it('is unloaded with the thread that loaded it, and loaded by the next', async () => {
      const { threads, afterwards, mapped } = parseOutput<Threads>(
        await runEdge('threads', { args: ['reloaded', control] }),
      );
      const [first, ...others] = threads;
      assert.deepEqual(first, { control, mapped: true, code: 0 });
      assert.equal(others.length, 6);
      for (const thread of others) assert.deepEqual(thread, { control, code: 0 });
      assert.deepEqual(afterwards, ALL_RESET);
      assert.equal(mapped, false);
    });

    it('works in a host of another name', async (t) => {
      const node = join(folder(t), 'other-host.exe');
      copyFileSync(process.execPath, node);
      const { reason, ...said } = parseOutput<Host>(await runEdge('host', { node }));
      assert.deepEqual(said, { control: 'native', ends: ['ECONNRESET', 'ECONNRESET'] }, reason);
    });

    it('refuses a host that lacks a function, where connections are portable and one warning says why', async (t) => {
      const node = join(folder(t), 'node.exe');
      writeFileSync(node, withoutExport(readFileSync(process.execPath), 'napi_get_uv_event_loop'));
      const ended = await runEdge('host', { node });
      const { reason, ...said } = parseOutput<Host>({ ...ended, stderr: '' });
      assert.deepEqual(said, { control: 'portable', ends: ['ECONNRESET', 'ECONNRESET'] });
      assert.match(reason, /ws-linger\.node failed to load: ./);
      const lines = ended.stderr.trim().split('\n');
      assert.equal(lines.length, 1, ended.stderr);
      const { level, event, reason: told } = JSON.parse(lines[0] as string);
      assert.deepEqual({ level, event, told }, { level: 40, event: 'native-unavailable', told: reason });
    });
  });
}

/** The code for a connection that no longer exists. */
const GONE = -1;

/** A folder that is removed once the test, and with it each process that holds a file there, has ended. */
function folder(t: TestContext): string {
  const made = mkdtempSync(join(tmpdir(), 'ws-linger-'));
  t.after(() => rmSync(made, { recursive: true, maxRetries: 10 }));
  return made;
}

/** A program that exports the function under another name. The last letter is changed, so the table stays in order. */
function withoutExport(program: Buffer, name: string): Buffer {
  const entry = Buffer.from(`\0${name}\0`);
  let at = program.indexOf(entry);
  assert.ok(at >= 0, `${name} is exported`);
  for (; at >= 0; at = program.indexOf(entry, at + 1))
    program.writeUInt8(program.readUInt8(at + name.length) + 1, at + name.length);
  return program;
}
