// A stability run whose network is taken away again and again. Needs Linux and root, since it makes network namespaces.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import net from 'node:net';
import { describe, it } from 'node:test';
import { runStability } from 'ws-linger/stability';
import { networkPlan } from '../../dist/tools/stability/outage-addresses.js';
import { OutageNetwork } from '../../dist/tools/stability/outage-network.js';
import { startServer } from '../../dist/tools/stability/server-process.js';
import { CLI } from '../support/child.js';
import { until } from '../support/end.js';

const devices = () => execFileSync('ip', ['-o', 'link']).toString();
/** The middle of a row of /proc/net/tcp: the address, any port, and the state SYN_SENT. */
const synSentTo = (address: string, port: number) => {
  const bytes = [...Buffer.from(address.split('.').map(Number))].reverse();
  const hex = (number: number, digits: number) => number.toString(16).toUpperCase().padStart(digits, '0');
  return `${bytes.map((byte) => hex(byte, 2)).join('')}:${hex(port, 4)} 02`;
};
const { device } = networkPlan(process.pid);

describe('outages', () => {
  it('lose every packet until the network is back, and leave nothing behind', async () => {
    const network = await OutageNetwork.make();
    assert.match(devices(), new RegExp(device));
    const { url, serverProcess } = await startServer(true, network, { onEnd() {}, onUncaught() {} });
    const { hostname, port } = new URL(url);
    assert.equal(hostname, network.serverAddress);

    // The first connection fills the caches of hardware addresses, so that the second one's SYN waits for nothing.
    const first = net.connect(Number(port), hostname);
    await once(first, 'connect');
    first.destroy();

    await network.cut();
    const began = performance.now();
    const second = net.connect(Number(port), hostname);
    const connected = once(second, 'connect').then(() => performance.now() - began);
    await until('its SYN was sent', async () =>
      (await readFile('/proc/net/tcp', 'latin1')).includes(synSentTo(hostname, Number(port))),
    );
    await network.mend();
    assert.ok((await connected) > 900); // TCP sends a lost SYN again after 1 s
    second.destroy();

    await serverProcess?.stop();
    await network.remove();
    assert.doesNotMatch(devices(), new RegExp(device));
    await (await OutageNetwork.make()).remove();
  });

  it('leave nothing behind when the run is killed', async () => {
    const child = spawn(process.execPath, [CLI, 'stability', '--outages', '--connections', '2', '--mix', 'stall']);
    const itsDevice = networkPlan(child.pid as number).device;
    await until('the run has made its network', () => devices().includes(itsDevice));
    child.kill('SIGKILL');
    await until('the system has removed it', () => !devices().includes(itsDevice));
  });

  it('meet connections of the profile flaky as they open, and nothing is lost', async () => {
    const { pass, outages, connectMs, problems, messages } = await runStability({
      profile: 'flaky',
      connections: 8,
      mix: { clean: 1, fin: 1, cut: 1, cutoff: 1 },
      reconnect: 0,
    });
    assert.equal(pass, true, problems.join('\n'));
    assert.equal(outages?.missing, null);
    assert.ok(outages && outages.count >= 3, String(outages?.count));
    assert.ok(connectMs.p99 > 700, String(connectMs.p99));
    assert.equal(messages.lost, 0);
  });
});
