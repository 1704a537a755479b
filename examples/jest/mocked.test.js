// A test without a connection: Jest mocks every method of the package, and the test defines those that it needs.
const WebSocket = require('ws-linger');
const { askForGreeting } = require('./greeting.js');

jest.mock('ws-linger');

test('asks for the greeting, and closes', async () => {
  WebSocket.prototype.once.mockImplementation((event, listener) => event === 'message' && listener('hello'));
  WebSocket.prototype.closeAsync.mockResolvedValue({ kind: 'clean' });

  expect(await askForGreeting('ws://nowhere')).toEqual({ greeting: 'hello', kind: 'clean' });
  expect(WebSocket).toHaveBeenCalledWith('ws://nowhere');
});
