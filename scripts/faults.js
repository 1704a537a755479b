#!/usr/bin/env node

// npm run faults [-- --check]: writes docs/faults.md from the entries of test/support/faults.ts, which
// test/connection/faults.test.ts asserts on every platform.

const { writePage } = require('./generated-page.js');
const { FAULTS } = require('../dist-test/support/faults.js');

const plainReport = ({ plain }) => {
  if (plain === undefined) return '(no such call)';
  return plain === 'no close' ? "no 'close' within 1.5 s; it stays in `clients`" : `close ${plain}`;
};

function ourReport({ ours }) {
  const parts = [`**${ours.kind}**`, `origin ${ours.origin}`];
  if (ours.phase) parts.push(`phase ${ours.phase}`);
  if (ours.code) parts.push(`code ${ours.code}`);
  if (ours.forced) parts.push(`cut here by ${ours.forced === 'reset' ? 'RST' : 'destroy'}`);
  return parts.join(', ');
}

const row = (fault) =>
  `| ${fault.name} | ${(fault.only ?? ['all']).join(', ')} | ${plainReport(fault)} | ${ourReport(fault)} |`;
const head = '| what happens | transports | plain ws reports | ws-linger reports |\n| --- | --- | --- | --- |';

const text = `# Faults

What happens to an open connection, and what plain ws and ws-linger report of it. \`npm run faults\` generates this page from \`test/support/faults.ts\`.
\`test/connection/faults.test.ts\` causes each fault with real sockets, on servers and clients, on Linux and on Windows Node under Wine, with the addon and
without it; plain ws is tested on a server's connection. \`closeTimeout\` is 300 ms in these tests. Where it ends the connection (each \`close-timeout\`, and
peers that keep TCP open or do not read), the socket goes on delivering what was sent. Plain ws waits 30 s for a closing handshake, and without limit
after a FIN that no close frame preceded.

${head}
${FAULTS.filter((fault) => !fault.injected)
  .map(row)
  .join('\n')}

## Injected errors

The test machines cannot cause these errors at will, so the test destroys the socket with the error that Node would report.

${head}
${FAULTS.filter((fault) => fault.injected)
  .map(row)
  .join('\n')}
`;

writePage('faults.md', text, 'npm run faults');
