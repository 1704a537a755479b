/** Clients whose process a test stops: opens each address of its arguments, and reports when all are open and how each ends. */
import type { CloseInfo } from 'ws-linger';
import { openClient, type Side } from './proxied.js';

export type ClientNews = 'open' | { url: string; code: number; info: CloseInfo | null };

const tell = (news: ClientNews) => process.send?.(news);

async function tellEnd(url: string, { ended }: Side): Promise<void> {
  const { code, info } = await ended;
  tell({ url, code, info });
}

async function main(urls: readonly string[]): Promise<void> {
  const clients = await Promise.all(urls.map(async (url) => [url, await openClient(url)] as const));
  tell('open');
  await Promise.all(clients.map(([url, client]) => tellEnd(url, client)));
  process.disconnect?.();
}

main(process.argv.slice(2));
