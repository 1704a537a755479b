// The addon under threads, process.exit(), garbage collection, invalid arguments and other hosts. Where it is not
// loaded, the tests of threads, exits and handles run with the portable control.
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
import type { Task, WorkerReport } from '../edges/worker.js';
import { parseOutput, runEdge } from '../support/child.js';
import { endOf } from '../support/peer.js';
import { tcpPair } from '../support/tcp-pair.js';

const { binding, path } = loadNative();
const control = binding ? 'native' : 'portable';

/** The result of a last thread, which shows that the process still works. */
const ALL_RESET = { control, ends: { 'local-abort by reset, reset': 20 }, code: 0 };

/** Runs a thread to its end and returns its first message. */
async function runThread<T>(task: Task): Promise<T> {
  const worker = new Worker(join(__dirname, '..', 'edges', 'worker.js'), { workerData: task });
  const exit = once(worker, 'exit');
  const [message] = (await once(worker, 'message')) as [T];
  await exit;
  return message;
}

describe(`threads (${control})`, () => {
  it('run at the same time, each with a server and clients of its own', async () => {
    const reports = await Promise.all([1, 2, 3, 4].map(() => runThread<WorkerReport>('abort 20 connections')));
    assert.deepEqual(
      reports,
      [1, 2, 3, 4].map(() => ({ control, ends: ALL_RESET.ends })),
    );
  });

  it('may be terminated at any point, and the process and later threads go on working', async () => {
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

it(`2,000 connections that are looked up and aborted one after another leave no handle (${control})`, async () => {
  const args = ['2000', randomUUID()];
  const flags = ['--expose-gc', '--max-semi-space-size=1'];
  const env = { ...process.env, WS_LINGER_TEST_CONTROL: control };
  const { problems, kinds } = parseOutput<Cycles>(await runEdge('cycles', { flags, args, env }));
  assert.deepEqual(problems, []);
  assert.deepEqual(kinds, { [control]: 2500 });
});

if (binding && path) {
  describe('handles', () => {
    it('cannot be imitated: any other value is refused with a TypeError and changes nothing', async () => {
      const { socket, stop } = await tcpPair();
      const handle = resolveConnection(binding, socket);
      assert.ok(handle);
      const tcp = (socket as unknown as { _handle: { _externalStream: unknown } })._handle;
      const impostors: unknown[] = [undefined, null, true, NaN, 10n, '', 'handle', Symbol('handle'), {}, [], () => {}];
      impostors.push(new Date(), new Map(), Buffer.alloc(64), new Uint32Array(16), tcp, tcp._externalStream, socket);
      // A SOCKET is a small multiple of 4, so the connection's own SOCKET is among these numbers.
      for (let number = 0; number < 8192; number += 4) impostors.push(number);
      impostors.push(Object.create(handle), { ...handle }, new Proxy(handle, {}), Object.getPrototypeOf(handle));
      const Made = ((handle as object).constructor ?? Object) as new () => object;
      impostors.push(new Made(), Object.setPrototypeOf({}, Object.getPrototypeOf(handle)));
      impostors.push(await runThread('hand over a handle'));
      for (const impostor of impostors as never[]) {
        for (const call of [binding.abort, binding.finish, binding.look, binding.probe]) {
          assert.throws(() => call(impostor), TypeError);
        }
      }
      assert.equal(binding.probe(handle), 'connected');
      stop();
    });

    it('may be collected while the SOCKET is open, and kept after it has closed', async () => {
      const flags = ['--expose-gc', '--max-semi-space-size=1']; // so that only leaks make the process grow
      const { grown, ...result } = parseOutput<Garbage>(await runEdge('garbage', { flags }));
      assert.deepEqual(result, {
        collected: true,
        received: 'still here',
        whileOpen: [0, 0, 'connected'],
        onceClosed: [GONE, GONE, 'unknown'],
      });
      assert.ok(grown < 100_000, `5,000 handles have left ${grown} bytes`); // 190,000 if none is freed
    });
  });

  it('arguments of a wrong type or out of range are refused with a TypeError and change nothing', async () => {
    const { socket, stop } = await tcpPair();
    const { localAddress: here, localPort, remoteAddress: there, remotePort } = socket;
    const find = (...args: unknown[]) => (binding.resolve as (...args: unknown[]) => object | null)(...args);
    const handle = find(here, localPort, there, remotePort) as NativeConnection;
    for (const port of [undefined, null, `${localPort}`, 80n, {}, NaN, Infinity, -1, 65_536, 0.5, 2 ** 32]) {
      // Added to the right port, so that a number cut to 16 or 32 bits would find the connection.
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
    assert.equal(binding.probe(handle), 'connected');
    stop();
  });

  it('copies of arguments are freed after the call', () => {
    const long = '1'.repeat(2 ** 20);
    const refuse = (times: number) => {
      for (let i = 0; i < times; i++) assert.throws(() => binding.resolve(long, 1, long, 1), TypeError);
      return process.memoryUsage.rss();
    };
    const before = refuse(10);
    const grown = refuse(200) - before;
    assert.ok(grown < 64 * 2 ** 20, `200 calls have left ${grown} bytes`); // 200 MB and more if none is freed
  });

  describe('the addon', () => {
    it('can be loaded in several contexts of one thread, each with functions of its own', async () => {
      const { socket, peer, stop } = await tcpPair();
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
      const seen = endOf(peer);
      assert.equal(all[0]?.abort(handles[1] as NativeConnection), 0);
      socket.destroy();
      assert.equal(await seen, 'ECONNRESET');
      assert.equal(all[1]?.abort(handles[0] as NativeConnection), GONE);
      stop();
    });

    it('works beside a copy of itself under another name', async (t) => {
      const copy = join(temporaryFolder(t), 'another-name.node');
      copyFileSync(path, copy);
      const { exchanged, ...result } = parseOutput<Copies>(await runEdge('copies', { args: [copy] }));
      assert.deepEqual(result, { codes: [0, 0, GONE, GONE], seen: 'ECONNRESET' });
      // Either copy may accept or refuse the other's handle, but must not crash or find another connection.
      for (const outcome of exchanged) assert.ok(outcome === 'connected' || outcome === 'TypeError', String(outcome));
    });

    it('refuses the connections of a copy that has another layout of them, which the type tag tells apart', async (t) => {
      const copy = join(temporaryFolder(t), 'another-version.node');
      const bytes = readFileSync(path);
      const tag = bytes.indexOf(Buffer.from([0x65, 0x6b, 0x63, 0x6f, 0x73, 0x2e, 0x72])); // the end of kConnectionTag
      assert.ok(tag > 0, 'the addon has the type tag');
      bytes.writeUInt8(0xff, tag - 1);
      writeFileSync(copy, bytes);
      const { exchanged } = parseOutput<Copies>(await runEdge('copies', { args: [copy] }));
      assert.deepEqual(exchanged, ['TypeError', 'TypeError']);
    });

    it('is unloaded with the thread that loaded it, and loaded again by the next', async () => {
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

    it('works in a node.exe of another name', async (t) => {
      const node = join(temporaryFolder(t), 'other-host.exe');
      copyFileSync(process.execPath, node);
      const { reason, ...result } = parseOutput<Host>(await runEdge('host', { node }));
      assert.deepEqual(result, { control: 'native', ends: ['ECONNRESET', 'ECONNRESET'] }, reason);
    });

    // MSVC's binaries look a function up when they first call it, so that they load, and the call fails.
    const isDelayLoaded = readFileSync(path).includes('node.exe');
    // A test that is skipped would be a failure under CI.
    if (!isDelayLoaded) {
      it('does not load in a host that lacks a function; connections are then portable, after one warning', async (t) => {
        const node = join(temporaryFolder(t), 'node.exe');
        writeFileSync(node, withoutExport(readFileSync(process.execPath), 'napi_get_uv_event_loop'));
        const ended = await runEdge('host', { node });
        const { reason, ...result } = parseOutput<Host>({ ...ended, stderr: '' });
        assert.deepEqual(result, { control: 'portable', ends: ['ECONNRESET', 'ECONNRESET'] });
        assert.match(reason, /ws-linger\.node failed to load: ./);
        const lines = ended.stderr.trim().split('\n');
        assert.equal(lines.length, 1, ended.stderr);
        const { level, event, reason: logged } = JSON.parse(lines[0] as string);
        assert.deepEqual({ level, event, logged }, { level: 40, event: 'native-unavailable', logged: reason });
      });
    }
  });
}

/** The addon's code for a connection that no longer exists. */
const GONE = -1;

/** Makes a folder that is removed when the test has ended. */
function temporaryFolder(t: TestContext): string {
  const made = mkdtempSync(join(tmpdir(), 'ws-linger-'));
  t.after(() => rmSync(made, { recursive: true, maxRetries: 10 }));
  return made;
}

/** Renames an exported function of a program. It changes the last letter, so that the export table stays sorted. */
function withoutExport(program: Buffer, name: string): Buffer {
  const entry = Buffer.from(`\0${name}\0`);
  let at = program.indexOf(entry);
  assert.ok(at >= 0, `${name} is exported`);
  for (; at >= 0; at = program.indexOf(entry, at + 1))
    program.writeUInt8(program.readUInt8(at + name.length) + 1, at + name.length);
  return program;
}
