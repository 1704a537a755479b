// Makes a project of a downloaded package, in which every dependency on ws resolves to the ws under test.

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { fetchSource } = require('./fetch.js');

/**
 * `ws` is what npm installs as ws, `beneath` the version of ws that ws-linger builds on, `source` that of ws's own tests. Returns
 * the test files.
 */
function makeProject(suite, { ws, beneath, source }, folder, cache) {
  if (suite.own) source.unpack(folder);
  else fetchSource(suite.from, folder, cache);
  const file = path.join(folder, 'package.json');
  const { name, version, main, type, exports, dependencies, devDependencies } = JSON.parse(fs.readFileSync(file));
  const needed = (suite.needs ?? []).map((need) => [need, devDependencies[need]]);
  const manifest = {
    ...(suite.own ? {} : { name, main, exports }),
    version,
    type,
    private: true,
    dependencies: { ...dependencies, ...Object.fromEntries(needed), ...suite.instead, ws },
    overrides: { ws: '$ws', 'ws-upstream': `npm:ws@${beneath}` },
  };
  fs.writeFileSync(file, JSON.stringify(manifest, undefined, 2));
  for (const lockfile of ['package-lock.json', 'npm-shrinkwrap.json'])
    fs.rmSync(path.join(folder, lockfile), { force: true });
  const npm = 'install --ignore-scripts --no-audit --no-fund --prefer-offline --legacy-peer-deps --loglevel=error';
  const env = Object.fromEntries(Object.entries(process.env).filter(([key]) => !key.startsWith('npm_')));
  execFileSync('npm', npm.split(' '), { cwd: folder, env, stdio: ['ignore', 'ignore', 2] });
  checkInstalled(folder, ws, beneath);
  if (suite.own) replaceSource(folder);
  return listFiles(folder, suite.files);
}

/** Throws unless exactly the wanted ws is installed, since a comparison of ws with itself would find nothing. */
function checkInstalled(folder, ws, beneath) {
  const { packages } = JSON.parse(fs.readFileSync(path.join(folder, 'node_modules', '.package-lock.json')));
  const found = Object.keys(packages).filter((at) => /node_modules\/ws(-upstream)?$/.test(at));
  const last = found.at(-1);
  const expected = ws.startsWith('file:') ? ['node_modules/ws', 'node_modules/ws-upstream'] : ['node_modules/ws'];
  if (found.join() !== expected.join() || packages[last].version !== beneath)
    throw new Error(`installed are ${found.join(', ')}, ws ${packages[last]?.version}`);
}

/** Replaces the source files that ws's own tests load by ones that re-export the installed package. */
function replaceSource(folder) {
  const installed = path.join(folder, 'node_modules');
  const beneath = path.join(installed, 'ws-upstream');
  const upstream = fs.existsSync(beneath) ? beneath : path.join(installed, 'ws');
  const lib = path.join(folder, 'lib');
  for (const file of fs.readdirSync(lib)) fs.rmSync(path.join(lib, file));
  for (const file of fs.readdirSync(path.join(upstream, 'lib'))) {
    const from = path.relative(lib, path.join(upstream, 'lib', file)).replaceAll(path.sep, '/');
    fs.writeFileSync(path.join(lib, file), `module.exports = require('${from}');\n`);
  }
  fs.writeFileSync(path.join(lib, 'websocket.js'), "module.exports = require('ws');\n");
  fs.writeFileSync(path.join(lib, 'stream.js'), "module.exports = require('ws').createWebSocketStream;\n");
  fs.writeFileSync(path.join(lib, 'websocket-server.js'), "module.exports = require('ws').WebSocketServer;\n");
  fs.writeFileSync(path.join(folder, 'index.js'), "module.exports = require('ws');\n");
}

function listFiles(folder, pattern) {
  const files = fs
    .readdirSync(path.join(folder, 'test'), { recursive: true })
    .map((file) => `test/${file.replaceAll(path.sep, '/')}`)
    .filter((file) => pattern.test(file));
  if (files.length === 0) throw new Error(`no file of ${folder} matches ${pattern}`);
  return files.sort();
}

module.exports = { makeProject };
