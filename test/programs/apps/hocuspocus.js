// A collaboration server with @hocuspocus/server.
const { Server } = require('@hocuspocus/server');

exports.exits = false; // it calls process.exit() after a signal

exports.start = async ({ log }) => {
  const server = new Server({
    address: '127.0.0.1',
    port: 0,
    quiet: true,
    stopOnSignals: false,
    timeout: 2000,
    onConnect: async ({ documentName }) => log('onConnect', documentName),
    connected: async ({ documentName }) => log('connected', documentName),
    onDisconnect: async ({ documentName, clientsCount }) => log('onDisconnect', documentName, clientsCount),
    afterUnloadDocument: async ({ documentName }) => log('afterUnloadDocument', documentName),
    onDestroy: async () => log('onDestroy'),
  });
  await server.listen();
  return {
    port: server.address.port,
    send: async (text) => server.hocuspocus.documents.get('doc').broadcastStateless(text),
    shutdown: () => server.destroy(),
  };
};
