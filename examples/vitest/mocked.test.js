// A test without a connection: Vitest mocks every method of the package, and the test defines those that it needs.
import { expect, test, vi } from 'vitest';
import WebSocket from 'ws-linger';
import { askForGreeting } from './greeting.js';

vi.mock('ws-linger');

test('asks for the greeting, and closes', async () => {
  WebSocket.prototype.once.mockImplementation((event, listener) => event === 'message' && listener('hello'));
  WebSocket.prototype.closeAsync.mockResolvedValue({ kind: 'clean' });

  expect(await askForGreeting('ws://nowhere')).toEqual({ greeting: 'hello', kind: 'clean' });
  expect(WebSocket).toHaveBeenCalledWith('ws://nowhere');
});
