/** Parses the URL of a request. */
import type { IncomingMessage } from 'node:http';

const BASE = 'http://demo';

/** Returns the request's URL, or null when it is invalid, such as `//`. */
export function requestUrl({ url = '' }: IncomingMessage): URL | null {
  return URL.canParse(url, BASE) ? new URL(url, BASE) : null;
}
