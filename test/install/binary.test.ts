// A missing, broken or disabled binary in an installed package on Windows.
import assert from 'node:assert/strict';
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, beforeEach, describe, it } from 'node:test';
import { assertPortable } from './expect.js';
import { canRunWindows, emptyFolder, install, type Project, run } from './projects.js';

describe('on Windows', { skip: !canRunWindows }, () => {
  let installed: Project;
  let folder: string;
  let binary: string;
  before(() => {
    installed = install('npm', 'windows');
  });
  beforeEach(() => {
    folder = emptyFolder();
    cpSync(installed.folder, folder, { recursive: true });
    binary = join(folder, 'node_modules/ws-linger/prebuilds/win32-x64/ws-linger.node');
  });

  it('a missing binary makes connections portable, without a warning', async () => {
    rmSync(binary);
    const ran = await run({ folder }, 'windows', ['main.cjs']);
    assertPortable(ran, /there is no binary for win32-x64, looked for .*ws-linger\.node/);
    assert.deepEqual(ran.otherLines, []);
  });

  it('a truncated binary makes connections portable, with one warning that has the reason', async () => {
    const whole = readFileSync(binary);
    writeFileSync(binary, whole.subarray(0, whole.length / 2));
    const ran = await run({ folder }, 'windows', ['main.cjs']);
    assertPortable(ran, /ws-linger\.node failed to load: ./);
    assert.equal(ran.otherLines.length, 1, ran.otherLines.join('\n'));
    const { level, event, reason } = JSON.parse(ran.otherLines[0] as string);
    assert.deepEqual({ level, event }, { level: 40, event: 'native-unavailable' });
    assert.match(reason, /ws-linger\.node failed to load: ./);
  });

  it('WS_LINGER_NATIVE=0 makes connections portable, without a warning', async () => {
    const ran = await run({ folder }, 'windows', ['main.cjs'], { WS_LINGER_NATIVE: '0' });
    assertPortable(ran, /WS_LINGER_NATIVE=0/);
    assert.deepEqual(ran.otherLines, []);
  });
});
