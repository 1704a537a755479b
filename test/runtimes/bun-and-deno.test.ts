// The package on Bun and Deno, where it uses the portable control.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type net from 'node:net';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { assertPortable } from '../install/expect.js';
import { canRunWindows, cleanEnv, install, type Project, run, temporary } from '../install/projects.js';
import { Program } from '../support/child.js';
import { connectPeer, endOf, textFrame } from '../support/peer.js';

interface Runtime {
  name: string;
  packages: string[];
  /** The program's path inside its package. */
  program: string;
  /** The program's arguments before a script. */
  args: string[];
  /** Whether the runtime sends and reports RST. Bun's HTTP servers report a reset as an end, and cannot send one. */
  knowsResets: boolean;
}

const { platform, arch } = process;
const linux = platform === 'linux';

const RUNTIMES: Runtime[] = [
  {
    name: 'Bun',
    packages: ['bun@1.4.5'],
    program: `@oven/bun-${platform}-${arch === 'arm64' ? 'aarch64' : arch}/bin/bun`,
    args: [],
    knowsResets: false,
  },
  {
    name: 'Deno',
    packages: ['deno@2.9.6'],
    program: `@deno/${platform}-${arch}${linux ? '-glibc' : ''}/deno`,
    args: ['run', '--allow-all'],
    knowsResets: true,
  },
];

/** Fails a test that waits in vain, before the whole run is given up. */
const soon = { timeout: 60_000 };
const LARGE = 12_000_000;
const env = { ...cleanEnv(), DENO_DIR: join(temporary, 'cache', 'deno'), DENO_NO_UPDATE_CHECK: '1' };

/** Reads about 4 MB a second, less than the peer could send. Resolves with the number of bytes before the end. */
async function readSlowly(socket: net.Socket): Promise<number> {
  let bytes = 0;
  let allowed = 0;
  const pace = setInterval(() => {
    allowed += 400_000;
    socket.resume();
  }, 100);
  socket.on('data', (chunk) => {
    bytes += chunk.length;
    if (bytes > allowed) socket.pause();
  });
  await new Promise((resolve) => socket.once('end', resolve).once('error', resolve));
  clearInterval(pace);
  return bytes;
}

for (const { name, packages, program, args, knowsResets } of RUNTIMES) {
  describe(name, () => {
    let project: Project;
    let command: string[];
    let app: Program;
    let port: number;
    before(async () => {
      project = install('npm', 'here', packages);
      // Deno runs a .js file as CommonJS only with this setting.
      const manifest = join(project.folder, 'package.json');
      writeFileSync(manifest, JSON.stringify({ ...JSON.parse(readFileSync(manifest, 'utf8')), type: 'commonjs' }));
      const { resolve } = createRequire(join(project.folder, 'package.json'));
      const [scope, folder] = program.split('/', 2);
      command = [
        join(dirname(resolve(`${scope}/${folder}/package.json`)), program.split('/').slice(2).join('/')),
        ...args,
      ];
      copyFileSync(join(__dirname, '..', '..', 'test', 'runtimes', 'server.js'), join(project.folder, 'server.cjs'));
      app = new Program([...command, 'server.cjs'], { cwd: project.folder, env });
      port = Number((await app.prints(/listening on (\d+)/))[1]);
    });
    after(() => app.stop());

    for (const script of ['main.cjs', 'main.mjs']) {
      it(`runs ${script} with a server, clients, an echo, a close and an abort, and exits`, async () => {
        const [binary = '', ...before] = command;
        const all = { cwd: project.folder, env, timeout: 30_000 };
        const { stdout, stderr } = await promisify(execFile)(binary, [...before, script], all);
        assert.equal(stderr, '');
        const report = JSON.parse(stdout);
        if (knowsResets) assertPortable({ report, otherLines: [] }, /has no native part/);
        else {
          const { control: _, ...rest } = report;
          const aborted = { kind: 'local-abort', forced: 'destroy' };
          assert.deepEqual(rest, {
            echo: 'hello',
            closed: 'clean',
            aborted,
            seen: { kind: 'closed-without-handshake' },
          });
        }
      });
    }

    it('reports close-timeout for a close() without an answer', soon, async () => {
      const peer = await connectPeer(port);
      const end = endOf(peer);
      peer.write(textFrame('close'));
      await app.prints(/close-timeout peer/);
      assert.equal(await end, 'end');
      peer.destroy();
    });

    it('delivers the whole message before a close() to a slow reader', soon, async () => {
      const peer = await connectPeer(port);
      peer.write(textFrame(`send ${LARGE}`));
      const bytes = await readSlowly(peer);
      assert.ok(bytes >= LARGE, `${bytes} of ${LARGE} bytes came`);
      peer.destroy();
    });

    it(`reports a peer that resets as ${knowsResets ? 'reset' : 'closed-without-handshake'}`, soon, async () => {
      const peer = await connectPeer(port);
      const { length } = app.output;
      setImmediate(() => peer.resetAndDestroy());
      await app.prints(knowsResets ? /reset peer/ : /closed-without-handshake peer/, length);
    });
  });
}

describe('on Windows', { skip: !canRunWindows }, () => {
  // The runtimes' own binaries for Windows cannot run here, so Node pretends to be one of them.
  for (const runtime of ['bun', 'deno']) {
    it(`${runtime} does not load the addon, which could not find its sockets`, async () => {
      const { folder } = install('npm', 'here');
      writeFileSync(join(folder, 'pretend.cjs'), `process.versions.${runtime} = '1.0.0';`);
      const ran = await run({ folder, nodeArgs: ['--require', './pretend.cjs'] }, 'windows', ['main.cjs']);
      assertPortable(ran, new RegExp(`${runtime} keeps its sockets elsewhere`));
      assert.deepEqual(ran.otherLines, []);
    });
  }
});
