/** Describes what runs here: platform, versions, and whether the native addon is used. */
import { loadNative } from '../socket-control/load';

/** The platform, the versions, and how the package handles sockets. */
export interface Installation {
  platform: NodeJS.Platform;
  node: string;
  /** This package's version. */
  version: string;
  /** The version of ws below this package. */
  ws: string;
  /** `native`: through the addon. `portable`: through Node's own handles. */
  control: 'native' | 'portable';
  /** Why the control is native or portable. */
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
