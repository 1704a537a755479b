// A user's app whose libraries ask for ws. It prints as JSON what each of them gets for it, what is installed in all, and how
// connections through them end. Its arguments name the libraries that are installed.
const { once } = require('node:events');
const fs = require('node:fs');
const http = require('node:http');
const { createRequire } = require('node:module');
const path = require('node:path');

/** What a library of this app would get from require(); of more than one, the last, each found from the one before. */
function requireIn(...libraries) {
  return libraries.reduce((inside, library) => createRequire(inside.resolve(library)), require);
}

/** The name and version of the package that `ws` is for a library. */
function wsOf(inside) {
  const { name, version } = inside('ws/package.json');
  return `${name}@${version}`;
}

/** What each library gets. */
const GETS = {
  'socket.io': () => wsOf(requireIn('socket.io', 'engine.io')),
  jsdom: () => wsOf(requireIn('jsdom')),
  'graphql-ws': () => wsOf(requireIn('graphql-ws/use/ws')),
  'isomorphic-ws': () => wsOf(requireIn('isomorphic-ws')),
};

/** Lets connections of a library come to an end, and tells what the ws below it says of that. */
const ENDS = {
  /** A client of socket.io is reset. */
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
    ws.send('40'); // "connect to the default namespace", in socket.io's protocol
    await once(ws, 'message');
    ws.abort();
    const { kind } = await ended;
    await io.close();
    return kind;
  },

  /** A page's WebSocket greets, is greeted, and its window is closed. */
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

  /** A query, and the client leaves. */
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

  /** It is ws under another name, and nothing else. */
  'isomorphic-ws': async () => (require('isomorphic-ws') === requireIn('isomorphic-ws')('ws') ? 'the same' : 'another'),
};

async function listen(server) {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

/** Every copy of ws and of ws-linger in this project, wherever a package manager has put it. */
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
  // A package is there once for each set of peers that it is used with, which is the same folder under other names.
  return new Set(folders.map((folder) => pnp.resolveVirtual(folder) ?? folder));
}

/** Real folders that hold a package, below a node_modules. */
function* foldersBelow(nodeModules) {
  for (const entry of fs.readdirSync(nodeModules, { withFileTypes: true, recursive: true })) {
    if (entry.name !== 'package.json') continue;
    const folder = fs.realpathSync(entry.parentPath ?? entry.path);
    // Some packages have further package.json files inside, which only say how their modules are to be read.
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
