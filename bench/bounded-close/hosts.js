// Two hosts on one machine with a cable between them, which can be cut without either end noticing. Each lives in the network
// namespace of a process and ends with it, so that nothing is left behind.

const { execFileSync } = require('node:child_process');
const { start } = require('../harness/processes.js');

const SERVER = '192.0.2.1'; // RFC 5737: addresses for examples
const CLIENT = '192.0.2.2';
const DEVICE = 'wslb0';
/** Least, first and most, in bytes. With the usual ones, ten thousand stalled peers would take all that the kernel has for TCP. */
const BUFFERS = '4096 16384 65536';

/** Why there can be none; undefined where there can. */
function missing() {
  if (process.platform !== 'linux') return 'black holes are made with network namespaces of Linux';
  if (process.geteuid() !== 0) return 'network namespaces are made as root';
  try {
    execFileSync('sh', ['-c', 'for tool in ip nft unshare nsenter; do command -v "$tool"; done'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'ip, nft, unshare and nsenter are needed: scripts/toolchain.sh network';
  }
}

/** Starts a process on a host of its own. */
function startOnHost(script, options) {
  return start(script, { ...options, execPath: 'unshare', execArgv: ['--net', process.execPath, '--expose-gc'] });
}

const on = ({ pid }, ...command) =>
  execFileSync('nsenter', [`--net=/proc/${pid}/ns/net`, ...command], { stdio: ['ignore', 'pipe', 'inherit'] });

/** Both must have answered by now: their hosts are there then. */
function connect(server, client) {
  const [one, other] = [server, client].map(({ pid }) => ['netns', String(pid)]);
  execFileSync('ip', ['link', 'add', DEVICE, ...one, 'type', 'veth', 'peer', 'name', DEVICE, ...other]);
  for (const [host, address] of [
    [server, SERVER],
    [client, CLIENT],
  ]) {
    for (const name of ['tcp_rmem', 'tcp_wmem']) on(host, 'sh', '-c', `echo ${BUFFERS} > /proc/sys/net/ipv4/${name}`);
    on(host, 'ip', 'addr', 'add', `${address}/24`, 'dev', DEVICE);
    on(host, 'ip', 'link', 'set', DEVICE, 'up');
  }
}

/** From now on the host takes nothing in and gives nothing out. */
function cut(host) {
  const chain = (hook) => `add chain inet cut ${hook} { type filter hook ${hook} priority 0; policy drop; }`;
  on(host, 'nft', ['add table inet cut', chain('input'), chain('output')].join('; '));
}

/** What still waits for a peer would wait for minutes, and be in the way of whoever is measured next. */
function letGo(server, client) {
  on(client, 'nft', 'flush ruleset');
  on(server, 'sh', '-c', 'echo 1 > /proc/sys/net/ipv4/tcp_orphan_retries');
}

module.exports = { SERVER, missing, startOnHost, connect, cut, letGo };
