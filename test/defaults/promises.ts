/** Every number that README, docs and types promise by default, as something that can be run. */
import { CLOSING } from './closing.js';
import { OUTAGES } from './outages.js';
import type { DefaultPromise } from './promise.js';
import { SERVING } from './serving.js';
import { VANISHED } from './vanished.js';

export const PROMISES: DefaultPromise[] = [...CLOSING, ...VANISHED, ...OUTAGES, ...SERVING];
