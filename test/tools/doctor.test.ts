// `ws-linger doctor` as a process: its exit code and its output.
import assert from 'node:assert/strict';
import { appendFileSync, cpSync, mkdtempSync, rmSync, truncateSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, it } from 'node:test';
import { loadNative } from '../../dist/socket-control/load.js';
import { judge, rangeOfNetsh, SOURCES, timeWaitOfNetstat } from '../../dist/tools/doctor/ports.js';
import { CLI, type Ended, ROOT, runCli, runNode } from '../support/child.js';

const wanted = process.env.WS_LINGER_TEST_CONTROL;
const CHECKS = ['options', 'binary', 'resolve', 'finish', 'reset', 'probe', 'tls-reset', 'ports'];

interface Check {
  name: string;
  ok: boolean;
  detail: string;
}

describe('ws-linger doctor', () => {
  it('prints one JSON object with --json, and exits with 0 if every check passes', async () => {
    const { code, stdout, stderr } = await runCli('doctor', '--json');
    const { checks, ...rest } = JSON.parse(stdout) as { checks: Check[]; [key: string]: unknown };
    assert.equal(code, 0, stdout);
    assert.equal(stderr, '');
    assert.deepEqual(Object.keys(rest), [
      ...['ok', 'platform', 'node', 'version', 'ws', 'control', 'reason', 'binary'],
      ...['options', 'recentEnds', 'project'],
    ]);
    assert.deepEqual(
      [rest.ok, rest.platform, rest.node, rest.version, rest.ws],
      [
        true,
        process.platform,
        process.version,
        require(join(ROOT, 'package.json')).version,
        require('ws-upstream/package.json').version,
      ],
    );
    if (wanted) assert.equal(rest.control, wanted);
    if (rest.control === 'native') assert.match(String(rest.binary), /ws-linger\.node$/);
    else assert.equal(rest.binary, null);
    assert.deepEqual(
      checks.map(({ name }) => name),
      CHECKS,
    );
    for (const check of checks) {
      assert.deepEqual(Object.keys(check), ['name', 'ok', 'detail']);
      assert.equal(check.ok, true, check.detail);
    }
    for (const name of ['reset', 'tls-reset']) {
      assert.match(
        checks.find((check) => check.name === name)?.detail ?? '',
        /the peer was told: The peer reset the connection \(ECONNRESET/,
      );
    }
  });

  it('prints a line with a tick for each check without --json', async () => {
    const { code, stdout } = await runCli('doctor');
    assert.equal(code, 0, stdout);
    for (const name of CHECKS) assert.match(stdout, new RegExp(`^✔ ${name} +\\S`, 'm'));
    assert.match(stdout, new RegExp(`^control +${wanted ?? ''}.*: \\S`, 'm'));
    assert.match(stdout, /All checks passed\.\s*$/);
  });

  it('prints what its servers keep for recentEnds(), as sentences', async () => {
    const [asText, asJson] = await Promise.all([runCli('doctor'), runCli('doctor', '--json')]);
    const { recentEnds } = JSON.parse(asJson.stdout);
    assert.deepEqual(
      recentEnds.map(({ kind }: { kind: string }) => kind),
      ['local-abort', 'local-abort'],
    );
    for (const { at, sentence } of recentEnds) {
      assert.ok(Math.abs(at - Date.now()) < 120_000, at);
      assert.match(sentence, /^This side aborted the connection/);
    }
    const section = /recentEnds\(\) has of these checks\n((?: {2}.*\n)+)/.exec(asText.stdout)?.[1] ?? '';
    assert.equal(section.match(/^ {2}\d\d:\d\d:\d\d\.\d{3} This side aborted/gm)?.length, 2);
    for (const line of section.split('\n')) assert.ok(line.length <= 80, line);
  });

  describe('prints the options in force', () => {
    const withVariable = (variable: string, ...args: string[]) => {
      const env = { ...process.env, WS_LINGER_OPTIONS: variable };
      return runNode([CLI, 'doctor', ...args], { env });
    };

    it('and which of them come from WS_LINGER_OPTIONS', async () => {
      const variable = '{"maxAge":5000,"heartbeat":{"interval":70},"logger":false}';
      const [asText, asJson] = await Promise.all([withVariable(variable), withVariable(variable, '--json')]);
      assert.equal(asJson.code, 0, asJson.stdout);
      const { options } = JSON.parse(asJson.stdout);
      const { heartbeat, logger, maxAge, ...others } = options;
      assert.deepEqual(
        { heartbeat, logger, maxAge },
        {
          heartbeat: { value: { interval: 70, timeout: 10_000 }, from: 'WS_LINGER_OPTIONS' },
          logger: { value: false, from: 'WS_LINGER_OPTIONS' },
          maxAge: { value: 5_000, from: 'WS_LINGER_OPTIONS' },
        },
      );
      assert.deepEqual(others.closeTimeout, { value: 2_000, from: 'default' });
      assert.deepEqual(others.sendTimeout, { value: null, from: 'default' });
      for (const { from } of Object.values(others) as { from: string }[]) assert.equal(from, 'default');
      assert.match(asText.stdout, /^ {2}closeTimeout +2000$/m);
      assert.match(asText.stdout, /^ {2}maxAge +5000, by WS_LINGER_OPTIONS$/m);
      assert.match(asText.stdout, /^ {2}sendTimeout +no limit$/m);
      assert.match(asText.stdout, /^✔ options +WS_LINGER_OPTIONS sets maxAge, heartbeat, logger$/m);
    });

    it('and fails one check for a wrong WS_LINGER_OPTIONS, while the others go on', async () => {
      const { code, stdout, stderr } = await withVariable('{"maxage":5}', '--json');
      const { ok, options, checks } = JSON.parse(stdout) as { ok: boolean; options: null; checks: Check[] };
      assert.deepEqual([code, stderr, ok, options], [1, '', false, null]);
      const failed = checks.filter((check) => !check.ok);
      assert.deepEqual(
        failed.map(({ name }) => name),
        ['options'],
      );
      assert.match(failed[0]?.detail ?? '', /WS_LINGER_OPTIONS\.maxage is no option, did you mean/);
    });

    it('and the other commands end with one line for a wrong WS_LINGER_OPTIONS', async () => {
      const env = { ...process.env, WS_LINGER_OPTIONS: '{"maxage":5}' };
      const ended = await runNode([CLI, 'demo', '--port', '0'], { env });
      assert.deepEqual([ended.code, ended.stdout], [1, '']);
      assert.match(ended.stderr, /^error: WS_LINGER_OPTIONS\.maxage is no option, did you mean .*\n$/);
    });

    it('and none with WS_LINGER=off', async () => {
      const env = { ...process.env, WS_LINGER: 'off', WS_LINGER_OPTIONS: 'no JSON' };
      const { stdout } = await runNode([CLI, 'doctor'], { env });
      assert.match(stdout, /^✔ options +WS_LINGER=off: programs get plain ws$/m);
      assert.doesNotMatch(stdout, /options in force/);
    });
  });

  it('refuses an unknown argument, with exit code 2', async () => {
    const { code, stdout } = await runCli('doctor', '--jsom');
    assert.deepEqual([code, stdout], [2, '']);
  });
});

if (wanted === 'native') {
  describe('ws-linger doctor, installed with another binary', () => {
    const binary = relative(ROOT, loadNative().path ?? '');
    const isPublished = binary.startsWith('prebuilds');

    /** Copies the package to a place with the same dependencies, changes its binary, and runs the doctor there. */
    async function diagnoseWith(
      change: (file: string) => void,
    ): Promise<{ code: Ended['code']; diagnosis: Diagnosis }> {
      const copy = mkdtempSync(join(ROOT, 'dist-test', 'installed-'));
      try {
        for (const part of ['dist', 'prebuilds', 'package.json', binary]) {
          cpSync(join(ROOT, part), join(copy, part), { recursive: true });
        }
        change(join(copy, binary));
        const { code, stdout } = await runNode([join(copy, relative(ROOT, CLI)), 'doctor', '--json']);
        return { code, diagnosis: JSON.parse(stdout) };
      } finally {
        rmSync(copy, { recursive: true, maxRetries: 5 });
      }
    }

    interface Diagnosis {
      ok: boolean;
      control: string;
      reason: string;
      checks: Check[];
    }

    if (isPublished) {
      it('reports by its hash a binary that is not the published one', async () => {
        const { code, diagnosis } = await diagnoseWith((file) => appendFileSync(file, '\0'));
        assert.deepEqual([code, diagnosis.ok, diagnosis.control], [1, false, 'native']);
        const failed = diagnosis.checks.filter(({ ok }) => !ok);
        assert.deepEqual(
          failed.map(({ name }) => name),
          ['binary'],
        );
        assert.match(failed[0]?.detail ?? '', /not the published file: its sha256 is [0-9a-f]{64}, not [0-9a-f]{64}/);
      });
    }

    it('reports a binary that does not load, and runs its other checks without it', async () => {
      const { code, diagnosis } = await diagnoseWith((file) => truncateSync(file, 1000));
      assert.deepEqual([code, diagnosis.ok, diagnosis.control], [1, false, 'portable']);
      assert.match(diagnosis.reason, /failed to load/);
      assert.deepEqual(
        diagnosis.checks.filter(({ ok }) => !ok).map(({ name }) => name),
        ['binary'],
      );
    });

    it('reports a missing binary', async () => {
      const { code, diagnosis } = await diagnoseWith((file) => rmSync(file));
      assert.deepEqual([code, diagnosis.ok, diagnosis.control], [1, false, 'portable']);
      assert.match(diagnosis.reason, /no binary for win32-/);
      assert.deepEqual(
        diagnosis.checks.filter(({ ok }) => !ok).map(({ name }) => name),
        ['binary'],
      );
    });
  });
}

// Windows' own tools print in the language of the system. Wine does not have them, so their output is given here.
describe('ephemeral ports on Windows', () => {
  const windows = SOURCES.win32 as NonNullable<(typeof SOURCES)['win32']>;

  for (const [language, start, count] of [
    ['English', 'Start Port      ', 'Number of Ports '],
    ['German', 'Startport       ', 'Anzahl von Ports '],
    ['French', 'Port de démarrage   ', 'Nombre de ports   '],
  ]) {
    it(`are read from netsh in ${language}`, () => {
      const output = `\r\nProtocol tcp\r\n---------------------------------\r\n${start}: 49152\r\n${count}: 16384\r\n\r\n`;
      assert.deepEqual(rangeOfNetsh(output), [49152, 65535]);
    });
  }

  const netstat = (state: string) =>
    [
      '',
      '  Proto  Local Address          Foreign Address        State           PID',
      '  TCP    0.0.0.0:135            0.0.0.0:0              LISTENING       1068',
      '  TCP    127.0.0.1:49700        127.0.0.1:8080         ESTABLISHED     4120',
      `  TCP    127.0.0.1:49701        127.0.0.1:8080         ${state}       0`,
      `  TCP    192.168.1.2:49702      198.51.100.7:443       ${state}       0`,
      '',
    ].join('\r\n');

  for (const state of ['TIME_WAIT', 'WARTEND', 'EN ATTENTE']) {
    it(`that are held by ${state} are counted from netstat`, () => {
      assert.deepEqual(timeWaitOfNetstat(netstat(state)), [49701, 49702]);
    });
  }

  it('pass while few are held, and fail with a hint when most are', () => {
    const held = (count: number) => Array.from({ length: count }, (_, i) => 49152 + i);
    assert.equal(judge({ range: [49152, 65535], timeWait: held(13_000) }, windows).ok, true);
    const { ok, detail } = judge({ range: [49152, 65535], timeWait: held(16_000) }, windows);
    assert.equal(ok, false);
    assert.match(detail, /hold 16000 of 16384 ports, .* ENOBUFS.*netsh int ipv4 set dynamicport/);
  });

  it('end at port 65535 after the command of the hint', () => {
    const [, start, num] = /start=(\d+) num=(\d+)$/.exec(windows.widen) ?? [];
    assert.equal(Number(start) + Number(num) - 1, 65_535);
  });

  it('are held only by connections of different ports inside the range', () => {
    const timeWait = [...new Array(20_000).fill(49152), ...new Array(20_000).fill(8080)];
    assert.equal(judge({ range: [49152, 65535], timeWait }, windows).ok, true);
  });

  it('pass as unknown where a tool is missing', () => {
    const { ok, detail } = judge({ range: null, timeWait: null }, windows);
    assert.equal(ok, true);
    assert.match(detail, /netsh is missing.*netstat is missing/);
  });
});
