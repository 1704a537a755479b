/** Finds the addon, once per process and thread, and keeps the reason for what was found. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { NativeBinding } from './native';

export interface Loaded {
  binding: NativeBinding | null;
  /** The binary that was tried; null when there is none for this platform. */
  path: string | null;
  /** Why the binding is there or not, in a sentence for people. */
  reason: string;
  /** True when a binary is there and could not be used, which somebody should hear of. */
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

  const path = candidates().find((file) => existsSync(file));
  if (!path) return { ...none, reason: `there is no binary for ${process.platform}-${process.arch}` };
  try {
    const binding = require(path) as NativeBinding;
    const missing = FUNCTIONS.filter((name) => typeof binding[name] !== 'function');
    if (missing.length > 0) throw new Error(`it lacks ${missing.join(', ')}`);
    return { binding, path, reason: `loaded ${path}`, failed: false };
  } catch (error) {
    return { binding: null, path, reason: `${path} failed to load: ${(error as Error).message}`, failed: true };
  }
}

/** The binary that the package ships, then one built on this machine from source. */
function candidates(): string[] {
  const root = join(__dirname, '..', '..');
  return [
    join(root, 'prebuilds', `${process.platform}-${process.arch}`, 'ws-linger.node'),
    join(root, 'build', 'Release', 'ws_linger.node'),
  ];
}
