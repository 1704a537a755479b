// What a slow peer takes of a close counts as its progress on Windows, too. Windows Node under Wine runs the package, and the
// Linux kernel's counters stand for those of SIO_TCP_INFO, which Wine does not have. Needs root, for Wine.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import type { SendProgress } from '../../dist/socket-control/native.js';
import type { Told } from '../edges/tcp-info.js';
import { ROOT } from '../support/child.js';

const { runWindowsNode, windowsPath } = require(join(ROOT, 'scripts', 'windows-node.js'));

/** The counters of all TCP connections by "LOCAL PEER", in the terms of SIO_TCP_INFO. */
function counters(): Record<string, SendProgress> {
  const lines = execFileSync('ss', ['-tinHO'], { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 }).split('\n');
  const table: Record<string, SendProgress> = {};
  for (const line of lines) {
    const [, , , local, peer] = line.split(/\s+/);
    const count = (name: string) => Number(new RegExp(` ${name}:(\\d+)`).exec(line)?.[1] ?? 0);
    const [acknowledged, retransmitted, window] = ['bytes_acked', 'bytes_retrans', 'snd_wnd'].map(count);
    if (local && peer) table[`${local} ${peer}`] = { acknowledged, retransmitted, window } as SendProgress;
  }
  return table;
}

it('what the peer acknowledges is progress of a close: a slow reader ends cleanly, a stopped one is told in 2 s', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'ws-linger-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'counters.json');
  const update = () => {
    writeFileSync(`${file}.new`, JSON.stringify(counters()));
    renameSync(`${file}.new`, file);
  };
  update();
  const timer = setInterval(update, 100);
  const args = [windowsPath(join(ROOT, 'dist-test', 'edges', 'tcp-info.js')), windowsPath(file)];
  const { output } = await runWindowsNode(args, { cwd: ROOT, quiet: true });
  clearInterval(timer);
  t.diagnostic(output.trim());
  const [slow, stopped] = JSON.parse(output) as [Told, Told];
  assert.deepEqual([slow.kind, slow.clean, slow.end], ['clean', true, '']);
  assert.ok(slow.read > 2 * 8 * 1024 * 1024, `it read ${slow.read} bytes`);
  assert.ok(slow.after > 15_000, `it took ${slow.after} ms`);
  assert.deepEqual([stopped.kind, stopped.clean], ['close-timeout', false]);
  assert.ok(stopped.after >= 2_000 && stopped.after < 4_000, `it was told after ${stopped.after} ms`);
});
