/** The runner's side of a process of senders or peers: starts it on its host, gives orders, and waits for news. */
import { type ChildProcess, execFileSync, fork } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { appendLine, followLines, type News, type Order } from './channel.js';
import { isLeftover } from './network.js';

/** scripts/windows-node.js, which is plain JavaScript. */
interface WindowsNode {
  wineRoot: string;
  windowsPath(file: string): string;
  runWindowsNode(args: string[], options: object): Promise<{ code: number | string; output: string }>;
}

const ROOT = join(__dirname, '..', '..');
const IN_WINE_ROOT = join(ROOT, 'scripts', 'in-wine-root.sh');
const START_MS = 60_000;

/** Every process tells `ready`, and what went wrong. */
export type AnyNews = { is: string; id: string };
type Failed = { is: 'failed'; id: string; why: string };

type Waiting<N> = { resolve: (news: N) => void; reject: (error: Error) => void };

export class Endpoint<O extends object = Order, N extends AnyNews = News> {
  readonly #waiting = new Map<string, Map<N['is'], Waiting<N>>>();
  readonly #unread = new Map<string, N[]>();
  readonly #forgotten = new Set<string>();
  #give: (order: O) => void = () => {};
  #stop: () => void = () => {};
  #ended: Promise<unknown> = Promise.resolve();
  #gone: Error | null = null;
  #pid: number | undefined;

