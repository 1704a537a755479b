// `ws-linger doctor` on a broken network: a network namespace. Needs Linux and root.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { it } from 'node:test';
import { CLI } from '../support/child.js';

const doctor = `"${process.execPath}" "${CLI}" doctor`;

function inNewNetwork(script: string): { code: number | null; stdout: string } {
  const { status, stdout } = spawnSync('unshare', ['--net', 'sh', '-ec', script], { encoding: 'utf8' });
  return { code: status, stdout };
}

it('reports why each self-test failed while loopback is down, and exits with 1', () => {
  const { code, stdout } = inNewNetwork(doctor);
  assert.equal(code, 1);
  for (const name of ['resolve', 'reset', 'probe', 'tls-reset']) {
    assert.match(stdout, new RegExp(`^✘ ${name} +connect ENETUNREACH`, 'm'));
  }
  assert.match(stdout, /4 of 8 checks failed/);
});

it('gives a hint when most ephemeral ports are held by TIME-WAIT', () => {
  const useUp = `
    const server = net.createServer((socket) => socket.resume().on('end', () => socket.end())).listen(9, () => {
      let left = 90;
      for (let i = left; i > 0; i--) {
        const socket = net.connect(9, '127.0.0.1', () => socket.end());
        socket.on('close', () => --left === 0 && server.close()).resume();
      }
    });`;
  const { code, stdout } = inNewNetwork(`
    ip link set lo up
    echo 50000 50099 > /proc/sys/net/ipv4/ip_local_port_range
    "${process.execPath}" -e "${useUp}"
    ${doctor}`);
  assert.equal(code, 1);
  assert.match(stdout, /^✔ tls-reset/m);
  assert.match(
    stdout,
    /^✘ ports +ephemeral ports 50000 to 50099, \d+ connections in TIME-WAIT\. They hold 9\d of 100/m,
  );
  assert.match(stdout, /sysctl -w net\.ipv4\.ip_local_port_range="/);
});
