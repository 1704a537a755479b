// Packs what is committed, as a tag would publish it: in clones that differ in whatever two machines differ in.

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { root } = require('../steps.js');
const { nodeBinary } = require('../windows-node.js');

/** Each has another folder, Node, umask, time zone and language. */
const CLONES = [
  { folder: 'one', node: 22, umask: '022', env: { TZ: 'UTC', LC_ALL: 'C' } },
  {
    folder: path.join('another folder', 'deeper'),
    node: 24,
    umask: '077',
    env: { TZ: 'Asia/Tokyo', LC_ALL: 'tr_TR.UTF-8' },
  },
];

/** npm's own program, so that each clone runs it by its own Node. */
function npmProgram() {
  const given = process.env.npm_execpath;
  if (given?.endsWith('npm-cli.js')) return given;
  return path.join(
    path.dirname(fs.realpathSync(execFileSync('which', ['npm'], { encoding: 'utf8' }).trim())),
    'npm-cli.js',
  );
}

/** Returns the tarballs, each with what is special about its clone. Needs Linux on x64, where both Nodes can be had. */
function packClones(temporary) {
  const npm = npmProgram();
  return CLONES.map(({ folder, node, umask, env }) => {
    const clone = path.join(temporary, 'clones', folder);
    const bin = path.dirname(nodeBinary('linux', node));
    const run = (cwd, ...command) =>
      execFileSync('sh', ['-c', `umask ${umask} && exec "$@"`, 'sh', ...command], {
        cwd,
        env: { ...process.env, ...env, PATH: `${bin}${path.delimiter}${process.env.PATH}` },
        stdio: [0, 'ignore', 2],
      });
    fs.mkdirSync(clone, { recursive: true });
    // Whoever owns the repository: containers run as root.
    run(root, 'git', '-c', 'safe.directory=*', 'archive', '--output', `${clone}.tar`, 'HEAD');
    run(clone, 'tar', 'xf', `${clone}.tar`, '--no-same-permissions', '--no-same-owner');
    run(clone, 'node', npm, 'ci', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline', '--silent');
    run(clone, 'node', npm, 'pack', '--silent', '--pack-destination', path.dirname(clone));
    const name = fs.readdirSync(path.dirname(clone)).find((file) => file.endsWith('.tgz'));
    return { tarball: path.join(path.dirname(clone), name), how: `${folder}, Node ${node}, umask ${umask}` };
  });
}

module.exports = { packClones };
