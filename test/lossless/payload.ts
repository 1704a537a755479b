/**
 * What the senders send and the peers expect. Every process makes the same bytes once and all its messages are parts of
 * them, so that hundreds of large profiles need no memory of their own.
 */
import { createCipheriv } from 'node:crypto';
import { MAX_BYTES, type Profile } from './profile.js';

/** Profiles begin at different places, so that bytes of another connection would be noticed. */
const STARTS = 65_536;

/** ASCII, so that any part of it is valid as text, and random, so that deflate keeps three quarters of it. */
function makeBytes(): Buffer {
  const bytes = createCipheriv('aes-128-ctr', Buffer.alloc(16, 7), Buffer.alloc(16)).update(
    Buffer.alloc(MAX_BYTES + STARTS),
  );
  for (let i = 0; i < bytes.length; i++) bytes[i] = 48 + ((bytes[i] as number) & 63);
  return bytes;
}

// Made at once: it would delay whichever connection were the first to need it.
const shared = makeBytes();

export function messageOf(profile: Profile, index: number): { data: Buffer; text: boolean } {
  const size = Math.floor(profile.bytes / profile.messages);
  let start = 0;
  for (const letter of profile.id) start = (start * 31 + letter.charCodeAt(0)) % STARTS;
  start += index * size;
  const rest = index === profile.messages - 1 ? profile.bytes % profile.messages : 0;
  const text = profile.data === 'text' || (profile.data === 'mixed' && index % 2 === 0);
  return { data: shared.subarray(start, start + size + rest), text };
}
