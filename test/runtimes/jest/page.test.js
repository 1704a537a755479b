/**
 * @jest-environment jsdom
 * @jest-environment-options {"customExportConditions": ["node", "node-addons"]}
 */
const { open } = require('./serve');

const closed = (ws) => new Promise((resolve) => ws.once('close', () => resolve(ws.closeInfo.kind)));

test('the timers are those of a page', () => {
  const timer = setTimeout(() => {});
  expect(typeof timer).toBe('number');
  expect(typeof setImmediate).toBe('undefined');
});

test('closeTimeout ends a peer that never answers', async () => {
  const { wss, ws, peer } = await open({ closeTimeout: 100, logger: false });
  ws.close(1000);
  expect(await closed(ws)).toBe('close-timeout');
  peer.destroy();
  wss.close();
});

test('a heartbeat finds a peer that never answers', async () => {
  const { wss, ws, peer } = await open({ heartbeat: { interval: 50, timeout: 50 }, logger: false });
  expect(await closed(ws)).toBe('timed-out');
  peer.destroy();
  wss.close();
});

test('a peer that breaks the protocol is logged, and its connection closed', async () => {
  const warn = jest.fn();
  const { wss, ws, peer } = await open({ logger: { debug() {}, warn } });
  peer.resume().end(Buffer.from([0xff, 0xff, 1, 2]));
  expect(await closed(ws)).toBe('protocol-error');
  expect(warn).toHaveBeenCalledTimes(1);
  wss.close();
});
