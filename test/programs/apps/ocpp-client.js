// A charge point with ocpp-rpc.
const { RPCClient } = require('ocpp-rpc');

exports.start = async ({ port, log }) => {
  const client = new RPCClient({
    endpoint: `ws://127.0.0.1:${port}`,
    identity: 'CP1',
    protocols: ['ocpp1.6'],
    pingIntervalMs: 2000,
    backoff: { initialDelay: 100, maxDelay: 1000, factor: 2, randomisationFactor: 0 },
  });
  for (const name of ['connecting', 'open', 'closing']) client.on(name, () => log(name));
  for (const name of ['disconnect', 'close']) client.on(name, ({ code, reason }) => log(name, code, reason));
  client.on('socketError', (error) => log('socketError', error));
  await client.connect();
  const { status } = await client.call('BootNotification', { chargePointVendor: 'v', chargePointModel: 'm' });
  log('boot', status);
  return {
    send: async (text) => {
      client.call('DataTransfer', { vendorId: 'v', data: text }).catch((error) => log('rejected', error));
    },
    shutdown: async () => {
      const { code, reason } = await client.close({ code: 1000, reason: 'bye' });
      log('close()', code, reason);
    },
  };
};
