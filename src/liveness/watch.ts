/** Watches over open connections: heartbeat, slow peers, age. Those with the same limits share timers; none runs while all are off. */
import type { Settings } from '../options';
import { currentTimers, type Timers } from './clock';
import { Rounds } from './rounds';
import { needsSweep, Sweep } from './sweep';
import type { Watchable } from './watchable';

/** Adds connections to the watch for their settings, and takes them out. */
export interface Watching {
  add(connection: Watchable): void;
  remove(connection: Watchable): void;
}

/** The connections that are watched with the same limits by the same timers, and what watches them. */
interface Watch {
  connections: Set<Watchable>;
  watchers: (Rounds | Sweep)[];
}

/** A watch exists while it has connections. Each goes by the timers that were there when its connections came. */
const watches = new Map<Timers, Map<string, Watch>>();

function startWatch(settings: Settings, timers: Timers): Watch {
  const watchers: Watch['watchers'] = [];
  if (settings.heartbeat) watchers.push(new Rounds(settings.heartbeat, timers));
  if (needsSweep(settings)) watchers.push(new Sweep(settings, timers));
  return { connections: new Set(), watchers };
}

/** Null where there is nothing to watch for. */
export function watching(settings: Settings): Watching | null {
  const { heartbeat, maxBufferedAmount, sendTimeout, maxAge } = settings;
  if (!heartbeat && !needsSweep(settings)) return null;
  const key = [heartbeat?.interval, heartbeat?.timeout, maxBufferedAmount, sendTimeout, maxAge].join();
  return {
    add(connection) {
      const timers = currentTimers();
      const ofTimers = watches.get(timers) ?? new Map<string, Watch>();
      watches.set(timers, ofTimers);
      const watch = ofTimers.get(key) ?? startWatch(settings, timers);
      ofTimers.set(key, watch);
      watch.connections.add(connection);
      for (const watcher of watch.watchers) watcher.add(connection);
    },
    remove(connection) {
      for (const [timers, ofTimers] of watches) {
        const watch = ofTimers.get(key);
        if (!watch?.connections.delete(connection)) continue;
        for (const watcher of watch.watchers) watcher.remove(connection);
        if (watch.connections.size > 0) return;
        for (const watcher of watch.watchers) watcher.stop();
        ofTimers.delete(key);
        if (ofTimers.size === 0) watches.delete(timers);
        return;
      }
    },
  };
}
