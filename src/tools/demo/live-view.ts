/** The frame of `ws-linger top` for this process, as the demo's page shows it. */
import { performance } from 'node:perf_hooks';
import { statusText } from '../../server/status';
import { draw, NOTHING_YET, withAnswer } from '../top/watch';

/** A frame is kept so long, in ms, for pages that ask at the same time: rates are those of a second. */
const LIFETIME = 900;

export function liveView(): () => string[] {
  let watched = NOTHING_YET;
  let lines: string[] = [];
  return () => {
    const now = performance.now();
    if (!watched.last || now - watched.last.at >= LIFETIME) {
      watched = withAnswer(watched, statusText(), now);
      lines = draw(watched, { source: 'this process', at: Date.now(), width: 80, height: 23 });
    }
    return lines;
  };
}
