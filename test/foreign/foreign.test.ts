// `ws-linger stability` against servers that are not Node's, and through proxies.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import type { StabilityResult } from 'ws-linger/stability';
import { runCli } from '../support/child.js';
import { type ForeignServer, go, haproxy, nginx, python } from './servers.js';

/** Ten of each scenario, and twenty resets. */
const CONNECTIONS = 100;
const SERVERS: readonly [name: string, start: () => Promise<ForeignServer>][] = [
  ['Python', python],
  ['Go', go],
  ['nginx', () => nginx()],
  ['HAProxy', haproxy],
];

/** Python's parser reads the file, as a CI system's would. */
function readJunit(file: string): Record<string, string> {
  const program =
    'import json,sys,xml.etree.ElementTree as t; print(json.dumps(t.parse(sys.argv[1]).getroot().attrib))';
  return JSON.parse(execFileSync('/usr/bin/python3', ['-c', program, file]).toString());
}

describe('ws-linger stability', () => {
  const rows: string[] = [];
  after(() => {
    const head = [
      'server',
      'as expected',
      'messages lost',
      'to slow peers',
      'open p99',
      '`clean` p99',
      'the server saw',
    ];
    console.log([head, head.map(() => '---')].map((cells) => `| ${cells.join(' | ')} |`).join('\n'));
    console.log(rows.join('\n'));
  });

  for (const [name, start] of SERVERS) {
    it(`passes with ${name}, which has no connection left`, async () => {
      const folder = await mkdtemp(join(tmpdir(), 'ws-linger-foreign-'));
      const junit = join(folder, 'result.xml');
      const server = await start();
      const { code, stdout, stderr } = await runCli(
        ...['stability', server.url, '--connections', String(CONNECTIONS), '--json', '-', '--junit', junit],
      );
      const seen = await server.stop();
      const result = JSON.parse(stdout || stderr) as StabilityResult;
      const { tests, failures } = readJunit(junit);
      await rm(folder, { recursive: true });
      rows.push(rowOf(name, server, result, seen.ended));
      assert.equal(code, 0, result.problems.join('\n'));
      assert.ok(Number(tests) > 5 && failures === '0', `${tests} tests, ${failures} failures`);
      assert.equal(seen.open, 0);
      const ends = Object.values(seen.ended).reduce((sum, count) => sum + count, 0);
      assert.equal(ends, CONNECTIONS);
    });
  }

  it('finds an nginx that ends peers which pause for longer than its limit', async () => {
    const server = await nginx('1s');
    const { code, stdout } = await runCli(
      ...['stability', server.url, '--connections', '6', '--mix', 'pause,rst', '--json'],
    );
    await server.stop();
    const { problems, slowPeers } = JSON.parse(stdout) as StabilityResult;
    assert.equal(code, 1);
    assert.ok(slowPeers.delivered < slowPeers.sent);
    assert.match(
      problems.join('\n'),
      /and 2 more: pause: some messages that were sent before the close did not arrive/,
    );
    assert.doesNotMatch(problems.join('\n'), /rst:/);
  });
});

function rowOf(
  name: string,
  { version }: ForeignServer,
  result: StabilityResult,
  ended: Record<string, number>,
): string {
  const { successRate, messages, slowPeers, connectMs, scenarios } = result;
  const counts = Object.entries(ended).sort(([, a], [, b]) => b - a);
  const cells = [
    `${name} (${version})`,
    `${Math.round(successRate * 100)} %`,
    `${messages.lost} of ${messages.sent}`,
    `${slowPeers.delivered} of ${slowPeers.sent}`,
    `${connectMs.p99} ms`,
    `${scenarios.clean?.closeMs.p99} ms`,
    counts.map(([kind, count]) => `${kind} ${count}`).join(', '),
  ];
  return `| ${cells.join(' | ')} |`;
}
