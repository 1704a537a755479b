/** The ends that each scenario must bring about, as seen by the server and by the client. */
import type { CloseInfo, CloseKind } from '../../close-info';
import type { Scenario } from './plan';

interface Expected {
  server: readonly CloseKind[];
  client: readonly CloseKind[];
  /** The code that plain ws tells of the same end, where it tells more than 1006. */
  plain?: number;
}

/** The server may be told before the peer has got everything; the peer gets all of it and the close frame. */
const SLOW: Expected = { server: ['clean', 'close-timeout'], client: ['clean'], plain: 1001 };

const EXPECTED: Readonly<Record<Scenario, Expected>> = {
  clean: { server: ['clean'], client: ['clean'], plain: 1000 },
  rst: { server: ['reset'], client: ['local-abort'] },
  fin: { server: ['closed-without-handshake'], client: ['closed-without-handshake'] },
  cut: { server: ['closed-without-handshake'], client: ['closed-without-handshake'] },
  // The server closes towards a reader that has stopped and is told of its end in time; then the reader aborts.
  stall: { server: ['close-timeout'], client: ['local-abort'] },
  // A dead process has its sockets closed by the system: by RST when something was left unread, else by FIN.
  kill: { server: ['reset', 'closed-without-handshake'], client: [] },
  slow: SLOW,
  pause: SLOW,
  cutoff: SLOW,
};

/** One end as one side saw it. `info` is null where that side has no explanation, as plain ws. */
export interface End {
  id: number;
  code: number;
  info: CloseInfo | null;
  /** How often 'close' and 'disconnect' came. */
  closes: number;
  disconnects: number;
}

export function isExpected(scenario: Scenario, side: 'server' | 'client', { info, code }: End): boolean {
  const expected = EXPECTED[scenario];
  return info ? expected[side].includes(info.kind) : code === expected.plain;
}

/** An end whose cause nobody can tell: of kind unknown, or 1006 and nothing more. */
export function isUnexplained({ info, code }: End): boolean {
  return info ? info.kind === 'unknown' : code === 1006;
}
