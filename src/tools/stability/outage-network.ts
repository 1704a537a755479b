/**
 * A network between the run and its server, of two Linux network namespaces: a router, which can stop forwarding, and the
 * server's host. Packets are then lost without either end noticing, as in a network that fails on the way.
 *
 * A shell holds each namespace. It ends when its input does, so that nothing is left even where the run was killed.
 */
import { type ChildProcessWithoutNullStreams, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { type NetworkPlan, networkPlan } from './outage-addresses';

const run = promisify(execFile);
const FORWARDING = '/proc/sys/net/ipv4/ip_forward';

export class OutageNetwork {
  /** The server's address, which this process reaches through the router. */
  readonly serverAddress: string;
  readonly #device: string;
  readonly #router = new NamespaceShell();
  readonly #server = new NamespaceShell();

  private constructor({ inside, device }: NetworkPlan) {
    this.serverAddress = inside;
    this.#device = device;
  }

  /** Rejects with the reason where namespaces, their devices or their routes cannot be made. */
  static async make(): Promise<OutageNetwork> {
    const plan = networkPlan(process.pid);
    const network = new OutageNetwork(plan);
    try {
      await network.#connect(plan);
      return network;
    } catch (error) {
      await network.remove();
      throw error;
    }
  }

  async #connect({ device, outside, routerOutside, routerInside, inside, route }: NetworkPlan): Promise<void> {
    await Promise.all([this.#router.do(), this.#server.do()]);
    const [router, server] = [String(this.#router.pid), String(this.#server.pid)];
    const veth = ['type', 'veth', 'peer', 'name'];
    await ip('link', 'add', device, ...veth, 'out', 'netns', router);
    await ip('link', 'add', 'in', 'netns', router, ...veth, 'in', 'netns', server);
    await ip('address', 'add', `${outside}/30`, 'dev', device);
    await ip('link', 'set', device, 'up');
    await this.#router.do(
      `ip address add ${routerOutside}/30 dev out`,
      `ip address add ${routerInside}/30 dev in`,
      'ip link set out up',
      'ip link set in up',
      `echo 1 >${FORWARDING}`,
    );
    await this.#server.do(
      'ip link set lo up',
      `ip address add ${inside}/30 dev in`,
      'ip link set in up',
      `ip route add default via ${routerInside}`,
    );
    await ip('route', 'add', route, 'via', routerOutside);
  }

  /** The program that starts another one on the server's host, and its arguments before that one. */
  get onServer(): readonly [program: string, ...args: string[]] {
    return ['nsenter', `--net=/proc/${this.#server.pid}/ns/net`];
  }

  /** Loses each packet in both directions, until mend(). */
  cut(): Promise<void> {
    return this.#router.do(`echo 0 >${FORWARDING}`);
  }

  mend(): Promise<void> {
    return this.#router.do(`echo 1 >${FORWARDING}`);
  }

  /** Resolves when the device and the namespaces' shells are gone. Where the run was killed, the system removes the device. */
  async remove(): Promise<void> {
    await ip('link', 'delete', this.#device).catch(() => {}); // it was not made yet
    await Promise.all([this.#router.end(), this.#server.end()]);
  }
}

async function ip(...args: string[]): Promise<void> {
  await run('ip', args).catch((error) => {
    throw new Error(`ip ${args.join(' ')}: ${error.stderr || error.message}`);
  });
}

/** A shell in a network namespace of its own. */
class NamespaceShell {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #exited: Promise<unknown>;
  #errors = '';

  constructor() {
    // detached: a terminal's Ctrl+C reaches only the run.
    this.#child = spawn('unshare', ['--net', 'sh', '-e'], { detached: true, stdio: 'pipe' });
    this.#child.stderr.on('data', (chunk) => {
      this.#errors += chunk;
    });
    this.#child.stdin.on('error', () => {}); // a shell that has exited: do() tells
    this.#exited = new Promise((resolve) => {
      this.#child.once('close', resolve);
      this.#child.once('error', (error) => {
        this.#errors += error.message;
        resolve(error);
      });
    });
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  /** Resolves when the shell has done these commands, and rejects with what it says where one fails. Call it again only then. */
  async do(...commands: string[]): Promise<void> {
    const done = once(this.#child.stdout, 'data').catch(() => {});
    this.#child.stdin.write([...commands, 'echo done', ''].join('\n'));
    const failed = this.#exited.then(() => {
      throw new Error(this.#errors || 'unshare failed');
    });
    await Promise.race([done, failed]);
  }

  async end(): Promise<void> {
    this.#child.stdin.end();
    await this.#exited;
  }
}
