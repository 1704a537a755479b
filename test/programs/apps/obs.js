// A remote control of OBS with obs-websocket-js.
const { OBSWebSocket } = require('obs-websocket-js/json');

exports.start = async ({ port, log }) => {
  const obs = new OBSWebSocket();
  for (const name of ['ConnectionOpened', 'Hello', 'Identified']) obs.on(name, () => log(name));
  for (const name of ['ConnectionClosed', 'ConnectionError']) obs.on(name, (error) => log(name, error));
  obs.on('CurrentProgramSceneChanged', ({ sceneName }) => log('scene', sceneName));
  await obs.connect(`ws://127.0.0.1:${port}`);
  const { obsVersion } = await obs.call('GetVersion');
  log('version', obsVersion);
  return {
    send: async (text) => {
      obs.call('SetProfileParameter', { text });
    },
    shutdown: () => obs.disconnect(),
  };
};
