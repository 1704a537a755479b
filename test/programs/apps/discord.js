// discord.js's gateway client.
const { WebSocketManager, WebSocketShardEvents } = require('@discordjs/ws');

exports.start = async ({ port, log }) => {
  const gateway = {
    url: `ws://127.0.0.1:${port}`,
    shards: 1,
    session_start_limit: { total: 1000, remaining: 1000, reset_after: 0, max_concurrency: 1 },
  };
  const manager = new WebSocketManager({
    token: 'token',
    intents: 0,
    shardCount: 1,
    rest: { get: async () => gateway }, // asked for the gateway alone
    // The default one waits 5 s between two identifications.
    buildIdentifyThrottler: async () => ({ waitForIdentify: async () => {} }),
  });
  const { Ready, Resumed, Closed, Error: Failed, SocketError } = WebSocketShardEvents;
  manager.on(Ready, () => log('ready'));
  manager.on(Resumed, () => log('resumed'));
  manager.on(Closed, (code) => log('closed', code));
  manager.on(Failed, (error) => log('error', error));
  manager.on(SocketError, (error) => log('socketError', error));
  await manager.connect();
  return {
    send: (text) => manager.send(0, { op: 8, d: text }),
    shutdown: () => manager.destroy(),
  };
};
