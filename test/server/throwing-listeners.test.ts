// Listeners that throw, in a process that goes on after 'uncaughtException', keep no connection from ending and no drain from
// resolving.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Thrown } from '../edges/throwing.js';
import { runEdge } from '../support/child.js';

describe('280 combinations of a listener that throws, what it calls before, and an end', () => {
  it('end each connection exactly once, and drain() within its timeout and a second', async () => {
    const { code, stdout, stderr } = await runEdge('throwing');
    assert.equal(code, 0, stderr);
    const { combinations, wrong, thrown, connections, drainMs } = JSON.parse(stdout) as Thrown;
    assert.deepEqual(wrong, []);
    assert.deepEqual([combinations, connections], [280, 0]);
    assert.ok(thrown >= 250, `${thrown} errors were thrown`);
    assert.ok(drainMs <= 2_500, `drain() took ${drainMs} ms`);
  });
});
