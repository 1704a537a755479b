// The test suites of ws and of packages that use it. Test files that do not use ws are left out.
//
// from      the package that has the suite
// runner    what runs it, with `args`
// files     which of its files are run
// needs     the development dependencies that its tests load
// instead   versions that replace those it asks for
// beneath   versions of ws to compare with and to build on, besides the newest
// own       true for ws's own tests, which load the files of ws's source; ws-source.js finds those of the version beneath

const MOCHA = { mocha: '^11.7.5' };

module.exports = [
  {
    name: "ws's own",
    own: true,
    runner: 'mocha',
    args: ['--throw-deprecation'],
    files: /^test\/[\w-]+\.test\.js$/,
    instead: MOCHA,
    beneath: ['8.18.1', '8.20.0'],
  },
  {
    name: '@fastify/websocket',
    from: { npm: '@fastify/websocket@11.3.7' },
    runner: 'node',
    files: /^test\/\w+\.test\.js$/,
    needs: ['fastify', 'split2'],
  },
  {
    name: '@fastify/http-proxy',
    from: { npm: '@fastify/http-proxy@11.6.3' },
    runner: 'node',
    files: /^test\/(ws-[\w-]+|websocket[\w-]*|socket\.io)\.js$/,
    needs: ['@fastify/websocket', 'fastify', 'http-errors', 'pino', 'pino-test', 'socket.io', 'socket.io-client'],
  },
  {
    name: 'mercurius',
    from: { npm: 'mercurius@16.10.1' },
    runner: 'node',
    files: /^test\/(subscription|gateway|persisted)[\w-]*\.test\.js$|^test\/(routes|errors|loaders)\.test\.js$/,
    needs: [
      '@graphql-tools/schema',
      '@graphql-tools/utils',
      '@sinonjs/fake-timers',
      'fastify',
      'graphql',
      'graphql-tag',
      'proxyquire',
      'semver',
      'sinon',
      'split2',
    ],
  },
  {
    name: 'aedes',
    from: { npm: 'aedes@1.2.0' },
    runner: 'node',
    files: /^test\/connect\.js$/,
    needs: ['mqtt'],
  },
  {
    name: 'koa-websocket',
    from: { npm: 'koa-websocket@7.0.0' },
    runner: 'mocha',
    files: /^test\/test\.js$/,
    needs: ['koa', 'koa-route'],
    instead: MOCHA,
  },
  {
    name: 'mqtt 4',
    from: { debian: 'node-mqtt' },
    runner: 'mocha',
    args: ['--check-leaks', '--timeout', '10000', '--exit'],
    files: /^test\/websocket_client\.js$/,
    needs: ['chai', 'mqtt-connection', 'should', 'sinon'],
    instead: { ...MOCHA, 'end-of-stream': '^1.4.1' },
  },
  {
    name: 'http-proxy',
    from: { debian: 'node-http-proxy' },
    runner: 'mocha',
    // The test that is left out ends the whole run on Linux, with any ws.
    args: ['--exit', '--invert', '--grep', 'open and close events when socket.io'],
    files: /^test\/lib-(http-proxy|https-proxy|http-proxy-passes-ws-incoming)-test\.js$/,
    needs: ['async', 'expect.js', 'semver', 'socket.io', 'socket.io-client', 'sse'],
    instead: MOCHA,
  },
];
