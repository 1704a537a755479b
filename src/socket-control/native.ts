/** The contract on the Winsock SOCKET below a connection, with the portable way where the SOCKET is gone. */
import { performance } from 'node:perf_hooks';
import type { Duplex } from 'node:stream';
import type { Aborting, SocketControl, TransportLook } from './contract';
import { endsOf, howKnown, transportHandle } from './handle';
import { PortableControl } from './portable';

/** A connection as the addon names it. Opaque: script cannot make one. */
export type NativeConnection = { readonly __nativeConnection: never };

/** The functions of the addon. Codes: 0 is success, -1 is "this connection no longer exists", others are WSA codes. */
export interface NativeBinding {
  resolve(localAddress: string, localPort: number, peerAddress: string, peerPort: number): NativeConnection | null;
  abort(connection: NativeConnection): number;
  finish(connection: NativeConnection): number;
  look(connection: NativeConnection): SendProgress | null;
  probe(connection: NativeConnection): 'connected' | 'peer-closed' | 'reset' | 'unknown';
}

/** What Windows knows of the bytes that it was given for the peer, by SIO_TCP_INFO. All are numbers of bytes. */
export interface SendProgress {
  /** Acknowledged by the peer's system since the connection began. */
  acknowledged: number;
  /** Sent again. */
  retransmitted: number;
  /** The room that the peer's system has, by its last segment. */
  window: number;
}

/** Finds the SOCKET of an open connection. Null when it is not TCP, or was lost before it could be looked at. */
export function resolveConnection(binding: NativeBinding, stream: Duplex): NativeConnection | null {
  const { local, peer } = endsOf(stream);
  if (!local.address || local.port === undefined || !peer.address || peer.port === undefined) return null;
  return binding.resolve(local.address, local.port, peer.address, peer.port);
}

export class NativeControl implements SocketControl {
  readonly kind = 'native';
  readonly #binding: NativeBinding;
  readonly #connection: NativeConnection;
  readonly #stream: Duplex;
  #retransmitted = 0;

  constructor(binding: NativeBinding, connection: NativeConnection, stream: Duplex) {
    this.#binding = binding;
    this.#connection = connection;
    this.#stream = stream;
  }

  abort(asker: Aborting): void {
    if (!this.#stream.destroyed && this.#binding.abort(this.#connection) === 0) {
      // libuv calls closesocket() in this tick, or with a write in flight in a later one, once the system has reported that the
      // write is cancelled. Should the process end before, the system closes the socket in the same way: by RST.
      const how = howKnown(this.#stream);
      this.#stream.destroy();
      asker.onAborted(how);
    } else {
      new PortableControl(this.#stream).abort(asker);
    }
  }

  finish(): void {
    if (!this.#stream.destroyed) this.#binding.finish(this.#connection);
  }

  look(): TransportLook | null {
    const handle = transportHandle(this.#stream);
    const seen = this.#stream.destroyed ? null : this.#binding.look(this.#connection);
    if (!seen || handle?.bytesWritten === undefined) return null;
    // Of a peer that does not acknowledge what was sent again since the last look, nothing is known.
    const isSilent = seen.retransmitted > this.#retransmitted;
    this.#retransmitted = seen.retransmitted;
    return {
      unacknowledged: Math.max(0, handle.bytesWritten - seen.acknowledged),
      peerWindow: isSilent ? 'unknown' : seen.window === 0 ? 'zero' : 'open',
      at: performance.now(),
    };
  }

  probe(): 'connected' | 'peer-closed' | 'reset' | 'unknown' {
    return this.#stream.destroyed ? 'unknown' : this.#binding.probe(this.#connection);
  }
}
