/** The messages of a backlog: the server sends them to a slow peer and closes the connection directly after them. */
export const MESSAGE_BYTES = 64 * 1024;
const messages: Buffer[] = [];

/** Returns message `n`: 64 KiB, each byte `n`. All connections share one buffer per number, to save memory. */
export function backlogMessage(n: number): Buffer {
  messages[n] ??= Buffer.alloc(MESSAGE_BYTES, n);
  return messages[n];
}
