// The timers that serve many connections hold nothing of the one that started them.
import assert from 'node:assert/strict';
import { createHook } from 'node:async_hooks';
import { describe, it } from 'node:test';
import type { AsyncContext, Scene } from '../edges/async-context.js';
import { parseOutput, runEdge } from '../support/child.js';
import { loadCopy } from '../support/copies.js';

it("loading the package makes no handle that tools find open, as Jest's --detectOpenHandles does", () => {
  const kept: string[] = [];
  const hook = createHook({
    init(_id, type, _trigger, resource: { hasRef?(): boolean }) {
      if (resource.hasRef?.() !== false) kept.push(type);
    },
  });
  hook.enable();
  loadCopy();
  hook.disable();
  assert.deepEqual(kept, []);
});

describe('the AsyncLocalStorage of a connection that has ended is collected while another one', () => {
  for (const [scene, what] of Object.entries({
    visits: 'is open',
    heartbeat: 'is open with a heartbeat',
    sweep: 'is open with limits of what it may buffer and of its age',
    lingering: 'lingers',
  } satisfies Record<Scene, string>)) {
    it(what, async () => {
      const ended = await runEdge('async-context', { args: [scene], flags: ['--expose-gc'] });
      assert.deepEqual(parseOutput<AsyncContext>(ended), { isCollected: true, others: 1 });
    });
  }
});
