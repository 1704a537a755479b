/**
 * The hosts of the test as network namespaces: one for the senders of each send buffer size, one for each group of peers,
 * and a cable between them that can be cut without either end noticing. All of it is gone when the process ends.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';

const NAMESPACES = '/var/run/netns';

export interface Cable {
  senderHost: string;
  senderAddress: string;
  peerHost: string;
  peerAddress: string;
  device: string;
}

function ip(...args: string[]): string {
  return execFileSync('ip', args, { stdio: ['ignore', 'pipe', 'pipe'] }).toString();
}

function inside(host: string, ...command: string[]): string {
  return ip('netns', 'exec', host, ...command);
}

/** Minimum, default and maximum alike: a buffer of this size that does not grow. */
function fixBuffer(host: string, name: 'tcp_rmem' | 'tcp_wmem', bytes: number): void {
  if (bytes > 0) inside(host, 'sh', '-c', `echo ${bytes} ${bytes} ${bytes} > /proc/sys/net/ipv4/${name}`);
}

export class Network {
  readonly #prefix: string;
  readonly #hosts: string[] = [];
  readonly #senderHosts = new Map<number, string>();
  #cables = 0;

  /** `suite` is the folder of test/ that the network is for. */
  constructor(suite = 'lossless') {
    this.#prefix = `wsl-${suite}-${process.pid}`;
    removeLeftovers();
    process.once('exit', () => this.remove());
  }

  #addHost(suffix: string): string {
    const name = `${this.#prefix}-${suffix}`;
    ip('netns', 'add', name);
    this.#hosts.push(name);
    ip('-n', name, 'link', 'set', 'lo', 'up');
    return name;
  }

  senderHost(wmem: number): string {
    let host = this.#senderHosts.get(wmem);
    if (!host) {
      host = this.#addHost(`s${wmem}`);
      fixBuffer(host, 'tcp_wmem', wmem);
      this.#senderHosts.set(wmem, host);
    }
    return host;
  }

  /** A new host for peers with a cable to the senders' host. */
  addPeerHost(rmem: number, wmem: number): Cable {
    const number = ++this.#cables;
    if (number > 254) throw new Error('too many groups of peers');
    const device = `p${number}`;
    const senderHost = this.senderHost(wmem);
    const peerHost = this.#addHost(device);
    fixBuffer(peerHost, 'tcp_rmem', rmem);
    const [senderAddress, peerAddress] = [`198.18.${number}.1`, `198.18.${number}.2`]; // RFC 2544: for tests
    ip('link', 'add', device, 'netns', senderHost, 'type', 'veth', 'peer', 'name', device, 'netns', peerHost);
    ip('-n', senderHost, 'addr', 'add', `${senderAddress}/30`, 'dev', device);
    ip('-n', peerHost, 'addr', 'add', `${peerAddress}/30`, 'dev', device);
    for (const host of [senderHost, peerHost]) ip('-n', host, 'link', 'set', device, 'up');
    return { senderHost, senderAddress, peerHost, peerAddress, device };
  }

  /** What either host sends is lost on the way: unlike with a link that is down, both believe that it was sent. */
  cut({ senderHost, peerHost, device }: Cable): void {
    const table = `netdev ${device}`;
    const rules = [
      `add table ${table}`,
      `add chain ${table} in { type filter hook ingress device ${device} priority 0; }`,
      `add rule ${table} in ip protocol tcp drop`,
    ].join('; ');
    for (const host of [senderHost, peerHost]) inside(host, 'nft', rules);
  }

  mend({ senderHost, peerHost, device }: Cable): void {
    for (const host of [senderHost, peerHost]) inside(host, 'nft', `delete table netdev ${device}`);
  }

  remove(): void {
    for (const host of this.#hosts.splice(0)) {
      try {
        ip('netns', 'delete', host);
      } catch (error) {
        console.error(`cannot remove network namespace ${host}: ${(error as Error).message}`);
      }
    }
  }
}

function removeLeftovers(): void {
  // The folder is there once a namespace was made.
  const names = existsSync(NAMESPACES) ? readdirSync(NAMESPACES) : [];
  for (const name of names.filter(isLeftover)) ip('netns', 'delete', name);
}

/** Whether a host's name is of a run that was killed. Process ids come again, so the process's command is looked at, too. */
export function isLeftover(name: string): boolean {
  const pid = /^wsl-(?:lossless|defaults)-(\d+)-/.exec(name)?.[1];
  if (!pid) return false;
  try {
    return !readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes('dist-test');
  } catch {
    return true; // no such process
  }
}
