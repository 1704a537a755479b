#!/usr/bin/env node

// npm run survival [-- --check]: runs each entry of test/support/crashes.ts with plain ws and with this package, and writes
// docs/survival.md from what they print. test/server/survival.test.ts asserts the same on every platform.

const { spawnSync } = require('node:child_process');
const path = require('node:path');
const { writePage } = require('./generated-page.js');
const { root } = require('./steps.js');
const { CRASHES } = require('../dist-test/support/crashes.js');

const child = path.join(root, 'dist-test', 'support', 'crash-child.js');

function run(library, index) {
  return spawnSync(process.execPath, [child, library, String(index)], { encoding: 'utf8' });
}

function plainReport({ plain }, index) {
  const { status, stderr } = run('ws-upstream', index);
  return `exit code ${status}: \`${plain.exec(stderr)?.[0]}\``;
}

function ourReport({ plain }, index) {
  const { status, stdout, stderr } = run('ws-linger', index);
  if (status !== 0) return `exit code ${status}: \`${plain.exec(stderr)?.[0]}\``;
  const [line] = stdout.split('\n').filter((text) => text.startsWith('{'));
  if (!line) return 'goes on; nothing to log, the peer had its answer';
  const { event, kind, origin, errorCode } = JSON.parse(line);
  return `goes on; logs \`${event}\`, **${kind}**, origin ${origin}${errorCode ? `, ${errorCode}` : ''}`;
}

const row = (crash, index) =>
  `| ${crash.name} | ${crash.needs ? `\`${crash.needs}\`` : ''} | ${plainReport(crash, index)} | ${ourReport(crash, index)} |`;

const text = `# Survival

What happens to the process when a peer or the application causes an error that no 'error' listener handles: with plain ws, and with ws-linger in its
place. \`npm run survival\` generates this page from what both print; \`test/server/survival.test.ts\` asserts it on Linux and on Windows Node under Wine. Where
the right column has an exit code too, the error is a mistake in the application, and ws-linger does not catch it.

| when | needs | plain ws | ws-linger |
| --- | --- | --- | --- |
${CRASHES.map(row).join('\n')}
`;

writePage('survival.md', text, 'npm run survival');
