/** Finds the addon, once per process and thread, and keeps the reason for what was found. */
import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { NativeBinding } from './native';

export interface Loaded {
  binding: NativeBinding | null;
  /** The binary that was tried; null when there is none for this platform. */
  path: string | null;
  /** Why the binding is there or not, in a sentence for people. */
  reason: string;
  /** True when a binary is there and could not be used, which is logged. */
  failed: boolean;
}

const FUNCTIONS: readonly (keyof NativeBinding)[] = [
  'resolve',
  'setLinger',
  'getLinger',
  'shutdown',
  'probe',
  'errorName',
];

let loaded: Loaded | undefined;

export function loadNative(): Loaded {
  loaded ??= load();
  return loaded;
}

function load(): Loaded {
  const none = { binding: null, path: null, failed: false };
  if (process.platform !== 'win32') return { ...none, reason: `${process.platform} has no native part` };
  if (process.env.WS_LINGER_NATIVE === '0') return { ...none, reason: 'WS_LINGER_NATIVE=0' };
  // Both load addons, but the libuv loop that they show them has none of their sockets.
  const other = ['bun', 'deno'].find((name) => name in process.versions);
  if (other) return { ...none, reason: `${other} keeps its sockets elsewhere than Node` };

  const looked = candidates();
  const path = looked.find((file) => existsSync(file));
  if (!path) {
    const where = looked.join(' and ') || 'nothing, since this bundle has no __dirname';
    return { ...none, reason: `there is no binary for ${process.platform}-${process.arch}, looked for ${where}` };
  }
  try {
    // Not by require(): bundlers follow it, and warn or fail for a path that is known only at run time.
    const addon = { exports: {} as NativeBinding };
    process.dlopen(addon, path);
    const binding = addon.exports;
    const missing = FUNCTIONS.filter((name) => typeof binding[name] !== 'function');
    if (missing.length > 0) throw new Error(`it lacks ${missing.join(', ')}`);
    return { binding, path, reason: `loaded ${path}`, failed: false };
  } catch (error) {
    return { binding: null, path, reason: `${path} failed to load: ${(error as Error).message}`, failed: true };
  }
}

/**
 * Where the binary may be: in the package, as shipped or as built on this machine from source; for a bundle, in a folder
 * `prebuilds` beside it. A bundle never looks above its own folder, where others may be able to write.
 */
function candidates(): string[] {
  // A bundle in ES module form has no __dirname unless its banner gives it one.
  if (typeof __dirname === 'undefined') return [];
  const prebuilt = join('prebuilds', `${process.platform}-${process.arch}`, 'ws-linger.node');
  if (basename(__dirname) !== 'socket-control') return [join(__dirname, prebuilt)];
  const root = join(__dirname, '..', '..');
  return [join(root, prebuilt), join(root, 'build', 'Release', 'ws_linger.node')];
}
