// What is filled in at publishing: the repository's address, and the list of the package's contents.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { ROOT } from '../support/child.js';

interface Sbom {
  serialNumber?: string;
  metadata: { timestamp: string; tools?: object[]; component: { name: string; 'bom-ref': string } };
  components: { name: string; purl: string; 'bom-ref': string; properties?: { name: string }[] }[];
  dependencies: { ref: string; dependsOn: string[] }[];
}

const { withBundled } = require(join(ROOT, 'scripts', 'release', 'sbom.js')) as {
  withBundled(parts: { installed: Sbom; all: Sbom; licenses: string; committedAt: string }): Sbom;
};

const { withAddress } = require(join(ROOT, 'scripts', 'release', 'address.js')) as {
  withAddress(
    files: Record<'readme' | 'security', string> & { manifest: object },
    address: string,
  ): { security: string };
};

describe('the address of the repository', () => {
  it('becomes the link to the form for reports in SECURITY.md, and can be changed', () => {
    const given = {
      manifest: { version: '8.0.0' },
      readme: '',
      security: readFileSync(join(ROOT, 'SECURITY.md'), 'utf8'),
    };
    const first = withAddress(given, 'https://host/owner/name');
    assert.ok(first.security.includes('[Report a vulnerability](https://host/owner/name/security/advisories/new)'));
    const second = withAddress({ ...given, ...first }, 'https://other/owner/name');
    assert.ok(second.security.includes('(https://other/owner/name/security/advisories/new)'));
    assert.ok(!second.security.includes('https://host/'));
  });
});

const component = (name: string, version: string) => ({
  name,
  purl: `pkg:npm/${name.replace('@', '%40')}@${version}`,
  'bom-ref': `${name}@${version}`,
});

const sbom = (...components: Sbom['components']): Sbom => ({
  serialNumber: 'urn:uuid:other each time',
  metadata: {
    timestamp: 'now',
    tools: [{ name: 'cli', version: '11' }],
    component: { name: 'folder', 'bom-ref': 'ws-linger@8.0.0' },
  },
  components,
  dependencies: [{ ref: 'ws-linger@8.0.0', dependsOn: components.map((each) => each['bom-ref']) }],
});

const pino = component('pino', '10.4.0');
const commander = component('commander', '14.0.3');
const types = component('@types/ws', '8.18.1');

const parts = {
  installed: sbom(pino),
  all: sbom(pino, component('commander', '10.0.1'), commander, types, component('esbuild', '0.28.2')),
  licenses:
    'dist/… contain code of these packages.\n\n---\n\ncommander 14.0.3 (MIT)\n\ntext\n\n---\n\n@types/ws 8.18.1 (MIT)\n',
  committedAt: '2026-11-28T00:00:00+00:00',
};

describe('the SBOM of a release', () => {
  it('has what is installed and what is bundled, and no tool of this repository', () => {
    const made = withBundled(parts);
    assert.deepEqual(
      made.components.map((each) => each['bom-ref']),
      ['pino@10.4.0', 'commander@14.0.3', '@types/ws@8.18.1'],
    );
    assert.deepEqual(made.dependencies[0], {
      ref: 'ws-linger@8.0.0',
      dependsOn: ['pino@10.4.0', 'commander@14.0.3', '@types/ws@8.18.1'],
    });
  });

  it('is the same for the same commit, in whatever folder', () => {
    const made = withBundled(parts);
    assert.equal(made.serialNumber, undefined);
    assert.equal(made.metadata.timestamp, parts.committedAt);
    assert.equal(made.metadata.component.name, 'ws-linger');
    assert.deepEqual(made.metadata.tools, [{ name: 'cli' }]);
  });

  it('is not made where a bundled package is not known', () => {
    assert.throws(() => withBundled({ ...parts, licenses: 'uplot 1.6.32 (MIT)\n' }), /does not have uplot 1\.6\.32/);
  });
});
