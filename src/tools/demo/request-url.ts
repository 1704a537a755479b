import type { IncomingMessage } from 'node:http';

const HERE = 'http://demo';

/** What a request asks for; null for what is no address, such as `//`. */
export function urlOf({ url = '' }: IncomingMessage): URL | null {
  return URL.canParse(url, HERE) ? new URL(url, HERE) : null;
}
