/**
 * Tests on loopback what this package does with a socket. Each test resolves with a sentence about its success, or
 * rejects with the reason of its failure.
 */
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { CloseInfo } from '../../close-info';
import { closeSentence } from '../../close-sentence';
import { Settings } from '../../options';
import { controlOf, findSocket } from '../../socket-control/choose';
import { transportHandle } from '../../socket-control/handle';
import { loadNative } from '../../socket-control/load';
import { resolveConnection } from '../../socket-control/native';
import { tcpPair, webSocketPair } from './loopback';

/** An end that a server of the self-tests kept. */
export interface KeptEnd {
  /** In ms since 1970. */
  at: number;
  kind: CloseInfo['kind'];
  sentence: string;
}

type SelfTest = (signal: AbortSignal, keep: (end: KeptEnd) => void) => Promise<string>;

export const SELF_TESTS: Readonly<Record<string, SelfTest>> = {
  resolve,
  finish,
  reset: (signal, keep) => abort('tcp', signal, keep),
  probe,
  'tls-reset': (signal, keep) => abort('tls', signal, keep),
};

const settings = new Settings({ logger: false }, undefined);

/** Finds the Winsock SOCKET below a connection's socket or, without the addon, Node's handle. */
async function resolve(signal: AbortSignal): Promise<string> {
  const { accepted, connected, stop } = await tcpPair(signal);
  try {
    const { binding } = loadNative();
    for (const [name, end] of Object.entries({ accepted, connected })) {
      if (binding) expect(resolveConnection(binding, end), `the SOCKET of an ${name} connection was not found`);
      else expect(transportHandle(end)?.reset, `this Node's handle of an ${name} connection has no reset()`);
    }
    return binding ? 'the SOCKETs of both ends were found' : "Node's handles of both ends can be reset";
  } finally {
    stop();
  }
}

/** Calls finish() at one end, and checks that the other end reads FIN while the socket is still open. */
async function finish(signal: AbortSignal): Promise<string> {
  const { binding } = loadNative();
  if (!binding) return 'not needed without the native addon';
  const { accepted, connected, stop } = await tcpPair(signal);
  try {
    const ended = once(connected.resume(), 'end', { signal });
    const control = controlOf(accepted, findSocket(accepted, settings));
    control.finish();
    await ended;
    expect(control.probe() === 'connected', `after finish() the connection is reported as '${control.probe()}'`);
    return 'FIN was sent before the socket was closed';
  } finally {
    stop();
  }
}

/** Calls abort() at one end of a WebSocket, and checks that the other end sees RST. */
async function abort(over: 'tcp' | 'tls', signal: AbortSignal, keep: (end: KeptEnd) => void): Promise<string> {
  const { accepted, connected, wss, stop } = await webSocketPair(over, signal);
  try {
    const ends = [accepted, connected].map((end) => once(end, 'disconnect', { signal }));
    accepted.abort();
    const [[here], [there]] = (await Promise.all(ends)) as [[CloseInfo], [CloseInfo]];
    for (const { at, info } of wss.recentEnds()) keep({ at, kind: info.kind, sentence: closeSentence(info) });
    expect(here.forced === 'reset', `abort() could not send RST, it ended the socket by '${here.forced}'`);
    expect(
      there.kind === 'reset',
      `abort() sent RST, but the peer saw '${there.kind}' (${there.error?.code ?? 'no error'})`,
    );
    return `abort() sent RST${over === 'tls' ? ' below TLS' : ''}, and the peer was told: ${closeSentence(there)}`;
  } finally {
    stop();
  }
}

/** Checks that probe() sees FIN and RST on a connection from which nothing is read. */
async function probe(signal: AbortSignal): Promise<string> {
  const native = loadNative().binding !== null;
  if (!native && process.platform === 'win32')
    return 'not tested: only the native addon can see FIN or RST without reading';
  const open = await tcpPair(signal);
  const ended = await tcpPair(signal);
  try {
    const [first, second] = [open.accepted, ended.accepted].map((end) => controlOf(end, findSocket(end, settings)));
    expect(first && second, 'a connection on loopback has no socket control');
    if (native) {
      expect(first.probe() === 'connected', `an open connection is reported as '${first.probe()}'`);
      open.connected.end();
      await until(
        () => first.probe() === 'peer-closed',
        () => `after FIN the connection is reported as '${first.probe()}'`,
        signal,
      );
    } else {
      expect(first.probe() === 'unknown', `an open connection is reported as '${first.probe()}'`);
    }
    ended.connected.resetAndDestroy();
    await until(
      () => second.probe() === 'reset',
      () => `after RST the connection is reported as '${second.probe()}'`,
      signal,
    );
    return native
      ? 'an open connection, FIN and RST were distinguished without reading'
      : 'RST was seen without reading';
  } finally {
    open.stop();
    ended.stop();
  }
}

function expect(condition: unknown, otherwise: string): asserts condition {
  if (!condition) throw new Error(otherwise);
}

async function until(condition: () => boolean, otherwise: () => string, signal: AbortSignal): Promise<void> {
  while (!condition()) {
    await delay(5, undefined, { signal }).catch(() => {
      throw new Error(otherwise());
    });
  }
}
