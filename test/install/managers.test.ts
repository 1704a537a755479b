// Installs the package's tarball with each package manager, with scripts disabled, and uses it.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { assertNative, assertPortable } from './expect.js';
import type { PackageManagerName } from './package-managers.js';
import { canRunWindows, here, install, type Project, run } from './projects.js';
import { warnings } from './warnings.js';

const MANAGERS: PackageManagerName[] = ['npm', 'pnpm', 'yarn classic', "yarn Plug'n'Play"];

for (const manager of MANAGERS) {
  for (const platform of ['here', 'windows'] as const) {
    const title = `${manager}, ${platform === 'here' ? `on this machine (${process.platform})` : 'for Windows'}`;
    describe(title, { skip: platform === 'windows' && !canRunWindows }, () => {
      let project: Project;
      before(() => {
        project = install(manager, platform);
      });

      it('installs without a warning', () => assert.deepEqual(warnings(project.output), []));

      for (const program of ['main.cjs', 'main.mjs']) {
        it(`${program.endsWith('.cjs') ? 'require()' : 'import'} loads a package that works, without a warning`, async () => {
          const ran = await run(project, platform, [program]);
          if (platform === 'windows') assertNative(ran);
          else assertPortable(ran, /has no native part/);
          assert.deepEqual(ran.otherLines, []);
        });
      }

      if (manager !== 'npm') return;
      it('brings no package with an install script', () => {
        const { packages } = JSON.parse(readFileSync(join(project.folder, 'package-lock.json'), 'utf8'));
        assert.ok('node_modules/ws-linger' in packages);
        for (const [name, { hasInstallScript }] of Object.entries<{ hasInstallScript?: boolean }>(packages)) {
          assert.ok(!hasInstallScript, name);
        }
      });

      if (platform === 'windows') return;
      it('loads only the classes, and keeps the timers of Node, until a WebSocket or a server is made', async () => {
        const code = `
          const { WebSocketServer } = require('ws-linger');
          const loaded = () => Object.keys(require.cache).map((file) => require('path').relative('node_modules/ws-linger', file))
            .filter((file) => !file.startsWith('..'));
          const before = loaded();
          new WebSocketServer({ noServer: true });
          console.log(JSON.stringify([before.sort(), loaded().includes('dist/core.js')]));`;
        assert.deepEqual(JSON.parse(await here(['-e', code], project.folder, {})), [
          ['dist/face.js', 'dist/index.js', 'dist/shared.js'],
          true,
        ]);
      });

      it('loads the rest in the next turn, but not where it is switched off', async () => {
        const code = `
          require('ws-linger');
          const isLoaded = () => Object.keys(require.cache).some((file) => /ws-linger.dist.core\\.js$/.test(file));
          setImmediate(() => setImmediate(() => console.log(isLoaded())));`;
        assert.equal((await here(['-e', code], project.folder, {})).trim(), 'true');
        assert.equal((await here(['-e', code], project.folder, { WS_LINGER: 'off' })).trim(), 'false');
      });

      it('works where its folder is moved away after it was loaded', async () => {
        const code = `
          const { WebSocketServer, WebSocket } = require('ws-linger');
          setImmediate(() => setImmediate(() => {
            require('fs').renameSync('node_modules', 'moved');
            const wss = new WebSocketServer({ port: 0 }, () => {
              const ws = new WebSocket('ws://127.0.0.1:' + wss.address().port);
              ws.on('open', () => ws.close(1000)).on('close', (code) => {
                wss.close();
                console.log(code);
              });
            });
          }));
          process.on('exit', () => require('fs').renameSync('moved', 'node_modules'));`;
        assert.equal((await here(['-e', code], project.folder, {})).trim(), '1000');
      });
    });
  }
}
