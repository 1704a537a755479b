/** A Prometheus on a port of its own, with a folder of its own, that scrapes every second. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const PROGRAMS = process.env.PROMETHEUS_FOLDER ?? '';

/** Runs promtool and returns what it printed. Throws when it finds a fault, with what it printed on stderr. */
export function promtool(args: string[], input = ''): string {
  return execFileSync(join(PROGRAMS, 'promtool'), args, { encoding: 'utf8', input });
}

/** A series of a query's result: its labels and its value now. */
export interface Series {
  labels: Record<string, string>;
  value: number;
}

/** An alert that is pending or firing. */
export interface Alert {
  name: string;
  instance: string;
  state: 'pending' | 'firing';
  annotations: Record<string, string>;
}

export class Prometheus {
  readonly #child: ChildProcess;
  readonly #address: string;
  readonly #folder: string;

  private constructor(child: ChildProcess, address: string, folder: string) {
    this.#child = child;
    this.#address = address;
    this.#folder = folder;
  }

  /** `targets` are hosts with ports, `rules` the paths of files with rules. */
  static async start(targets: string[], rules: string[]): Promise<Prometheus> {
    const folder = mkdtempSync(join(tmpdir(), 'ws-linger-prometheus-'));
    const config = join(folder, 'prometheus.yml');
    const job = { job_name: 'ws-linger', static_configs: [{ targets }] };
    // JSON is YAML, too.
    writeFileSync(
      config,
      JSON.stringify({
        global: { scrape_interval: '1s', evaluation_interval: '1s' },
        rule_files: rules,
        scrape_configs: [job],
      }),
    );
    promtool(['check', 'config', config]);
    const args = [`--config.file=${config}`, `--storage.tsdb.path=${join(folder, 'data')}`];
    args.push('--web.listen-address=127.0.0.1:0', '--web.console.libraries=', '--web.console.templates=');
    const child = spawn(join(PROGRAMS, 'prometheus'), args, { stdio: ['ignore', 'ignore', 'pipe'] });
    const address = await listeningAddress(child);
    return new Prometheus(child, address, folder);
  }

  /** The result of a query now. */
  async query(expression: string): Promise<Series[]> {
    const { result } = (await this.#get(`query?query=${encodeURIComponent(expression)}`)) as {
      result: { metric: Record<string, string>; value: [at: number, value: string] }[];
    };
    return result.map(({ metric: labels, value: [, value] }) => ({ labels, value: Number(value) }));
  }

  /** The values of a label, as Grafana's `label_values(metric, label)` asks for them. */
  async labelValues(metric: string, label: string): Promise<string[]> {
    return (await this.#get(`label/${label}/values?match[]=${encodeURIComponent(metric)}`)) as string[];
  }

  async alerts(): Promise<Alert[]> {
    const { alerts } = (await this.#get('alerts')) as {
      alerts: {
        labels: { alertname: string; instance: string };
        state: Alert['state'];
        annotations: Alert['annotations'];
      }[];
    };
    return alerts.map(({ labels, state, annotations }) => ({
      name: labels.alertname,
      instance: labels.instance,
      state,
      annotations,
    }));
  }

  async #get(path: string): Promise<unknown> {
    const response = await fetch(`http://${this.#address}/api/v1/${path}`);
    const { status, data, error } = (await response.json()) as { status: string; data: unknown; error?: string };
    if (status !== 'success') throw new Error(`${path}: ${error}`);
    return data;
  }

  async stop(): Promise<void> {
    const gone = once(this.#child, 'exit');
    this.#child.kill();
    await gone;
    rmSync(this.#folder, { recursive: true });
  }
}

/** Waits for the line of its log that says on which port it listens. */
async function listeningAddress(child: ChildProcess): Promise<string> {
  if (!child.stderr) throw new Error('no stderr');
  const lines: string[] = [];
  for await (const line of createInterface(child.stderr)) {
    lines.push(line);
    const [, address] = /"?Listening on"? address=(\S+)/.exec(line) ?? [];
    if (address) {
      child.stderr.resume();
      return address;
    }
  }
  throw new Error(`Prometheus has ended:\n${lines.join('\n')}`);
}
