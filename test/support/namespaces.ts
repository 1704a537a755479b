/**
 * Two hosts on one machine: Linux network namespaces joined by a veth pair. A firewall rule cuts them off from each
 * other without either kernel noticing.
 */
import { type ChildProcess, execFileSync } from 'node:child_process';
import { forkScript } from './child.js';

export const SERVER_ADDRESS = '192.0.2.1'; // RFC 5737: reserved for documentation
export const CLIENT_ADDRESS = '192.0.2.2';
/** A second address of the client's host, so that a test can cut off one of the two. */
export const OTHER_CLIENT_ADDRESS = '192.0.2.3';

const ip = (...args: string[]) => execFileSync('ip', args, { stdio: ['ignore', 'pipe', 'pipe'] }).toString();

export class TwoHosts {
  readonly #server = `wsl-s-${process.pid}`;
  readonly #client = `wsl-c-${process.pid}`;
  readonly #children: ChildProcess[] = [];

  constructor() {
    for (const name of [this.#server, this.#client]) ip('netns', 'add', name);
    ip('link', 'add', 'wsl0', 'netns', this.#server, 'type', 'veth', 'peer', 'name', 'wsl0', 'netns', this.#client);
    for (const [name, address] of [
      [this.#server, SERVER_ADDRESS],
      [this.#client, CLIENT_ADDRESS],
      [this.#client, OTHER_CLIENT_ADDRESS],
    ] as const) {
      ip('-n', name, 'addr', 'add', `${address}/24`, 'dev', 'wsl0');
      for (const device of ['wsl0', 'lo']) ip('-n', name, 'link', 'set', device, 'up');
    }
    // TCP gives up retransmitting after seconds; the default is about 15 minutes.
    this.onServer('sh', '-c', 'echo 3 > /proc/sys/net/ipv4/tcp_retries2');
  }

  /** Drops all packets to and from the client's host, or only those of one of its addresses. */
  cut(address?: string): void {
    const [from, to] = address ? [`ip daddr ${address} drop`, `ip saddr ${address} drop`] : ['drop', 'drop'];
    const chain = (name: string, hook: string, rule: string) =>
      `add chain inet t ${name} { type filter hook ${hook} priority 0; }; add rule inet t ${name} ${rule}`;
    const rules = ['add table inet t', chain('i', 'input', from), chain('o', 'output', to)].join('; ');
    ip('netns', 'exec', this.#client, 'nft', rules);
  }

  onServer(...command: string[]): string {
    return ip('netns', 'exec', this.#server, ...command);
  }

  /** Runs a script of test/ on a host, with a message channel to it. */
  start(host: 'server' | 'client', script: string, ...args: string[]): ChildProcess {
    const name = host === 'server' ? this.#server : this.#client;
    const child = forkScript(script, args, {
      execPath: 'ip',
      execArgv: ['netns', 'exec', name, process.execPath],
    });
    this.#children.push(child);
    return child;
  }

  remove(): void {
    for (const child of this.#children) child.kill('SIGKILL');
    for (const name of [this.#server, this.#client]) ip('netns', 'delete', name);
  }
}
