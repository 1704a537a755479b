// Which control a connection has, over every transport: `closeInfo.control` is 'native' wherever the addon is loaded and the
// connection is TCP. Nothing else would show that the addon does not find the SOCKETs of one kind of connection.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { WebSocketServer } from 'ws-linger';
import { loadNative } from '../../dist/socket-control/load.js';
import type { NativeBinding } from '../../dist/socket-control/native.js';
import { isPortableByMistake } from '../../dist/tools/stability/expected-ends.js';
import type { Processes, Way } from '../edges/processes.js';
import { parseOutput, runEdge } from '../support/child.js';
import { watchEnd } from '../support/end.js';
import { openPair, type Role, type Transport } from '../support/pairs.js';

const { binding, reason } = loadNative();
const control = binding ? 'native' : 'portable';

/** Opens and aborts a connection. */
async function abortOne(options: Omit<Parameters<typeof openPair>[0], 'make'> & { make?: 'ours' | 'attached' }) {
  const { ws, stop } = await openPair({ make: 'ours', ...options });
  const ended = watchEnd(ws);
  ws.abort();
  const { info } = await ended;
  stop();
  return info;
}

describe(`a connection is ${control}`, () => {
  it(`with the binary that this run has (${reason})`, () => {
    const wanted = process.env.WS_LINGER_TEST_CONTROL;
    if (wanted) assert.equal(control, wanted);
  });

  for (const transport of ['tcp', 'tcp6', 'mapped', 'tls'] as const satisfies Transport[]) {
    for (const role of ['server', 'client'] as const satisfies Role[]) {
      for (const make of ['ours', 'attached'] as const) {
        it(`as a ${role} over ${transport}${make === 'attached' ? ', attached to ws' : ''}`, async () => {
          const info = await abortOne({ role, transport, make, linger: { logger: false } });
          assert.deepEqual([info.control, info.kind, info.forced], [control, 'local-abort', 'reset']);
        });
      }
    }
  }

  for (const way of ['round-robin', 'shared', 'sent'] as const satisfies Way[]) {
    const what = way === 'sent' ? 'in a child that it was sent to' : `in a worker of a ${way} cluster`;
    it(what, async () => {
      const result = parseOutput<Processes>(await runEdge('processes', { args: [way] }));
      assert.deepEqual(result, { server: control, client: control, ended: 'reset' });
    });
  }
});

it('a stability run reports a connection that is portable though the addon is loaded', async () => {
  const info = await abortOne({ role: 'server', linger: { control: 'portable', logger: false } });
  const end = { id: 1, code: 1006, info, closes: 1, disconnects: 1 };
  assert.equal(isPortableByMistake(end, true), true);
  assert.equal(isPortableByMistake(end, false), false);
  assert.equal(isPortableByMistake({ ...end, info: { ...info, control: 'native' } }, true), false);
  assert.equal(isPortableByMistake({ ...end, info: null }, true), false);
});

it('a connection over a pipe is portable', async () => {
  const info = await abortOne({ role: 'server', transport: 'pipe', linger: { logger: false } });
  assert.equal(info.control, 'portable');
});

it("a connection is portable with control: 'portable'", async () => {
  const info = await abortOne({ role: 'server', linger: { control: 'portable', logger: false } });
  assert.equal(info.control, 'portable');
});

if (binding) {
  it("control: 'native' warns once where the SOCKET of a TCP connection is not found", async () => {
    const lines: unknown[] = [];
    const logger = { debug() {}, warn: ({ event }: { event?: string }) => lines.push(event) } as never;
    await withLookup(
      () => null,
      async () => {
        for (let i = 0; i < 2; i++) {
          const info = await abortOne({ role: 'client', linger: { control: 'native', logger } });
          assert.deepEqual([info.control, info.forced], ['portable', 'reset']);
        }
        await abortOne({ role: 'client', linger: { logger } });
        await abortOne({ role: 'client', transport: 'pipe', linger: { control: 'native', logger } });
      },
    );
    assert.deepEqual(
      lines.filter((event) => event === 'socket-not-found'),
      ['socket-not-found'],
    );
  });

  /** Replaces the addon's lookup for a while. */
  async function withLookup(lookup: NativeBinding['resolve'], run: () => Promise<void>): Promise<void> {
    const addon = binding as NativeBinding;
    const { resolve } = addon;
    addon.resolve = lookup;
    try {
      await run();
    } finally {
      addon.resolve = resolve;
    }
  }
} else {
  it("control: 'native' is refused where there is no addon", () => {
    assert.throws(() => new WebSocketServer({ noServer: true, linger: { control: 'native' } }), {
      code: 'WSL_ERR_NATIVE_UNAVAILABLE',
    });
  });
}
