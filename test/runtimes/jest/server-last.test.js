/** @jest-environment node */
const { WebSocketServer } = require('ws-linger');

test('a server is made by the last test', () => {
  new WebSocketServer({ noServer: true });
});
