/** How each package manager adds packages to an empty project, with install scripts disabled. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

export interface PackageManager {
  /** The command, without the names of the packages. */
  command: string[];
  /** Its configuration files, by name. */
  files?: Record<string, unknown>;
  /** Node's arguments for finding packages outside node_modules. */
  nodeArgs?: string[];
}

export type PackageManagerName = 'npm' | 'pnpm' | 'yarn classic' | "yarn Plug'n'Play";

/**
 * Their caches are in `cache`, because the user's caches may hold another tarball of the same name and version. Without
 * `registry` they use the registry of the user's npm.
 */
export function packageManagers(
  cache: string,
  windows: boolean,
  registry?: string,
): Record<PackageManagerName, PackageManager> {
  const network = { ...npmNetwork(), ...(registry && { registry }) };
  const npmrc = Object.entries(network).map(([key, value]) => `${key}=${value}\n`);
  const files = { '.npmrc': npmrc.join('') };
  const supported = windows ? { supportedArchitectures: { os: ['win32'], cpu: ['x64'] } } : {};
  return {
    npm: {
      command: ['npm', 'install', '--ignore-scripts', '--no-audit', '--no-fund'].concat(
        windows ? ['--os=win32', '--cpu=x64'] : [],
      ),
      files,
    },
    pnpm: {
      command: [...npx('pnpm@12.21.0'), 'pnpm', 'add', '--ignore-scripts', `--store-dir=${join(cache, 'pnpm')}`],
      // Wine hides symbolic links, so Node would look for dependencies beside the link.
      files: { ...files, 'pnpm-workspace.yaml': { ...supported, ...(windows && { nodeLinker: 'hoisted' }) } },
    },
    'yarn classic': {
      command: [...npx('yarn@1.22.22'), 'yarn', 'add', '--ignore-scripts', `--cache-folder=${join(cache, 'yarn')}`],
      files,
    },
    "yarn Plug'n'Play": {
      command: [...npx('@yarnpkg/cli-dist@4.18.1'), 'yarn', 'add'],
      files: {
        '.yarnrc.yml': {
          ...yarnNetwork(network),
          ...supported,
          enableScripts: false,
          enableTelemetry: false,
          globalFolder: join(cache, 'berry'),
          pnpEnableEsmLoader: true, // needed by projects with ES modules
        },
        'yarn.lock': '', // otherwise yarn takes the project for a part of one in a parent folder
      },
      nodeArgs: ['--require', './.pnp.cjs', '--experimental-loader', './.pnp.loader.mjs'],
    },
  };
}

/** The command of a package manager that npm fetches. */
const npx = (name: string) => ['npx', '--yes', `--package=${name}`];

/** Another version of npm in the place of this machine's, run by `node` and kept in `cache`. */
export function withNpm(manager: PackageManager, version: string, node: string, cache: string): PackageManager {
  const folder = join(cache, `npm-${version}`);
  const cli = join(folder, 'node_modules', 'npm', 'bin', 'npm-cli.js');
  if (!existsSync(cli)) {
    const args = ['install', '--prefix', folder, '--no-audit', '--no-fund', '--loglevel=error', `npm@${version}`];
    execFileSync('npm', args, { stdio: 'ignore' });
  }
  return { ...manager, command: [node, cli, ...manager.command.slice(1)] };
}

/** Returns npm's settings for reaching its registry. */
export function npmNetwork(): Record<string, string> {
  const list = execFileSync('npm', ['config', 'list', '--json'], { stdio: ['ignore', 'pipe', 'ignore'] });
  const config: Record<string, string> = JSON.parse(list.toString());
  return Object.fromEntries(
    ['registry', 'cafile', 'proxy', 'https-proxy'].flatMap((key) => (config[key] ? [[key, config[key]]] : [])),
  );
}

/** Translates them for newer versions of yarn, which do not read .npmrc. */
function yarnNetwork({ registry = '', cafile, proxy, 'https-proxy': httpsProxy }: Record<string, string>): object {
  const { protocol, hostname } = new URL(registry);
  return {
    npmRegistryServer: registry,
    ...(cafile && { httpsCaFilePath: cafile }),
    ...(proxy && { httpProxy: proxy }),
    ...(httpsProxy && { httpsProxy }),
    ...(protocol === 'http:' && { unsafeHttpWhitelist: [hostname] }),
  };
}
