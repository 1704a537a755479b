/**
 * Node's timers as they are when this package is loaded. Tests replace the global ones, node:test also those of node:timers, and take
 * theirs away again; a page, as jsdom and Electron's renderer have it, has other ones, and no setImmediate().
 */
import * as timers from 'node:timers';

export const { clearImmediate, setImmediate, setTimeout } = timers;
