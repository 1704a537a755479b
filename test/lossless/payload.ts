/**
 * What the senders send and the peers expect. Every process makes the same bytes once and all its messages are parts of
 * them, so that hundreds of large profiles need no memory of their own.
 */
import { createCipheriv } from 'node:crypto';
import { MAX_BYTES, type Profile } from './profile.js';

/** Profiles begin at different places, so that bytes of another connection would be noticed. */
const STARTS = 65_536;

let shared: Buffer | undefined;

/** ASCII, so that any part of it is valid as text, and random, so that deflate keeps three quarters of it. */
function bytes(): Buffer {
  if (!shared) {
    shared = createCipheriv('aes-128-ctr', Buffer.alloc(16, 7), Buffer.alloc(16)).update(
      Buffer.alloc(MAX_BYTES + STARTS),
    );
    for (let i = 0; i < shared.length; i++) shared[i] = 48 + ((shared[i] as number) & 63);
  }
  return shared;
}

export function messageOf(profile: Profile, index: number): { data: Buffer; text: boolean } {
  const size = Math.floor(profile.bytes / profile.messages);
  let start = 0;
  for (const letter of profile.id) start = (start * 31 + letter.charCodeAt(0)) % STARTS;
  start += index * size;
  const rest = index === profile.messages - 1 ? profile.bytes % profile.messages : 0;
  const text = profile.data === 'text' || (profile.data === 'mixed' && index % 2 === 0);
  return { data: bytes().subarray(start, start + size + rest), text };
}
