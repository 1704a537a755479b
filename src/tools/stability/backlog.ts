/** The messages that a slow peer is sent all at once, just before its connection is closed. */
const MESSAGE_BYTES = 64 * 1024;
const made: Buffer[] = [];

/** A message of the backlog: MESSAGE_BYTES of its number. All connections share the same buffers. */
export function backlogMessage(n: number): Buffer {
  made[n] ??= Buffer.alloc(MESSAGE_BYTES, n);
  return made[n];
}
