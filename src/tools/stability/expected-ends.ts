/** Says which ends each scenario allows, as the server and the client report them. */
import type { CloseInfo, CloseKind } from '../../close-info';
import type { Scenario } from './plan';

interface Expected {
  server: readonly CloseKind[];
  client: readonly CloseKind[];
  /** The close code that plain ws reports for the same end, where that is not 1006. */
  plain?: number;
}

/** The server may report the end before the peer has everything. The peer gets all messages and the close frame. */
const SLOW: Expected = { server: ['clean', 'close-timeout'], client: ['clean'], plain: 1001 };

const EXPECTED: Readonly<Record<Scenario, Expected>> = {
  clean: { server: ['clean'], client: ['clean'], plain: 1000 },
  rst: { server: ['reset'], client: ['local-abort'] },
  fin: { server: ['closed-without-handshake'], client: ['closed-without-handshake'] },
  cut: { server: ['closed-without-handshake'], client: ['closed-without-handshake'] },
  // The client has stopped reading when the server closes. It aborts when the server has reported the end.
  stall: { server: ['close-timeout'], client: ['local-abort'] },
  // The kernel closes a killed process's sockets: with RST where data was unread, otherwise with FIN.
  kill: { server: ['reset', 'closed-without-handshake'], client: [] },
  slow: SLOW,
  pause: SLOW,
  cutoff: SLOW,
};

/** One end as one side saw it. `info` is null on a side without CloseInfo, which is plain ws. */
export interface ObservedEnd {
  id: number;
  code: number;
  info: CloseInfo | null;
  /** How often 'close' and 'disconnect' were emitted. */
  closes: number;
  disconnects: number;
}

export function isExpected(scenario: Scenario, side: 'server' | 'client', { info, code }: ObservedEnd): boolean {
  const expected = EXPECTED[scenario];
  return info ? expected[side].includes(info.kind) : code === expected.plain;
}

/** Whether a connection was portable, though the addon is loaded on this machine. */
export function isPortableByMistake({ info }: ObservedEnd, isNativeLoaded: boolean): boolean {
  return isNativeLoaded && info?.control === 'portable';
}

/** Whether an end has no known cause: kind `unknown`, or code 1006 without CloseInfo. */
export function isUnexplained({ info, code }: ObservedEnd): boolean {
  return info ? info.kind === 'unknown' : code === 1006;
}
