// node app.js LIBRARY…: an app whose libraries depend on ws. Prints as JSON which package each library gets as ws,
// which copies are installed, and how connections of the libraries end.
const { once } = require('node:events');
const fs = require('node:fs');
const http = require('node:http');
const { createRequire } = require('node:module');
const path = require('node:path');

/** Returns require() as a library of this app has it. Of several libraries, each is found from the one before. */
function requireIn(...libraries) {
  return libraries.reduce((inside, library) => createRequire(inside.resolve(library)), require);
}

/** Returns the name and version of the package that a library gets as `ws`. */
function wsOf(inside) {
  const { name, version } = inside('ws/package.json');
  return `${name}@${version}`;
}

/** For each library, the package that it gets as `ws`. */
const GETS = {
  'socket.io': () => wsOf(requireIn('socket.io', 'engine.io')),
  jsdom: () => wsOf(requireIn('jsdom')),
  'graphql-ws': () => wsOf(requireIn('graphql-ws/use/ws')),
  'isomorphic-ws': () => wsOf(requireIn('isomorphic-ws')),
  'express-ws': () => wsOf(requireIn('express-ws')),
};

/** For each library, opens a connection, ends it, and returns the kind that CloseInfo has, or what tells that it works. */
const ENDS = {
  /** A client of socket.io resets its connection. */
  'socket.io': async () => {
    const server = await listen(http.createServer());
    const io = new (require('socket.io').Server)(server);
    const ended = once(io, 'connection').then(async ([socket]) => {
      await once(socket, 'disconnect');
      return socket.conn.transport.socket.closeInfo;
    });
    const WebSocket = requireIn('socket.io', 'engine.io')('ws');
    const ws = new WebSocket(`ws://127.0.0.1:${server.address().port}/socket.io/?EIO=4&transport=websocket`);
    await once(ws, 'message');
    ws.send('40'); // socket.io's packet for connecting to the default namespace
    await once(ws, 'message');
    ws.abort();
    const { kind } = await ended;
    await io.close();
    return kind;
  },

  /** A page's WebSocket exchanges a message with the server, and the window is closed. */
  jsdom: async () => {
    const { WebSocketServer } = requireIn('jsdom')('ws');
    const wss = new WebSocketServer({ port: 0 });
    await once(wss, 'listening');
    const { window } = new (require('jsdom').JSDOM)('', { url: 'http://localhost/' });
    const page = new window.WebSocket(`ws://127.0.0.1:${wss.address().port}`);
    const [ws] = await once(wss, 'connection');
    const ended = once(ws, 'disconnect');
    ws.on('message', (data) => ws.send(data));
    page.addEventListener('open', () => page.send('hello'));
    await new Promise((resolve) => page.addEventListener('message', resolve));
    window.close();
    const [{ kind }] = await ended;
    wss.close();
    return kind;
  },

  /** A client sends a query and disconnects. */
  'graphql-ws': async () => {
    const { GraphQLObjectType, GraphQLSchema, GraphQLString } = require('graphql');
    const fields = { hello: { type: GraphQLString, resolve: () => 'hello' } };
    const schema = new GraphQLSchema({ query: new GraphQLObjectType({ name: 'Query', fields }) });
    const wss = new (requireIn('graphql-ws/use/ws')('ws').WebSocketServer)({ port: 0 });
    await once(wss, 'listening');
    const kind = new Promise((resolve) => {
      const onClose = ({ extra }) => resolve(extra.socket.closeInfo.kind);
      require('graphql-ws/use/ws').useServer({ schema, onClose }, wss);
    });
    const client = require('graphql-ws').createClient({
      url: `ws://127.0.0.1:${wss.address().port}`,
      webSocketImpl: requireIn('isomorphic-ws')('ws'),
    });
    const { value } = await client.iterate({ query: '{ hello }' }).next();
    if (value.data.hello !== 'hello') throw new Error(JSON.stringify(value));
    await client.dispose();
    wss.close();
    return kind;
  },

  /** A program of ws 7 gets text as a string. */
  'express-ws': async () => {
    const app = require('express')();
    const server = await listen(http.createServer(app));
    require('express-ws')(app, server);
    app.ws('/', (ws) => ws.on('message', (text) => ws.send(typeof text)));
    const client = new (requireIn('express-ws')('ws'))(`ws://127.0.0.1:${server.address().port}/`);
    await once(client, 'open');
    client.send('hello');
    const [type] = await once(client, 'message');
    client.close();
    await once(client, 'close');
    server.close();
    return String(type);
  },

  /** This library exports ws itself. */
  'isomorphic-ws': async () => (require('isomorphic-ws') === requireIn('isomorphic-ws')('ws') ? 'the same' : 'another'),
};

async function listen(server) {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

/** Returns every copy of ws and ws-linger in this project. */
function installed() {
  const found = new Map();
  for (const folder of process.versions.pnp ? foldersOfPnp() : foldersBelow(path.join(__dirname, 'node_modules'))) {
    const { name, version } = JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8'));
    if (name === 'ws' || name === 'ws-linger') found.set(folder, `${name}@${version}`);
  }
  return [...found.values()].sort();
}

function foldersOfPnp() {
  const pnp = require('pnpapi');
  const folders = pnp.getAllLocators().map((locator) => pnp.getPackageInformation(locator).packageLocation);
  // A package is listed once for each set of its peer dependencies, under virtual names of the same folder.
  return new Set(folders.map((folder) => pnp.resolveVirtual(folder) ?? folder));
}

/** Yields the real folder of each package below a node_modules. */
function* foldersBelow(nodeModules) {
  for (const entry of fs.readdirSync(nodeModules, { withFileTypes: true, recursive: true })) {
    if (entry.name !== 'package.json') continue;
    const folder = fs.realpathSync(entry.parentPath ?? entry.path);
    // Some packages have more package.json files inside, which only set the module type.
    if (/[\\/]node_modules[\\/](@[^\\/]+[\\/])?[^\\/]+$/.test(folder)) yield folder;
  }
}

async function main() {
  const libraries = process.argv.slice(2);
  const gets = {};
  const ends = {};
  for (const library of libraries) {
    gets[library] = GETS[library]();
    ends[library] = await ENDS[library]();
  }
  console.log(JSON.stringify({ gets, ends, installed: installed() }));
}

main();
