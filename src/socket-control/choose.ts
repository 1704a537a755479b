/** Chooses the implementation for a connection. */
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { withCode } from '../errors';
import { warn } from '../log';
import type { Settings } from '../options';
import type { SocketControl } from './contract';
import { loadNative } from './load';
import { type NativeConnection, NativeControl, resolveConnection } from './native';
import { PortableControl } from './portable';

export type { SocketControl } from './contract';

/** SOCKETs found when their connections were accepted, where finding them is one step. */
const resolved = new WeakMap<object, NativeConnection>();

let saidWhyNot = false;

/**
 * Decides, before anything is touched, whether these settings can be met.
 * Throws `WSL_ERR_NATIVE_UNAVAILABLE` for `control: 'native'` where the addon is not loaded.
 */
export function checkControl({ control, logger }: Settings): void {
  if (control === 'portable') return;
  const { binding, failed, reason } = loadNative();
  if (control === 'native' && !binding) {
    throw withCode(new Error(`linger.control is 'native', but ${reason}`), 'WSL_ERR_NATIVE_UNAVAILABLE');
  }
  if (failed && !saidWhyNot) {
    saidWhyNot = true;
    warn(logger, { event: 'native-unavailable', reason }, 'the native addon is not used, connections are portable');
  }
}

/** To be called when a server has just accepted `socket`, before the peer can take its addresses away by a reset. */
export function onAccepted(socket: Socket, { control }: Settings): void {
  // Reading the address makes Node keep it, so that logs can name a peer that is gone.
  void socket.remoteAddress;
  const binding = control === 'portable' ? null : loadNative().binding;
  const connection = binding && resolveConnection(binding, socket);
  if (connection) resolved.set(socket, connection);
}

export function controlOf(stream: Duplex, { control }: Settings): SocketControl {
  const binding = control === 'portable' ? null : loadNative().binding;
  if (binding) {
    // Under TLS the accepted socket is the one beneath.
    const accepted = (stream as { _parent?: object })._parent ?? stream;
    const connection = resolved.get(accepted) ?? resolveConnection(binding, stream as Partial<Socket>);
    if (connection) return new NativeControl(binding, connection, stream);
  }
  return new PortableControl(stream);
}
