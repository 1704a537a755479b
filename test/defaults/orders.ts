/** What the runner of test/defaults and its processes say to each other: orders one way, news the other. */
import type { CloseKind } from '../../dist/close-info.js';
import type { AnyNews } from '../lossless/endpoint.js';

export type Role = 'server' | 'client';
/** `duplex`: a stream over TCP that counts no bytes and has no handle. To the peer it is TCP. */
export type Transport = 'tcp' | 'tls' | 'duplex';

/**
 * What a peer does once its WebSocket is open: answers as plain ws does; reads, but never answers and never sends FIN; does not
 * read; reads 20 KB a second (only as a client). `waiting` asks for an upgrade and waits.
 */
export type Behaviour = 'living' | 'silent' | 'stalled' | 'slow' | 'waiting';

export interface Identity {
  do: 'setup';
  key: string;
  cert: string;
}

/** Options of ws and the `linger` option. The logger 'count' keeps its lines, to be asked for. */
export interface SubjectOptions {
  closeTimeout?: number;
  linger?: { logger?: false | 'count' } & Record<string, unknown>;
}

/** `unanswered`: the server takes upgrade requests and never answers them; `refusing`: it answers 401 and leaves the socket open. */
export type Answer = 'accepting' | 'unanswered' | 'refusing';

export type SubjectAct =
  /** Sends more than the system takes, and tells `stalled` once nothing moves. */
  | 'fill'
  | 'send'
  | 'close'
  | 'drain'
  | 'drain-on-signal'
  /** What SIGTERM does to its listeners, where the system has no signals. */
  | 'emit-signal'
  | 'stats'
  | 'lines';

export type SubjectOrder =
  | Identity
  | { do: 'listen'; id: string; transport: Transport; options: SubjectOptions; answer: Answer }
  | { do: 'connect'; id: string; transport: Transport; options: SubjectOptions; host: string; port: number }
  | { do: 'act'; id: string; act: SubjectAct };

export interface Line {
  level: 'debug' | 'warn';
  event: string;
  kind: string;
  suppressed: number;
  at: number;
}

/** `at` is the time of the machine's clock, in ms. */
export type SubjectNews =
  | (AnyNews & { is: 'ready' })
  | { is: 'failed'; id: string; why: string }
  | { is: 'listening'; id: string; port: number }
  | { is: 'open'; id: string }
  /** A server has an upgrade request that it will not accept. */
  | { is: 'upgrading'; id: string; at: number }
  | { is: 'stalled'; id: string }
  | { is: 'acted'; id: string; at: number }
  /** 'close' was emitted. */
  | { is: 'told'; id: string; at: number; kind: CloseKind; code: number }
  /** The socket is closed. */
  | { is: 'gone'; id: string; at: number }
  | { is: 'drained'; id: string; at: number }
  | { is: 'stats'; id: string; lingering: number; cut: number }
  | { is: 'lines'; id: string; lines: Line[] };

export type PeerOrder =
  | Identity
  | { do: 'listen'; id: string; transport: Transport; behaviour: Behaviour }
  | { do: 'connect'; id: string; transport: Transport; behaviour: Behaviour; host: string; port: number }
  | { do: 'storm'; id: string; host: string; port: number; count: number }
  /** Reads, as fast as it can. */
  | { do: 'resume'; id: string }
  /** Sends something, as a program does that knows of no end. */
  | { do: 'write'; id: string }
  | { do: 'count'; id: string };

export type PeerNews =
  | (AnyNews & { is: 'ready' })
  | { is: 'failed'; id: string; why: string }
  | { is: 'listening'; id: string; port: number }
  | { is: 'open'; id: string }
  /** FIN or RST was read. */
  | { is: 'ended'; id: string; at: number; how: 'FIN' | 'RST' }
  /** All connections of a storm were reset. */
  | { is: 'stormed'; id: string; at: number }
  /** Bytes that came since the WebSocket was open. */
  | { is: 'counted'; id: string; bytes: number };
