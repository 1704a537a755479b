// Two virtual hosts with a link between them, which can be cut without either end noticing. Each is the network namespace of
// a process and ends with that process, so nothing is left behind.

const { execFileSync } = require('node:child_process');
const { start } = require('../harness/processes.js');

const SERVER = '192.0.2.1'; // RFC 5737: addresses for examples
const CLIENT = '192.0.2.2';
const DEVICE = 'wslb0';
/** Minimum, default and maximum, in bytes. With the usual ones 10,000 stalled peers would use up the kernel's memory for TCP. */
const BUFFERS = '4096 16384 65536';

/** Why this machine cannot have virtual hosts; undefined when it can. */
function missing() {
  if (process.platform !== 'linux') return 'black holes need the network namespaces of Linux';
  if (process.geteuid() !== 0) return 'network namespaces need root';
  try {
    execFileSync('sh', ['-c', 'for tool in ip nft unshare nsenter; do command -v "$tool"; done'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'ip, nft, unshare and nsenter are missing: run scripts/toolchain.sh network';
  }
}

/** Starts a process on a host of its own. Returns what processes.js's start() returns. */
function startOnHost(script, options) {
  return start(script, { ...options, execPath: 'unshare', execArgv: ['--net', process.execPath, '--expose-gc'] });
}

const on = ({ pid }, ...command) =>
  execFileSync('nsenter', [`--net=/proc/${pid}/ns/net`, ...command], { stdio: ['ignore', 'pipe', 'inherit'] });

/** Links two hosts. Both processes must have answered before, since their namespaces exist only then. */
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

/** Drops all packets to and from the host, from now on. */
function cut(host) {
  const chain = (hook) => `add chain inet cut ${hook} { type filter hook ${hook} priority 0; policy drop; }`;
  on(host, 'nft', ['add table inet cut', chain('input'), chain('output')].join('; '));
}

/** Makes the kernel drop what still waits for a peer. It would retry for minutes, and disturb the next measurement. */
function release(server, client) {
  on(client, 'nft', 'flush ruleset');
  on(server, 'sh', '-c', 'echo 1 > /proc/sys/net/ipv4/tcp_orphan_retries');
}

module.exports = { SERVER, missing, startOnHost, connect, cut, release };
