/** How each package manager adds packages to an empty project, with install scripts disabled. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

export interface PackageManager {
  /** To which the names of the packages are added. */
  command: string[];
  /** Its settings, by file name. */
  files?: Record<string, unknown>;
  /** What Node needs to find packages that are in no node_modules. */
  nodeArgs?: string[];
}

export type PackageManagerName = 'npm' | 'pnpm' | 'yarn classic' | "yarn Plug'n'Play";

/**
 * Their caches go into `cache`, since a tarball of the same name and version may be in the user's. Without `registry` they
 * use the one that this machine's npm uses.
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
  const npx = (name: string) => ['npx', '--yes', `--package=${name}`];
  return {
    npm: {
      command: ['npm', 'install', '--ignore-scripts', '--no-audit', '--no-fund'].concat(
        windows ? ['--os=win32', '--cpu=x64'] : [],
      ),
      files,
    },
    pnpm: {
      command: [...npx('pnpm@12.21.0'), 'pnpm', 'add', '--ignore-scripts', `--store-dir=${join(cache, 'pnpm')}`],
      // Wine shows a symbolic link as what it points to, and Node would look for dependencies beside the link.
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
          pnpEnableEsmLoader: true, // which a project with ES modules needs
        },
        'yarn.lock': '', // else it takes the project for a part of another one above
      },
      nodeArgs: ['--require', './.pnp.cjs', '--experimental-loader', './.pnp.loader.mjs'],
    },
  };
}

/** What this machine's npm says of the way to its registry. */
export function npmNetwork(): Record<string, string> {
  const list = execFileSync('npm', ['config', 'list', '--json'], { stdio: ['ignore', 'pipe', 'ignore'] });
  const config: Record<string, string> = JSON.parse(list.toString());
  return Object.fromEntries(
    ['registry', 'cafile', 'proxy', 'https-proxy'].flatMap((key) => (config[key] ? [[key, config[key]]] : [])),
  );
}

/** The same in the words of newer yarns, which read no .npmrc. */
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
