/**
 * Opens and closes this browser's connections, in pairs: one connection to each server. Each sends messages, which the
 * servers echo; the servers also send messages of their own.
 */

const MESSAGE = 'x'.repeat(1024);
const SEND_INTERVAL = 250; // ms

const ws = (path) => `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}${path}`;
const pairs = [];
let received = 0;
let rate = 0;

/** Opens `count` pairs, and calls `changed` whenever one of their sockets opens or closes. */
export function openPairs(count, changed) {
  for (let i = 0; i < count; i++) {
    const key = `${Date.now().toString(36)}-${Math.random().toString(36).slice(2)}`;
    const query = `?pair=${key}&peer=${encodeURIComponent('browser')}`;
    const sockets = [`/linger${query}`, `/plain${query}`].map((path) => new WebSocket(ws(path)));
    for (const socket of sockets) {
      socket.addEventListener('open', changed);
      socket.addEventListener('message', () => received++);
      socket.addEventListener('close', changed);
    }
    pairs.push(sockets);
  }
}

export function closePairs() {
  for (const socket of pairs.flat()) {
    const close = () => socket.close(1000, 'closed by the page');
    if (socket.readyState === WebSocket.CONNECTING) socket.addEventListener('open', close);
    else close();
  }
}

/** Returns how many pairs are open and opening, and how many messages arrived in the last second. */
export function traffic() {
  const inState = (state, test) => pairs.filter((pair) => pair[test](({ readyState }) => readyState === state)).length;
  return { open: inState(WebSocket.OPEN, 'every'), opening: inState(WebSocket.CONNECTING, 'some'), rate };
}

setInterval(() => {
  for (const socket of pairs.flat()) if (socket.readyState === WebSocket.OPEN) socket.send(MESSAGE);
  for (let i = pairs.length - 1; i >= 0; i--) {
    if (pairs[i].every((socket) => socket.readyState === WebSocket.CLOSED)) pairs.splice(i, 1);
  }
}, SEND_INTERVAL);

setInterval(() => {
  rate = received;
  received = 0;
}, 1000);
