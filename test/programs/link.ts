/** A TCP relay between a program and its peer, by which a test breaks the connection as the program sees it. */
import { once } from 'node:events';
import net from 'node:net';
import { portOf } from '../support/end.js';
import { CLIENT_FRAMES, SERVER_FRAMES } from '../support/peer.js';

/** What happens to a connection before the program is shut down, by its name in the table. */
export const FAULTS = {
  none: 'nothing: the peer answers',
  rst: 'the peer resets',
  fin: 'the peer sends FIN without a close frame',
  'half a frame': 'the peer sends the first bytes of a frame, then FIN',
  'no frame': 'the peer sends bytes that are no frame, then FIN',
  stall: 'the peer reads and sends nothing any more',
  backlog: 'the same, and the program sends 16 MB',
} as const;
export type Fault = keyof typeof FAULTS;

/** RFC 6455 §5.2: the reserved bits must be 0. */
const RESERVED_BITS = Buffer.from([0xf1, 0x00]);

export type Role = 'server' | 'client';

export interface Link {
  port: number;
  /** Breaks the newest connection. Later ones are relayed as before. */
  break(fault: Fault): void;
  close(): void;
}

/** Relays connections to `target`. `role` is the program's. */
export async function openLink(target: number, role: Role): Promise<Link> {
  const all = new Set<net.Socket>();
  let program: net.Socket | undefined;
  let peer: net.Socket | undefined;

  const server = net.createServer({ allowHalfOpen: true }, (accepted) => {
    const outgoing = net.connect({ port: target, host: '127.0.0.1', allowHalfOpen: true });
    [program, peer] = role === 'client' ? [accepted, outgoing] : [outgoing, accepted];
    relay(accepted, outgoing);
    relay(outgoing, accepted);
  });

  function relay(from: net.Socket, to: net.Socket): void {
    all.add(from);
    from.setNoDelay(true).pipe(to);
    from.on('error', () => to.destroy());
    from.on('close', () => all.delete(from));
  }

  function breakNewest(fault: Fault): void {
    if (fault === 'none' || !program || !peer) return;
    program.unpipe();
    peer.unpipe();
    if (fault === 'stall' || fault === 'backlog') {
      program.pause();
      peer.pause();
      return;
    }
    peer.destroy();
    program.resume();
    if (fault === 'rst') {
      program.resetAndDestroy();
      return;
    }
    if (fault === 'half a frame') program.write((role === 'client' ? SERVER_FRAMES : CLIENT_FRAMES).half);
    if (fault === 'no frame') program.write(RESERVED_BITS);
    program.end();
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: portOf(server),
    break: breakNewest,
    close() {
      for (const socket of all) socket.destroy();
      server.close();
    },
  };
}
