/**
 * @jest-environment node
 * @jest-environment-options {"globalsCleanup": "on"}
 */
const { open } = require('./serve');

let opened;
test('a connection is open at the end of the last test', async () => {
  opened = await open();
});

afterAll(() => {
  const { wss, peer } = opened;
  peer.resume().end(Buffer.from([0xff, 0xff, 1, 2]));
  wss.close();
});
