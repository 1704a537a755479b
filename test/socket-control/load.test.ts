// Which binary is loaded, and what is said where none is.
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, toNamespacedPath } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { loadNative, whyNotLoaded } from '../../dist/socket-control/load.js';
import type { Host } from '../edges/host.js';
import { CLI, parseOutput, ROOT, runEdge, runNode } from '../support/child.js';

const { path } = loadNative();

describe('a binary that is not loaded', () => {
  const outcomeOf = (message: string, code = 'ERR_DLOPEN_FAILED') => whyNotLoaded('x.node', { code, message }).outcome;

  it('was decided against where addons are disabled', () => {
    const message = 'Cannot load native addon because loading addons is disabled.';
    assert.equal(outcomeOf(message, 'ERR_DLOPEN_DISABLED'), 'unwanted');
  });

  it('was decided against where the permission model hides its folder', () => {
    assert.equal(outcomeOf('Access to this API has been restricted', 'ERR_ACCESS_DENIED'), 'unwanted');
  });

  // What Windows says of these errors, and what libuv says where Windows has no text.
  for (const message of [
    'An Application Control policy has blocked this file.\r\n\\\\?\\C:\\x.node',
    'This program is blocked by group policy. For more information, contact your system administrator.',
    'Windows cannot open this program because it has been prevented by a software restriction policy. A policy has blocked it.',
    'Operation did not complete successfully because the file contains a virus or potentially unwanted software.',
    'Windows cannot verify the digital signature for this file.',
    'error: 577',
    'error: 4551',
    'error: 1260',
  ]) {
    it(`is blocked where the system says: ${message.split('.')[0]}`, () => assert.equal(outcomeOf(message), 'blocked'));
  }

  for (const message of [
    'The specified module could not be found.',
    '\\\\?\\C:\\x.node is not a valid Win32 application.',
    'A dynamic link library (DLL) initialization routine failed.',
    'Access is denied.',
    'error: 126',
    'it lacks look',
  ]) {
    it(`is broken where the system says: ${message}`, () => assert.equal(outcomeOf(message), 'broken'));
  }

  it('is named with its path and with what the system said', () => {
    const { reason } = whyNotLoaded('C:\\x.node', { message: 'An Application Control policy has blocked this file.' });
    assert.match(reason, /^a policy or virus scanner blocks C:\\x\.node .*SHA256SUMS\): An Application Control policy/);
  });
});

if (path) {
  describe('the binary', () => {
    const load = (...flags: string[]) => runNode([...flags, join(__dirname, '..', 'edges', 'host.js')]);

    it('is not loaded with --no-addons, which is a decision: connections are portable, and nothing is logged', async () => {
      const { reason, ...result } = parseOutput<Host>(await load('--no-addons'));
      assert.deepEqual(result, { control: 'portable', ends: ['ECONNRESET', 'ECONNRESET'] });
      assert.match(reason, /--no-addons/);
    });

    it('is not missed by `ws-linger doctor` with --no-addons', async () => {
      const { code, stdout } = await runNode(['--no-addons', CLI, 'doctor', '--json']);
      const { ok, control } = JSON.parse(stdout);
      assert.deepEqual({ code, ok, control }, { code: 0, ok: true, control: 'portable' }, stdout);
    });

    // With the blank, as `set WS_LINGER_NATIVE=0 && node …` has it in cmd.exe.
    for (const setting of ['0', '0 ']) {
      it(`is not loaded with WS_LINGER_NATIVE='${setting}', and nothing is logged`, async () => {
        const env = { ...process.env, WS_LINGER_NATIVE: setting };
        const { control, reason } = parseOutput<Host>(await runEdge('host', { env }));
        assert.deepEqual([control, reason], ['portable', 'WS_LINGER_NATIVE=0']);
      });
    }

    for (const [what, folders] of [
      ['spaces, quotes and letters beyond ASCII', ["it's a place", 'größe 大 é']],
      ['more than 300 characters', [1, 2, 3].map((part) => `${part}`.repeat(100))],
    ] as const) {
      it(`is loaded from a path that has ${what}`, async (t) => {
        const root = join(temporaryFolder(t), ...folders);
        const loader = join(root, 'dist', 'socket-control', 'load.js');
        mkdirSync(dirname(loader), { recursive: true });
        cpSync(join(ROOT, 'dist', 'socket-control', 'load.js'), loader);
        const binary = join(root, 'prebuilds', `win32-${process.arch}`, 'ws-linger.node');
        mkdirSync(dirname(binary), { recursive: true });
        cpSync(path, binary);
        const { opened, reason } = parseOutput<{ opened: string; reason: string }>(
          await runNode(['-e', RECORDING, loader]),
        );
        assert.equal(reason, `loaded ${binary}`);
        // Wine takes long paths in any form; Windows takes them in this form only.
        assert.equal(opened, toNamespacedPath(binary));
      });
    }
  });
}

/** Loads the addon, and prints the path that the system was given. */
const RECORDING = `
const { dlopen } = process;
let opened = '';
process.dlopen = (addon, file) => { opened = file; dlopen(addon, file); };
const { reason } = require(process.argv[1]).loadNative();
console.log(JSON.stringify({ opened, reason }));
`;

/** Makes a folder that is removed when the test has ended. */
function temporaryFolder(t: TestContext): string {
  const made = mkdtempSync(join(tmpdir(), 'ws-linger-'));
  t.after(() => rmSync(made, { recursive: true, maxRetries: 10 }));
  return made;
}
