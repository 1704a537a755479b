// node -r without-pino.js …: a process that cannot load pino, as when its folder was moved away.
import Module from 'node:module';

const loader = Module as unknown as { _load(name: string, ...more: unknown[]): unknown };
const load = loader._load;
loader._load = (name, ...more) => {
  if (name === 'pino') throw Object.assign(new Error("Cannot find module 'pino'"), { code: 'MODULE_NOT_FOUND' });
  return load(name, ...more);
};
