/** Named sets of settings, one for each kind of client. Pure. */
import type { Mix } from './plan';

/** The names of all profiles. */
export const PROFILES = ['browser', 'phone', 'device', 'flaky'] as const;
/**
 * A kind of client, whose habits decide how connections end.
 *
 * - `browser`: tabs that are reloaded and closed.
 * - `phone`: sleeps, changes networks, vanishes.
 * - `device`: small, on a slow line, without power from one moment to the next.
 * - `flaky`: anything on a network with outages.
 */
export type Profile = (typeof PROFILES)[number];

/** The options of a run that a profile sets. */
export interface ProfileSettings {
  mix: Mix;
  messages: number;
  reconnect: number;
  outages: boolean;
}

/** What each profile sets, and why. An option that the caller gives comes first. */
export const PROFILE_SETTINGS: Readonly<Record<Profile, { settings: ProfileSettings; reasons: readonly string[] }>> = {
  browser: {
    settings: { mix: { clean: 3, fin: 3, rst: 2, kill: 1, pause: 1 }, messages: 10, reconnect: 1, outages: false },
    reasons: [
      'clean: a page that calls close(), or says goodbye (1001) when its tab is closed',
      'fin: a tab that is closed or reloaded without waiting for an answer',
      'rst: the same while the server is still sending, so that data is thrown away unread',
      'kill: the browser crashes or is killed',
      'pause: a tab in the background is frozen for a while',
      'reconnect 1: a reload opens the next connection',
    ],
  },
  phone: {
    settings: { mix: { clean: 1, pause: 3, cutoff: 3, stall: 2, rst: 1 }, messages: 5, reconnect: 2, outages: false },
    reasons: [
      'clean: the user leaves the app',
      'pause: the phone sleeps, and wakes up',
      'cutoff: a lift, or a change from Wi-Fi to mobile data that keeps the address',
      'stall: the app never wakes up, and its system keeps the connection',
      'rst: the old connection after a change of networks: it is not known any more',
      'reconnect 2: the app connects again each time',
    ],
  },
  device: {
    settings: { mix: { clean: 1, slow: 4, stall: 3, cut: 1, cutoff: 1 }, messages: 3, reconnect: 0, outages: false },
    reasons: [
      'clean: an orderly restart',
      'slow: a line of 25 KB/s and a small window',
      'stall: power is cut or the firmware hangs: the device takes nothing any more, and says nothing',
      'cut: the modem is shut down in the middle of a frame',
      'cutoff: a weak radio link',
      'messages 3: short readings, seldom',
    ],
  },
  flaky: {
    settings: {
      mix: { clean: 2, fin: 1, cut: 1, slow: 2, pause: 1, cutoff: 3 },
      messages: 20,
      reconnect: 1,
      outages: true,
    },
    reasons: [
      'outages: all connections lose their packets at the same time, again and again',
      'clean, fin, cut: closes that meet an outage; TCP repeats what was lost',
      'slow, pause: deliveries that outages interrupt',
      'cutoff: a longer outage of one connection',
      'no rst and no kill: a system sends RST once, so in an outage the server cannot learn of it in time',
      'reconnect 1: clients come back during the next outage',
    ],
  },
};
