/** Finds the addon, once per process and thread, and keeps the reason for what was found. */
import { existsSync } from 'node:fs';
import { join, toNamespacedPath } from 'node:path';
import type { NativeBinding } from './native';

/**
 * - `loaded`: connections are native.
 * - `unwanted`: this platform or runtime has none, or whoever started the process does not want addons.
 * - `missing`: there is no binary where one belongs.
 * - `blocked`: the system refuses to load the binary by a policy, or a virus scanner does.
 * - `broken`: the binary does not load.
 */
export type Outcome = 'loaded' | 'unwanted' | 'missing' | 'blocked' | 'broken';

export interface Loaded {
  binding: NativeBinding | null;
  outcome: Outcome;
  /** The binary that was tried; null when there is none. */
  path: string | null;
  /** Why the binding is there or not, in a sentence for people. */
  reason: string;
}

const FUNCTIONS: readonly (keyof NativeBinding)[] = ['resolve', 'abort', 'finish', 'look', 'probe'];

let loaded: Loaded | undefined;

export function loadNative(): Loaded {
  loaded ??= load();
  return loaded;
}

function load(): Loaded {
  const unwanted = unwantedBecause();
  if (unwanted) return { binding: null, outcome: 'unwanted', path: null, reason: unwanted };
  const looked = candidates();
  let path: string | null = null;
  try {
    path = looked.find((file) => existsSync(file)) ?? null;
    if (path) return { binding: open(path), outcome: 'loaded', path, reason: `loaded ${path}` };
  } catch (error) {
    return { binding: null, path, ...whyNotLoaded(path ?? 'the addon', error as NodeJS.ErrnoException) };
  }
  const where = looked.join(' and ') || 'nothing, since this bundle has no __dirname';
  const reason = `there is no binary for ${process.platform}-${process.arch}, looked for ${where}`;
  return { binding: null, outcome: 'missing', path, reason };
}

function unwantedBecause(): string | null {
  if (process.platform !== 'win32') return `${process.platform} has no native part`;
  if (process.env.WS_LINGER_NATIVE?.trim() === '0') return 'WS_LINGER_NATIVE=0';
  // Both load addons, but the libuv loop that they show them has none of their sockets.
  const other = ['bun', 'deno'].find((name) => name in process.versions);
  return other ? `${other} keeps its sockets elsewhere than Node` : null;
}

function open(path: string): NativeBinding {
  // Not by require(): bundlers follow it, and warn or fail for a path that is known only at run time.
  const addon = { exports: {} as NativeBinding };
  // The system refuses paths of more than 260 characters in any other form (nodejs/node#2964). pnpm makes such paths.
  process.dlopen(addon, toNamespacedPath(path));
  const binding = addon.exports;
  const missing = FUNCTIONS.filter((name) => typeof binding[name] !== 'function');
  if (missing.length > 0) throw new Error(`it lacks ${missing.join(', ')}`);
  return binding;
}

/**
 * What the system says of files that Smart App Control, App Control for Business (WDAC), AppLocker, a software restriction
 * policy (577, 1260, 4550 to 4559, 4580, 4581) or a virus scanner (225, 226) keeps from being loaded. libuv asks for the English
 * text, which not every Windows has.
 */
const BLOCKED =
  /Application Control|group policy|polic(y|ies) (has|have) blocked|\bvirus\b|digital signature|error: (577|1260|22[56]|45[58]\d)\b/i;

/** Tells a decision and a policy from a fault. */
export function whyNotLoaded(
  path: string,
  { code, message }: { code?: string | undefined; message: string },
): Pick<Loaded, 'outcome' | 'reason'> {
  // The permission model may refuse the look for the file, too.
  if (code === 'ERR_DLOPEN_DISABLED' || code === 'ERR_ACCESS_DENIED') {
    return { outcome: 'unwanted', reason: 'this process loads no addons (--no-addons, or the permission model)' };
  }
  if (BLOCKED.test(message)) {
    const how = 'allow the file by its hash, which is in prebuilds/SHA256SUMS';
    return { outcome: 'blocked', reason: `a policy or virus scanner blocks ${path} (${how}): ${message}` };
  }
  return { outcome: 'broken', reason: `${path} failed to load: ${message}` };
}

/**
 * Where the binary may be: in the package, as shipped or as built on this machine from source; for a bundle, in a folder
 * `prebuilds` beside it. A bundle never looks above its own folder, where others may be able to write.
 */
function candidates(): string[] {
  // A bundle in ES module form has neither unless its banner gives it one.
  if (typeof __dirname === 'undefined') return [];
  const file = typeof __filename === 'undefined' ? '' : __filename;
  const prebuilt = join('prebuilds', `${process.platform}-${process.arch}`, 'ws-linger.node');
  if (!file.endsWith(join('dist', 'socket-control', 'load.js'))) return [join(__dirname, prebuilt)];
  const root = join(__dirname, '..', '..');
  return [join(root, prebuilt), join(root, 'build', 'Release', 'ws-linger.node')];
}
