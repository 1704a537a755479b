/** The ends that each scenario must bring about, as seen by the server and by the client. */
import type { CloseInfo, CloseKind } from '../close-info';
import type { Scenario } from './plan';

interface Expected {
  server: readonly CloseKind[];
  client: readonly CloseKind[];
}

const EXPECTED: Readonly<Record<Scenario, Expected>> = {
  clean: { server: ['clean'], client: ['clean'] },
  rst: { server: ['reset'], client: ['local-abort'] },
  fin: { server: ['closed-without-handshake'], client: ['closed-without-handshake'] },
  cut: { server: ['closed-without-handshake'], client: ['closed-without-handshake'] },
  // The server closes towards a reader that has stopped, gives up and resets.
  stall: { server: ['close-timeout'], client: ['reset'] },
  // A dead process has its sockets closed by the system: by RST when something was left unread, else by FIN.
  kill: { server: ['reset', 'closed-without-handshake'], client: [] },
};

/** Against a server that is not ours nobody can tell it to close, so the client that has stopped reading resets. */
const STALL_FOREIGN: readonly CloseKind[] = ['local-abort'];

/** One end as one side saw it. `info` is null where that side has no explanation, as plain ws. */
export interface End {
  id: number;
  code: number;
  info: CloseInfo | null;
  /** How often 'close' and 'disconnect' came. */
  closes: number;
  disconnects: number;
}

export function isExpected(scenario: Scenario, side: 'server' | 'client', end: End, foreign: boolean): boolean {
  // Of plain ws's ends only the clean one is told.
  if (!end.info) return scenario === 'clean' && end.code === 1000;
  const kinds = foreign && scenario === 'stall' && side === 'client' ? STALL_FOREIGN : EXPECTED[scenario][side];
  return kinds.includes(end.info.kind);
}

/** An end whose cause nobody can tell: of kind unknown, or 1006 and nothing more. */
export function isUnexplained({ info, code }: End): boolean {
  return info ? info.kind === 'unknown' : code === 1006;
}
