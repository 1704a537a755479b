import { loadNative } from '../socket-control/load';

/** What runs here, and how its sockets are handled. */
export interface Installation {
  platform: NodeJS.Platform;
  node: string;
  /** This package's version. */
  version: string;
  ws: string;
  control: 'native' | 'portable';
  /** Why it is this control. */
  reason: string;
}

export function installation(): Installation {
  const { binding, reason } = loadNative();
  return {
    platform: process.platform,
    node: process.version,
    version: require('../../package.json').version,
    ws: require('ws-upstream/package.json').version,
    control: binding ? 'native' : 'portable',
    reason,
  };
}
