/** Waits by one copy of the package for a socket that another one lets linger, where nothing else keeps the process. */
import { once } from 'node:events';
import { Duplex } from 'node:stream';
import { loadCopy } from '../support/copies.js';

async function main(): Promise<void> {
  const [mine, other] = [loadCopy(), loadCopy()];
  const Class = other.WebSocket as unknown as new (address: null, protocols: undefined, options: object) => object;
  const ws = new Class(null, undefined, { linger: { closeTimeout: 50, closeDeadline: 300, logger: false } });
  // Its peer takes everything and never answers.
  const stream = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
  const { setSocket, close } = ws as { setSocket(...args: unknown[]): void; close(): void };
  setSocket.call(ws, stream, Buffer.alloc(0), { maxPayload: 0 });
  close.call(ws);
  await once(ws as NodeJS.EventEmitter, 'close');
  await mine.settled();
  console.log('settled');
}

void main();
