// webpack-dev-server with one page.
const webpack = require('webpack');
const WebpackDevServer = require('webpack-dev-server');

exports.start = async ({ log }) => {
  const compiler = webpack({
    mode: 'development',
    context: __dirname,
    entry: './page.js',
    stats: 'none',
    infrastructureLogging: { level: 'warn' },
  });
  const server = new WebpackDevServer({ host: '127.0.0.1', port: 0, static: false, setupExitSignals: false }, compiler);
  const compiled = new Promise((resolve) => compiler.hooks.done.tap('test', resolve));
  await server.start();
  await compiled;
  server.webSocketServer.implementation.on('connection', (client) => {
    log('connection');
    client.on('error', (error) => log('error', error));
    client.on('close', (code) => log('close', code));
  });
  return {
    port: server.server.address().port,
    send: async (text) => server.sendMessage(server.webSocketServer.clients, 'progress', text),
    shutdown: async () => {
      await server.stop();
      await new Promise((resolve) => compiler.close(resolve));
    },
  };
};
