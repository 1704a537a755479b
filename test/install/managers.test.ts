// The package as each package manager installs it, from its tarball and without running any script.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { assertNative, assertPortable } from './expect.js';
import type { PackageManagerName } from './package-managers.js';
import { canRunWindows, install, type Project, run } from './projects.js';

/** Lines that warn of something, except of the user's own settings and of what this test itself asks for. */
function warnings(output: string): string[] {
  const warning = /^(npm warn|warning) |WARN|deprecated|➤ YN0(?!000|013|085)/;
  const ownDoing = /Unknown user config|Ignored scripts due to flag|ESM support for PnP|Done with warnings/;
  return output.split('\n').filter((line) => warning.test(line) && !ownDoing.test(line));
}

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
        it(`${program.endsWith('.cjs') ? 'require()' : 'import'} gives a package that works, and says nothing`, async () => {
          const ran = await run(project, platform, [program]);
          if (platform === 'windows') assertNative(ran);
          else assertPortable(ran, /has no native part/);
          assert.deepEqual(ran.said, []);
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
    });
  }
}
