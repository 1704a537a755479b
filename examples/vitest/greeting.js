// The code under test: receives a server's greeting, closes, and returns the greeting and how the connection ended.
import { once } from 'node:events';
import WebSocket from 'ws-linger';

export async function askForGreeting(url) {
  const ws = new WebSocket(url);
  const [greeting] = await once(ws, 'message');
  const { kind } = await ws.closeAsync();
  return { greeting: String(greeting), kind };
}
