/**
 * Gives a subclass, or its prototype, each property of its base as its own, unless it has one of that name. Those who copy
 * or enumerate what ws has (`__importStar`, mocks, wrappers) skip inherited properties, and would find nothing.
 */
export function makeOwn(target: object, base: object): void {
  for (const name of Reflect.ownKeys(base)) {
    const descriptor = Object.getOwnPropertyDescriptor(base, name) as PropertyDescriptor;
    if (!Object.hasOwn(target, name)) Object.defineProperty(target, name, descriptor);
  }
}