  /** A process of this machine's Node on a host. */
  static async start<O extends object = Order, N extends AnyNews = News>(
    host: string,
    script: string,
    args: string[] = [],
  ): Promise<Endpoint<O, N>> {
    const endpoint = new Endpoint<O, N>();
    const child: ChildProcess = fork(join(__dirname, script), args, {
      execPath: 'ip',
      execArgv: ['netns', 'exec', host, process.execPath],
    });
    endpoint.#pid = child.pid;
    endpoint.#give = (order) => child.send(order, () => {});
    endpoint.#stop = () => child.kill('SIGKILL');
    child.on('message', (news: N) => endpoint.#hear(news));
    child.on('error', (error) => endpoint.#end(error));
    child.on('exit', (code, signal) => endpoint.#end(new Error(`${script} ended: ${code ?? signal}`)));
    endpoint.#ended = new Promise((resolve) => child.on('close', resolve));
    await endpoint.next('ready', '', START_MS);
    return endpoint;
  }

  /**
   * A process of Windows Node on a host. Wine's sockets belong to its server process, so each host has a Wine prefix, and
   * with it a server, of its own.
   */
  static async startWindows<O extends object = Order, N extends AnyNews = News>(
    host: string,
    prefix: WinePrefix,
    script: string,
    args: string[],
  ): Promise<Endpoint<O, N>> {
    const endpoint = new Endpoint<O, N>();
    const { runWindowsNode, windowsPath } = windowsNode();
    const folder = mkdtempSync(join(tmpdir(), 'lossless-'));
    const [orders, news] = [join(folder, 'orders'), join(folder, 'news')];
    for (const file of [orders, news]) writeFileSync(file, '');
    const unfollow = followLines<N>(news, (item) => endpoint.#hear(item));
    endpoint.#give = (order) => appendLine(orders, order);
    const ended = runWindowsNode(
      [windowsPath(join(__dirname, script)), ...args, windowsPath(orders), windowsPath(news)],
      {
        cwd: ROOT,
        env: { ...prefix.env, ...(args.includes('portable') && { WS_LINGER_NATIVE: '0' }) },
        within: ['ip', 'netns', 'exec', host],
        onSpawn: (child: ChildProcess) => {
          endpoint.#stop = () => child.kill('SIGKILL');
        },
      },
    );
    ended.then(
      ({ code }) => endpoint.#end(new Error(`${script} ended: ${code}`)),
      (error) => endpoint.#end(error),
    );
    endpoint.#ended = ended
      .catch(() => {})
      .then(() => {
        unfollow();
        rmSync(folder, { recursive: true });
      });
    await endpoint.next('ready', '', START_MS);
    return endpoint;
  }

  /** Resolves when the process has ended. */
  get ended(): Promise<unknown> {
    return this.#ended;
  }

  order(order: O): void {
    this.#give(order);
  }

  /** Null when it does not come in time. Rejects when the connection or the process has failed. */
  next<K extends N['is']>(is: K, id: string, ms: number): Promise<Extract<N, { is: K }> | null> {
    type Wanted = Extract<N, { is: K }>;
    const list = this.#unread.get(id) ?? [];
    const found = list.findIndex((news) => news.is === is || isFailed(news));
    const [news] = found < 0 ? [] : list.splice(found, 1);
    if (news) return isFailed(news) ? Promise.reject(new Error(news.why)) : Promise.resolve(news as Wanted);
    if (this.#gone) return Promise.reject(this.#gone);
    return new Promise((resolve, reject) => {
      const waiting = this.#waiting.get(id) ?? new Map<N['is'], Waiting<N>>();
      this.#waiting.set(id, waiting);
      const timer = setTimeout(() => settle(() => resolve(null)), Math.max(1, ms));
      const settle = (how: () => void) => {
        clearTimeout(timer);
        waiting.delete(is);
        how();
      };
      waiting.set(is, {
        resolve: (item) => settle(() => resolve(item as Wanted)),
        reject: (error) => settle(() => reject(error)),
      });
    });
  }

  /** Nobody asks after this connection any more. */
  forget(id: string): void {
    this.#forgotten.add(id);
    this.#unread.delete(id);
    this.#waiting.delete(id);
  }

  #hear(news: N): void {
    if (this.#forgotten.has(news.id)) return;
    const waiting = this.#waiting.get(news.id);
    if (isFailed(news) && waiting?.size) {
      for (const one of [...waiting.values()]) one.reject(new Error(news.why));
    } else if (waiting?.has(news.is)) {
      waiting.get(news.is)?.resolve(news);
    } else {
      this.#unread.set(news.id, [...(this.#unread.get(news.id) ?? []), news]);
    }
  }

  #end(error: Error): void {
    this.#gone = error;
    for (const waiting of this.#waiting.values()) for (const one of [...waiting.values()]) one.reject(error);
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT' | 'SIGTERM'): void {
    if (this.#pid) process.kill(this.#pid, signal);
  }

  /** Resolves when the process has ended. */
  kill(): Promise<unknown> {
    this.#stop();
    return this.#ended;
  }
}

function isFailed(news: AnyNews): news is Failed {
  return news.is === 'failed';
}

function windowsNode(): WindowsNode {
  return require(join(ROOT, 'scripts', 'windows-node.js'));
}

/** A copy of the toolchain's Wine prefix. Files are shared by links, but for the registry, which Wine writes in place. */
export class WinePrefix {
  readonly env: Record<string, string>;
  readonly #folder: string;
  readonly #wineRoot: string;

  constructor(name: string) {
    execFileSync(join(ROOT, 'scripts', 'toolchain.sh'), ['windows'], { stdio: ['ignore', 2, 2] });
    this.#wineRoot = windowsNode().wineRoot;
    this.#folder = join(this.#wineRoot, name);
    this.env = { WS_LINGER_PREFIX: `/${name}` };
    const original = join(this.#wineRoot, 'prefix');
    for (const other of readdirSync(this.#wineRoot)) {
      if (other.startsWith('prefix-') && isLeftover(other.slice('prefix-'.length)))
        rmSync(join(this.#wineRoot, other), { recursive: true });
    }
    execFileSync('cp', ['-al', original, this.#folder]);
    for (const file of ['system.reg', 'user.reg', 'userdef.reg'])
      execFileSync('cp', ['--remove-destination', join(original, file), this.#folder]);
  }

  /** Ends Wine's server of this prefix, and with it every program in it. */
  remove(): void {
    const command = ['/usr/lib/wine/wineserver64', '-k'];
    try {
      execFileSync(IN_WINE_ROOT, [this.#wineRoot, '/', ...command], {
        env: { ...process.env, ...this.env },
        stdio: 'ignore',
      });
    } catch {
      // It has ended by itself.
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
