// A central system with ocpp-rpc.
const { RPCServer } = require('ocpp-rpc');

exports.start = async ({ log }) => {
  const server = new RPCServer({ protocols: ['ocpp1.6'], pingIntervalMs: 2000 });
  let last;
  server.on('client', (client) => {
    last = client;
    log('client', client.identity);
    client.handle('BootNotification', () => ({ status: 'Accepted', interval: 300 }));
    client.on('closing', () => log('closing'));
    for (const name of ['disconnect', 'close']) client.on(name, ({ code, reason }) => log(name, code, reason));
    client.on('socketError', (error) => log('socketError', error));
  });
  for (const name of ['closing', 'close']) server.on(name, () => log('server', name));
  server.on('upgradeAborted', ({ error }) => log('upgradeAborted', error));
  const http = await server.listen(0, '127.0.0.1');
  return {
    port: http.address().port,
    send: async (text) => {
      last.call('DataTransfer', { vendorId: 'v', data: text }).catch((error) => log('rejected', error));
    },
    shutdown: () => server.close({ code: 1001, reason: 'going away' }),
  };
};
