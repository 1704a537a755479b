// Bun and Deno, which load the portable way: what of it holds there.
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
  /** The file inside one of them that is the program, and what it is given before a script. */
  program: string;
  args: string[];
  /** Sends RST, and sees it. Bun's HTTP servers tell of a reset as of an end, and cannot send one. */
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

/** What does not come must not be waited for until the whole run is given up. */
const soon = { timeout: 60_000 };
const LARGE = 12_000_000;
const env = { ...cleanEnv(), DENO_DIR: join(temporary, 'cache', 'deno'), DENO_NO_UPDATE_CHECK: '1' };

/** Reads some 4 MB a second, less than the peer could send. Resolves with what came before the end. */
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
      // Deno takes a .js file for CommonJS only where this is said.
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
      it(`runs ${script}: a server, clients, an echo, a close and an abort; and ends by itself`, async () => {
        const [binary = '', ...before] = command;
        const all = { cwd: project.folder, env, timeout: 30_000 };
        const { stdout, stderr } = await promisify(execFile)(binary, [...before, script], all);
        assert.equal(stderr, '');
        const report = JSON.parse(stdout);
        if (knowsResets) assertPortable({ report, said: [] }, /has no native part/);
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

    it('gives up a close() that is not answered', soon, async () => {
      const peer = await connectPeer(port);
      const end = endOf(peer);
      peer.write(textFrame('close'));
      await app.prints(/close-timeout peer/);
      assert.equal(await end, knowsResets ? 'ECONNRESET' : 'end');
      peer.destroy();
    });

    it('lets a slow reader have all of a message that is in front of a close()', soon, async () => {
      const peer = await connectPeer(port);
      peer.write(textFrame(`send ${LARGE}`));
      const bytes = await readSlowly(peer);
      assert.ok(bytes >= LARGE, `${bytes} of ${LARGE} bytes came`);
      peer.destroy();
    });

    it(`tells of a peer that resets${knowsResets ? '' : ', though as of one that left'}`, soon, async () => {
      const peer = await connectPeer(port);
      const { length } = app.output;
      setImmediate(() => peer.resetAndDestroy());
      await app.prints(knowsResets ? /reset peer/ : /closed-without-handshake peer/, length);
    });
  });
}

describe('on Windows', { skip: !canRunWindows }, () => {
  // Their own binaries for Windows are not run here.
  for (const runtime of ['bun', 'deno']) {
    it(`${runtime} is not given the addon, which would look for its sockets in vain`, async () => {
      const { folder } = install('npm', 'here');
      writeFileSync(join(folder, 'pretend.cjs'), `process.versions.${runtime} = '1.0.0';`);
      const ran = await run({ folder, nodeArgs: ['--require', './pretend.cjs'] }, 'windows', ['main.cjs']);
      assertPortable(ran, new RegExp(`${runtime} keeps its sockets elsewhere`));
      assert.deepEqual(ran.said, []);
    });
  }
});
