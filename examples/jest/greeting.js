// The code under test: receives a server's greeting, closes, and returns the greeting and how the connection ended.
const { once } = require('node:events');
const WebSocket = require('ws-linger');

exports.askForGreeting = async (url) => {
  const ws = new WebSocket(url);
  const [greeting] = await once(ws, 'message');
  const { kind } = await ws.closeAsync();
  return { greeting: String(greeting), kind };
};
