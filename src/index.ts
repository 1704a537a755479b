/**
 * What `require('ws-linger')` gives: the `WebSocket` class with everything else on it, as in ws. Its types for users are those of
 * dist/types, which scripts/types/build.js makes.
 */
import './real-timers'; // before tests replace Node's: everything else is loaded when it is used first
import * as additions from './additions';
import type { ReadinessResponse } from './server/readiness';
import { checkEnvironment } from './set-defaults';
import { isSwitchedOff } from './switched-off';
import { Upstream } from './upstream';
import * as client from './websocket';
import { WebSocketServer } from './websocket-server';
import { createWebSocketStream } from './websocket-stream';

/** What is on the class: ws's other exports, this package's in their place, and its functions. */
interface Statics extends Readonly<typeof additions> {
  Server: typeof WebSocketServer;
  WebSocketServer: typeof WebSocketServer;
  WebSocket: Face;
  createWebSocketStream: typeof createWebSocketStream;
}

type Face = typeof client.WebSocket & Statics;

const nothing = () => {};
/** The same where nothing of this package is to be at work: they do nothing, and return what their callers go on with. */
const idle: Record<keyof typeof additions, (argument: unknown) => unknown> = {
  attach: (target) => target,
  closeSentence: () => '',
  drainOnSignal: () => nothing,
  guardProcess: () => nothing,
  guardServer: () => nothing,
  guardSocket: nothing,
  // A probe must not fail for good.
  readinessHandler: () => (_request: unknown, response: ReadinessResponse) => response.end(),
  setDefaults: nothing,
  settled: () => Promise.resolve(),
  statusHandler: () => (_request: unknown, response: ReadinessResponse) => {
    response.statusCode = 503;
    response.end('ws-linger is off\n');
  },
};

/**
 * ws's WebSocket, with ends that are bounded and explained.
 *
 * With `WS_LINGER=off` in the environment it is ws's own class, and nothing of this package is at work: its functions do
 * nothing (`attach()` returns its argument, `readinessHandler()` a handler that answers 200, `statusHandler()` one that
 * answers 503), its methods (`closeAsync()`, `flushed()`, `abort()`, `drain()`, `stats()`) and `closeInfo` are
 * not there.
 */
const WebSocket: Face = isSwitchedOff ? plain() : lingering();

function lingering(): Face {
  if (process.env.WS_LINGER_OPTIONS) checkEnvironment();
  const WebSocket = client.WebSocket as unknown as Face;
  return Object.assign(WebSocket, {
    Server: WebSocketServer,
    WebSocket,
    WebSocketServer,
    createWebSocketStream,
    ...additions,
  });
}

function plain(): Face {
  // Not enumerable: whoever lists what the class has finds what ws has.
  for (const [name, value] of Object.entries(idle)) Object.defineProperty(Upstream, name, { value });
  return Upstream as unknown as Face;
}

export = WebSocket;
