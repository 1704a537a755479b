/** @jest-environment node */
const { WebSocket } = require('ws-linger');

test('the first WebSocket is made after the last test', () => {
  setTimeout(() => new WebSocket('ws://127.0.0.1:1').on('error', () => {}), 10);
});
