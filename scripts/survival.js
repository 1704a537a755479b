#!/usr/bin/env node

// npm run survival: runs each entry of test/support/crashes.ts with plain ws and with this package, and writes docs/survival.md
// from what they print. test/survival.test.ts asserts the same on every platform.

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { CRASHES } = require('../dist-test/support/crashes.js');

const child = path.join(__dirname, '..', 'dist-test', 'support', 'crash-child.js');

function run(library, index) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [child, library, String(index)], { encoding: 'utf8' });
  return { status, stdout, stderr };
}

function plainSays({ plain }, index) {
  const { status, stderr } = run('ws-upstream', index);
  return `exit code ${status}: \`${plain.exec(stderr)?.[0]}\``;
}

function lingerSays({ plain }, index) {
  const { status, stdout, stderr } = run('ws-linger', index);
  if (status !== 0) return `exit code ${status}: \`${plain.exec(stderr)?.[0]}\``;
  const [line] = stdout.split('\n').filter((text) => text.startsWith('{'));
  if (!line) return 'goes on; nothing to log, the peer had its answer';
  const { event, kind, origin, errorCode } = JSON.parse(line);
  return `goes on; logs \`${event}\`, **${kind}**, origin ${origin}${errorCode ? `, ${errorCode}` : ''}`;
}

const row = (crash, index) =>
  `| ${crash.name} | ${crash.needs ? `\`${crash.needs}\`` : ''} | ${plainSays(crash, index)} | ${lingerSays(crash, index)} |`;

const text = `# Survival

What a peer does, or the application, in places where nobody listens for 'error'; what becomes of the process with plain ws, and with ws-linger in its
place. Written by \`npm run survival\` from what both print; \`test/survival.test.ts\` asserts it on Linux and on Windows Node under Wine. Where the right column
has an exit code too, the error is somebody's mistake, and is left alone.

| when | needs | plain ws | ws-linger |
| --- | --- | --- | --- |
${CRASHES.map(row).join('\n')}
`;

const file = path.join(__dirname, '..', 'docs', 'survival.md');
if (process.argv.includes('--check')) {
  if (fs.readFileSync(file, 'utf8') !== text) {
    console.error('docs/survival.md is not what `npm run survival` writes');
    process.exitCode = 1;
  }
} else fs.writeFileSync(file, text);
