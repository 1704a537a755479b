/**
 * Gives this process the timers of a page, as jest-environment-jsdom and Electron's renderer have them: they are numbers, and there is no
 * setImmediate(). To be imported before the package.
 */
const timers = new Map<number, NodeJS.Timeout>();
const { setTimeout: start, clearTimeout: stop } = globalThis;
let last = 0;

const page = {
  setTimeout(run: (...args: unknown[]) => void, ms?: number, ...args: unknown[]): number {
    const id = ++last;
    const onTime = () => {
      timers.delete(id);
      run(...args);
    };
    timers.set(id, start(onTime, ms));
    return id;
  },
  clearTimeout(id: number): void {
    stop(timers.get(id));
    timers.delete(id);
  },
  setImmediate: undefined,
  clearImmediate: undefined,
};

Object.assign(globalThis, page);
