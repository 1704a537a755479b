/** The contract on the Winsock SOCKET below a connection, with the portable way where the SOCKET is gone. */
import type { Duplex } from 'node:stream';
import type { SocketControl, SocketResult } from './contract';
import { endsOf } from './handle';
import { PortableControl } from './portable';

/** A connection as the addon names it. Opaque: script cannot make one. */
export type NativeConnection = { readonly __nativeConnection: never };

/** The functions of the addon. Codes: 0 is success, GONE is "this connection no longer exists", others are WSA codes. */
export interface NativeBinding {
  resolve(localAddress: string, localPort: number, peerAddress: string, peerPort: number): NativeConnection | null;
  setLinger(connection: NativeConnection, abortive: boolean): number;
  getLinger(connection: NativeConnection): { on: boolean; seconds: number } | number;
  shutdown(connection: NativeConnection, how: 'send' | 'receive' | 'both'): number;
  probe(connection: NativeConnection): 'connected' | 'peer-closed' | 'reset' | 'unknown';
  errorName(wsaCode: number): string;
}

const GONE = -1;

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

  constructor(binding: NativeBinding, connection: NativeConnection, stream: Duplex) {
    this.#binding = binding;
    this.#connection = connection;
    this.#stream = stream;
  }

  abort(done: (how: 'reset' | 'destroy') => void): void {
    if (this.setLinger('abortive')) {
      // In the same tick: closesocket() on a socket that lingers for 0 seconds sends RST, also while FIN is pending.
      this.#stream.destroy();
      done('reset');
    } else {
      new PortableControl(this.#stream).abort(done);
    }
  }

  setLinger(mode: 'abortive' | 'default'): boolean {
    if (this.#stream.destroyed) return false;
    return this.#binding.setLinger(this.#connection, mode === 'abortive') === 0;
  }

  shutdown(how: 'send' | 'receive' | 'both'): SocketResult {
    const code = this.#stream.destroyed ? GONE : this.#binding.shutdown(this.#connection, how);
    if (code === 0) return { ok: true };
    if (code === GONE) return { ok: false, code: 'GONE' };
    return { ok: false, code: this.#binding.errorName(code), wsaCode: code };
  }

  look(): null {
    return null;
  }

  probe(): 'connected' | 'peer-closed' | 'reset' | 'unknown' {
    return this.#stream.destroyed ? 'unknown' : this.#binding.probe(this.#connection);
  }
}
