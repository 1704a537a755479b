/** The apps of examples/, installed with the packed package, and started. */
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import WebSocket from 'ws-linger';
import { Program } from '../support/child.js';
import { installExamples } from './install.js';

/** Whether the examples are installed already, because these tests run on Windows Node. */
export const isInside = Boolean(process.env.WS_LINGER_EXAMPLES);

let folder = process.env.WS_LINGER_EXAMPLES ?? '';
/** The folder that has a folder for each app. */
export const appsFolder = () => folder;

export async function installApps(names: string[]): Promise<void> {
  if (!isInside) folder = await installExamples(names);
}

/** `require()` of what is installed for the apps. */
export const requireInstalled = (name: string) => createRequire(join(folder, 'package.json'))(name);

/** Fails a test whose app prints nothing, before the whole run is given up. */
export const soon = { timeout: 60_000 };

const started: Program[] = [];

/** Stops what a failed test has left. */
export const stopApps = () => Promise.all(started.map((app) => app.stop()));

export function startApp(name: string, args: string[] = ['index.js'], env: object = {}): Program {
  const options = { cwd: join(folder, name), env: { ...process.env, PORT: '0', ...env }, messages: true };
  const app = new Program([process.execPath, ...args], options);
  started.push(app);
  return app;
}

/** Waits until an app listens. Resolves with its port. */
export const portOfApp = async (app: Program): Promise<number> => Number((await app.prints(/listening on (\d+)/))[1]);

/** Resolves with a client when it is connected to an app. */
export async function connectTo(port: number, path = '/', subprotocols: string | string[] = []): Promise<WebSocket> {
  const ws = new WebSocket(`ws://localhost:${port}${path}`, subprotocols);
  await once(ws, 'open');
  return ws;
}

/** Resolves with the next message, as text. */
export const nextMessage = async (ws: WebSocket): Promise<string> => String((await once(ws, 'message'))[0]);

/** Resolves with the close code and reason when a client has closed. */
export async function closeOf(ws: WebSocket): Promise<[code: number, reason: string]> {
  const [code, reason] = await once(ws, 'close');
  return [code, String(reason)];
}
