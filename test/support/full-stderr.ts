/** Fills the pipe or socket at stderr, which nobody reads. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import net from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** Node's own stream would wait on Windows. Elsewhere two streams of one descriptor take each other's events away. */
function openPipe(): net.Socket {
  const stderr = new net.Socket({ fd: 2, readable: false });
  const internals = stderr as { _write?: unknown; _writev?: unknown; _handle?: { setBlocking?(on: boolean): void } };
  delete internals._write;
  delete internals._writev;
  internals._handle?.setBlocking?.(false);
  return stderr.on('error', () => {}).unref();
}

/** No write stays under way, as one of a stream would. */
function fillDescriptor(bytes: Buffer): void {
  const isFifo = fs.fstatSync(2).isFIFO();
  const fd = isFifo
    ? fs.openSync('/proc/self/fd/2', fs.constants.O_WRONLY | fs.constants.O_NONBLOCK)
    : process.stderr.fd;
  assert.throws(
    () => {
      for (;;) fs.writeSync(fd, bytes);
    },
    { code: 'EAGAIN' },
  );
  if (isFifo) fs.closeSync(fd);
}

/** Writes to stderr until it takes no more. Nobody reads it. */
export async function fillStderr(): Promise<void> {
  const bytes = Buffer.alloc(64 * 1024, '\n');
  if (process.platform === 'linux') return fillDescriptor(bytes);
  const stderr = process.platform === 'win32' ? openPipe() : process.stderr;
  while (stderr.writableLength < 4 * bytes.length) stderr.write(bytes);
  await delay(100);
}
