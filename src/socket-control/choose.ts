/** Chooses between the native and the portable control of a connection's socket. */
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { withCode } from '../errors';
import type { Settings } from '../options';
import { warn } from '../telemetry/log';
import type { SocketControl } from './contract';
import { isConnected } from './handle';
import { loadNative } from './load';
import { type NativeConnection, NativeControl, resolveConnection } from './native';
import { PortableControl } from './portable';

export type { SocketControl } from './contract';

/** SOCKETs that were found when their connections were accepted, until findSocket() asks for them. */
const accepted = new WeakMap<object, NativeConnection>();

let saidWhyNot = false;
let saidNotFound = false;

/**
 * Decides, before anything is touched, whether these settings can be met.
 * Throws `WSL_ERR_NATIVE_UNAVAILABLE` for `control: 'native'` where the addon is not loaded.
 *
 * @param name - Where the settings come from.
 */
export function checkControl({ control, logger }: Settings, name = 'linger'): void {
  if (control === 'portable') return;
  const { binding, outcome, reason } = loadNative();
  if (control === 'native' && !binding) {
    throw withCode(new Error(`${name}.control is 'native', but ${reason}`), 'WSL_ERR_NATIVE_UNAVAILABLE');
  }
  if ((outcome === 'blocked' || outcome === 'broken') && !saidWhyNot) {
    saidWhyNot = true;
    warn(logger, { event: 'native-unavailable', reason }, 'the native addon is not used, connections are portable');
  }
}

/** Whether sockets are controlled by the addon, so that onAccepted() is to be called. */
export function hasNative({ control }: Settings): boolean {
  return control !== 'portable' && loadNative().binding !== null;
}

/** To be called when a server has just accepted `socket`: its SOCKET is found in one step, and no reset has taken its addresses away. */
export function onAccepted(socket: Socket, settings: Settings): void {
  const found = resolve(socket, settings);
  if (found) accepted.set(socket, found);
}

/**
 * The SOCKET below a stream that has just become a WebSocket; null where there is none, or it is not to be used. Warns once
 * where `control: 'native'` asks for a SOCKET and a TCP connection's is not found.
 */
export function findSocket(stream: Duplex, settings: Settings): NativeConnection | null {
  if (!hasNative(settings)) return null;
  // Under TLS the accepted socket is the one beneath.
  const below = (stream as { _parent?: object | null })._parent ?? stream;
  const known = accepted.get(below);
  accepted.delete(below);
  const found = known ?? resolve(stream, settings);
  if (!found && settings.control === 'native' && !saidNotFound && isConnected(stream)) {
    saidNotFound = true;
    const fields = { event: 'socket-not-found' };
    warn(settings.logger, fields, 'the SOCKET of a TCP connection was not found, so the connection is portable');
  }
  return found;
}

/** The kind of the control that `controlOf()` makes. */
export function kindOf(found: NativeConnection | null): SocketControl['kind'] {
  return found && loadNative().binding ? 'native' : 'portable';
}

/** `found` is what findSocket() found for this stream. */
export function controlOf(stream: Duplex, found: NativeConnection | null): SocketControl {
  const binding = found && loadNative().binding;
  return binding ? new NativeControl(binding, found, stream) : new PortableControl(stream);
}

function resolve(stream: Duplex, { control }: Settings): NativeConnection | null {
  const binding = control === 'portable' ? null : loadNative().binding;
  return binding && resolveConnection(binding, stream);
}
