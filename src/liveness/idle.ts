/**
 * Notes when bytes last moved on each open connection, so that the record of its end can say how long it was silent. Nothing is
 * done per message: all connections are visited every 5 s, since a visit costs about 1.5 µs.
 */
import { Socket } from 'node:net';
import { inSharedContext, inTurns } from './timers';

/** A connection that is visited. */
export interface Visited {
  /** Called every `VISIT_MS` while the connection is open. */
  noteBytes(): void;
}

/** The pause between two visits, in ms. */
export const VISIT_MS = 5_000;

const open = new Set<Visited>();
let isTimed = false;

export function visit(connection: Visited): void {
  open.add(connection);
  if (!isTimed) inSharedContext(startTimer);
}

export function leave(connection: Visited): void {
  open.delete(connection);
}

/**
 * A socket's own timeout, of a socket that is never connected: it keeps no process alive, and mocked timers do not run it. A mocked
 * interval would keep those busy for ever who run all timers until none is left.
 */
function startTimer(): void {
  const socket = new Socket();
  socket.on('timeout', () => {
    inTurns(
      open,
      (connection) => connection.noteBytes(),
      () => {
        isTimed = open.size > 0;
        if (isTimed) socket.setTimeout(VISIT_MS);
      },
    );
  });
  isTimed = true;
  socket.setTimeout(VISIT_MS);
}
