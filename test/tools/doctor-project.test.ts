// `ws-linger doctor` in projects: which copies of ws it finds, who gets them, and what it says of that.
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, describe, it } from 'node:test';
import { colorsFor } from '../../dist/tools/cli/colors.js';
import { renderProject } from '../../dist/tools/cli/doctor-project.js';
import { findBundled } from '../../dist/tools/doctor/bundled.js';
import { findPackages } from '../../dist/tools/doctor/packages.js';
import { inspectProject, type Project } from '../../dist/tools/doctor/project.js';
import { allowsMajor } from '../../dist/tools/doctor/ranges.js';
import { CLI, ROOT, runNode } from '../support/child.js';

const temporary = realpathSync(mkdtempSync(join(tmpdir(), 'ws-linger-doctor-')));
after(() => rmSync(temporary, { recursive: true, maxRetries: 5 }));

type Dependencies = Record<string, string>;

/** A package.json by name, version, and what it depends on. */
const manifest = (name: string, version: string, dependencies: Dependencies = {}, more: object = {}) => ({
  ...{ name, version, dependencies },
  ...more,
});

const OURS = manifest('ws-linger', '8.0.0', { pino: '^10.4.0', 'ws-upstream': 'npm:ws@^8.20.0' });

/** Makes a project: each path below it is a folder with this package.json. */
function project(packages: Record<string, object>): string {
  const folder = mkdtempSync(join(temporary, 'project-'));
  for (const [path, content] of Object.entries({ '.': manifest('app', '1.0.0'), ...packages })) {
    mkdirSync(join(folder, path), { recursive: true });
    writeFileSync(join(folder, path, 'package.json'), JSON.stringify(content));
  }
  return folder;
}

function write(folder: string, path: string, content: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), content);
}

/** Links as package managers do; on Windows they make junctions. */
function link(folder: string, path: string, target: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  symlinkSync(join(folder, target), join(folder, path), 'junction');
}

/** Wine shows what is behind a link as if there were none. */
const hidesLinks = (() => {
  const folder = project({ real: manifest('real', '1.0.0') });
  try {
    link(folder, 'linked', 'real');
    return realpathSync(join(folder, 'linked')) !== join(folder, 'real');
  } catch {
    return true;
  }
})();

const inspected = (folder: string) => inspectProject(folder) as Project;
const text = (found: Project) => renderProject(found, colorsFor(false));

/** Each copy as `state version path: name@range …`. */
const copiesIn = ({ copies }: Project) =>
  copies.map(({ state, version, path, askedBy }) =>
    [`${state} ${version} ${path}:`, ...askedBy.map(({ name, as, range }) => `${name} ${as}@${range}`)].join(' '),
  );

describe('ws-linger doctor in a project', () => {
  it('lists plain ws 8 and ws 7, with the range of each package that gets them', () => {
    const found = inspected(
      project({
        '.': manifest('app', '1.0.0', {}, { devDependencies: { ws: '^8.18.0' } }),
        'node_modules/ws': manifest('ws', '8.18.3'),
        'node_modules/engine.io': manifest('engine.io', '6.6.4', { ws: '~8.17.1' }),
        'node_modules/engine.io/node_modules/ws': manifest('ws', '8.17.1'),
        'node_modules/express-ws': manifest('express-ws', '5.0.2', { ws: '^7.4.6' }),
        'node_modules/express-ws/node_modules/ws': manifest('ws', '7.5.10'),
        'node_modules/@scope/client': manifest('@scope/client', '2.0.0', {}, { peerDependencies: { ws: '*' } }),
      }),
    );
    assert.deepEqual(copiesIn(found), [
      'ws 8.17.1 node_modules/engine.io/node_modules/ws: engine.io ws@~8.17.1',
      'ws 8.18.3 node_modules/ws: app ws@^8.18.0 @scope/client ws@*',
      'old-ws 7.5.10 node_modules/express-ws/node_modules/ws: express-ws ws@^7.4.6',
    ]);
    assert.match(text(found), /plain ws 7\.5\.10, which ws-linger cannot replace\n +node_modules\/express-ws/);
    assert.match(text(found), /^! An override of "ws@\^8" puts ws-linger in the place of plain ws 8\.$/m);
  });

  it('lists ws-linger in the place of ws, and the ws beneath it as its own', () => {
    const found = inspected(
      project({
        'node_modules/ws': OURS,
        'node_modules/ws-upstream': manifest('ws', '8.23.0'),
        'node_modules/jsdom': manifest('jsdom', '26.1.0', { ws: '^8.18.0' }),
      }),
    );
    assert.deepEqual(copiesIn(found), [
      'ws-linger-as-ws 8.0.0 node_modules/ws: jsdom ws@^8.18.0',
      'ws-upstream 8.23.0 node_modules/ws-upstream: ws-linger ws-upstream@npm:ws@^8.20.0',
    ]);
    assert.doesNotMatch(text(found), /^!/m);
  });

  it('says which programs of ws 7 an override has put on version 8', () => {
    const found = inspected(
      project({
        'node_modules/ws': OURS,
        'node_modules/ws-upstream': manifest('ws', '8.23.0'),
        'node_modules/node-red': manifest('node-red', '4.1.0', { ws: '7.5.10' }),
        'node_modules/jsdom': manifest('jsdom', '26.1.0', { ws: '^8.18.0' }),
      }),
    );
    assert.deepEqual(found.copies[0]?.askedBy.map(({ name, fits }) => [name, fits]).sort(), [
      ['jsdom', true],
      ['node-red', false],
    ]);
    assert.match(text(found), /^! node-red asks for ws@7\.5\.10 and gets version 8\. Override "ws@\^8"/m);
  });

  it('says that there are two copies of ws-linger', () => {
    const found = inspected(
      project({
        '.': manifest('app', '1.0.0', { 'ws-linger': '^8.0.0' }),
        'node_modules/ws': OURS,
        'node_modules/ws-linger': OURS,
        'node_modules/ws-upstream': manifest('ws', '8.23.0'),
        'node_modules/jsdom': manifest('jsdom', '26.1.0', { ws: '^8.18.0' }),
      }),
    );
    assert.deepEqual(copiesIn(found).slice(0, 2), [
      'ws-linger-as-ws 8.0.0 node_modules/ws: jsdom ws@^8.18.0',
      'ws-linger 8.0.0 node_modules/ws-linger: app ws-linger@^8.0.0',
    ]);
    assert.match(text(found), /^! There are several copies of ws-linger[^!]*import from 'ws'/m);
  });

  it('says how several copies of ws-linger that one override has made become one', () => {
    const found = inspected(
      project({
        'node_modules/ws': manifest('ws', '7.5.10'),
        'node_modules/express-ws': manifest('express-ws', '5.0.2', { ws: '^7.4.6' }),
        'node_modules/engine.io': manifest('engine.io', '6.6.4', { ws: '^8.23.0' }),
        'node_modules/engine.io/node_modules/ws': OURS,
        'node_modules/jsdom': manifest('jsdom', '26.1.0', { ws: '^8.18.0' }),
        'node_modules/jsdom/node_modules/ws': OURS,
      }),
    );
    assert.deepEqual(
      found.copies.map(({ state }) => state),
      ['ws-linger-as-ws', 'ws-linger-as-ws', 'old-ws'],
    );
    assert.match(text(found), /^! There are several copies of ws-linger[^!]*"ws": "npm:ws-linger@\^8" makes/m);
  });

  it('finds ws inside the bundle of another package, minified or not, and nothing in its sources or packages', () => {
    const folder = project({
      'node_modules/vite': manifest('vite', '7.0.0'),
      'node_modules/@scope/bundler': manifest('@scope/bundler', '1.0.0', {}, { devDependencies: { ws: '^8.0.0' } }),
      'node_modules/harmless': manifest('harmless', '1.0.0', {}, { devDependencies: { ws: '^8.0.0' } }),
      'node_modules/harmless/node_modules/ws': manifest('ws', '8.18.0'),
    });
    const receiver = join(ROOT, 'node_modules', 'ws-upstream', 'lib', 'receiver.js');
    cpSync(receiver, join(folder, 'node_modules', 'vite', 'dist', 'node', 'chunks', 'dep.js'), { recursive: true });
    cpSync(receiver, join(folder, 'node_modules', '@scope', 'bundler', 'index.cjs'));
    cpSync(receiver, join(folder, 'node_modules', 'harmless', 'node_modules', 'ws', 'lib', 'receiver.js'), {
      recursive: true,
    });
    write(folder, 'node_modules/harmless/index.js', `// ${'-'.repeat(20_000)}`);
    const found = inspected(folder);
    assert.deepEqual(
      found.bundled.sort((one, other) => (one.name < other.name ? -1 : 1)),
      [
        { name: '@scope/bundler', version: '1.0.0', path: 'node_modules/@scope/bundler/index.cjs' },
        { name: 'vite', version: '7.0.0', path: 'node_modules/vite/dist/node/chunks/dep.js' },
      ],
    );
    assert.match(text(found), /vite 7\.0\.0 has ws inside its own code, out of reach of overrides\n/);
  });

  it('finds the ws that playwright-core has in its bundle', () => {
    const folder = project({});
    const real = join(ROOT, 'node_modules', 'playwright-core');
    cpSync(real, join(folder, 'node_modules', 'playwright-core'), { recursive: true });
    assert.deepEqual(
      inspected(folder).bundled.map(({ name }) => name),
      ['playwright-core'],
    );
  });

  const withLinks = hidesLinks ? () => {} : it;
  withLinks('lists each copy of a pnpm project once, behind its links', () => {
    const store = 'node_modules/.pnpm';
    const ours = `${store}/ws-linger@8.0.0/node_modules`;
    const folder = project({
      '.': manifest('app', '1.0.0', { jsdom: '^26.1.0' }),
      [`${store}/jsdom@26.1.0/node_modules/jsdom`]: manifest('jsdom', '26.1.0', { ws: '^8.18.0' }),
      [`${store}/engine.io@6.6.4/node_modules/engine.io`]: manifest('engine.io', '6.6.4', { ws: '~8.17.1' }),
      [`${ours}/ws-linger`]: OURS,
      [`${store}/ws@8.23.0/node_modules/ws`]: manifest('ws', '8.23.0'),
    });
    link(folder, 'node_modules/jsdom', `${store}/jsdom@26.1.0/node_modules/jsdom`);
    link(folder, `${store}/jsdom@26.1.0/node_modules/ws`, `${ours}/ws-linger`);
    link(folder, `${store}/engine.io@6.6.4/node_modules/ws`, `${ours}/ws-linger`);
    link(folder, `${ours}/ws-upstream`, `${store}/ws@8.23.0/node_modules/ws`);
    link(folder, `${store}/node_modules/ws`, `${store}/ws@8.23.0/node_modules/ws`);
    const found = inspected(folder);
    for (const { askedBy } of found.copies) askedBy.sort((one, other) => (one.name < other.name ? -1 : 1));
    assert.deepEqual(copiesIn(found), [
      `ws-linger-as-ws 8.0.0 ${ours}/ws-linger: engine.io ws@~8.17.1 jsdom ws@^8.18.0`,
      `ws-upstream 8.23.0 ${store}/ws@8.23.0/node_modules/ws: ws-linger ws-upstream@npm:ws@^8.20.0`,
    ]);
  });

  it('lists the ws above a part of a workspace, where that part gets it', () => {
    const folder = project({
      'node_modules/ws': manifest('ws', '8.18.0'),
      'packages/one': manifest('one', '1.0.0', { ws: '^8.0.0' }),
      'packages/one/node_modules/other': manifest('other', '1.0.0'),
    });
    assert.deepEqual(copiesIn(inspected(join(folder, 'packages', 'one'))), [
      'ws 8.18.0 ../../node_modules/ws: one ws@^8.0.0',
    ]);
  });

  withLinks('ends where links lead in a circle or to nowhere, and where a package.json cannot be read', () => {
    const folder = project({ 'node_modules/one': manifest('one', '1.0.0', { ws: '^8.0.0' }) });
    link(folder, 'node_modules/one/node_modules/app', '.');
    link(folder, 'node_modules/nowhere', 'missing');
    write(folder, 'node_modules/broken/package.json', '{');
    write(folder, 'node_modules/ws/package.json', `\uFEFF${JSON.stringify(manifest('ws', '8.18.0'))}`);
    assert.deepEqual(copiesIn(inspected(folder)), ['ws 8.18.0 node_modules/ws: one ws@^8.0.0']);
  });

  it('prints at most 80 columns, whatever asks, and says how much it leaves out', () => {
    const many = Array.from({ length: 40 }, (_, i) => `an-asker-with-a-name-of-some-length-${i}`);
    const askers = many.map((name) => [
      `node_modules/${name}`,
      manifest(name, '1.0.0', { ws: '>=8.0.0 <9 || ^10.11.12' }),
    ]);
    const found = inspected(project({ 'node_modules/ws': manifest('ws', '8.18.0'), ...Object.fromEntries(askers) }));
    assert.equal(found.copies[0]?.askedBy.length, 40);
    assert.match(text(found), /and 28 more, which --json prints/);
    for (const line of text(found).split('\n')) assert.ok(line.length <= 80, line);
  });

  it('says so where it has searched only a part', () => {
    const folder = project({ 'node_modules/one': manifest('one', '1.0.0', {}, { devDependencies: { ws: '^8.0.0' } }) });
    for (let i = 0; i < 5; i++) write(folder, `node_modules/one/${i}.js`, ' '.repeat(20_000));
    const packages = [...findPackages(folder).packages.values()];
    assert.equal(findBundled(packages, { files: 100, bytes: 1_000_000 }).complete, true);
    assert.equal(findBundled(packages, { files: 3, bytes: 1_000_000 }).complete, false);
    assert.equal(findBundled(packages, { files: 100, bytes: 50_000 }).complete, false);
    assert.match(text({ ...inspected(folder), complete: false }), /^! .*only a part was searched/m);
  });

  it('prints the same as text and as JSON, and nothing of it in a folder without node_modules', async () => {
    const cwd = project({
      'node_modules/ws': OURS,
      'node_modules/jsdom': manifest('jsdom', '26.1.0', { ws: '^8.18.0' }),
    });
    const [asText, asJson] = await Promise.all(
      [[], ['--json']].map((more) => runNode([CLI, 'doctor', ...more], { cwd })),
    );
    assert.match(
      asText?.stdout ?? '',
      /ws-linger 8\.0\.0 in the place of ws\n {4}node_modules\/ws\n {4}ws@\^8\.18\.0 for jsdom 26\.1\.0/,
    );
    assert.deepEqual(copiesIn(JSON.parse(asJson?.stdout ?? '').project), [
      'ws-linger-as-ws 8.0.0 node_modules/ws: jsdom ws@^8.18.0',
    ]);
    const [none, noneAsJson] = await Promise.all(
      [[], ['--json']].map((more) => runNode([CLI, 'doctor', ...more], { cwd: mkdtempSync(join(temporary, 'none-')) })),
    );
    assert.doesNotMatch(none?.stdout ?? '', /project/);
    assert.equal(JSON.parse(noneAsJson?.stdout ?? '').project, null);
  });
});

describe('a range', () => {
  const rows: [string, boolean | null, boolean | null][] = [
    ['^8.18.0', false, true],
    ['~7.4.6', true, false],
    ['7', true, false],
    ['8.x', false, true],
    ['v8.1.2', false, true],
    ['=7.5.10', true, false],
    ['*', true, true],
    ['', true, true],
    ['>=7', true, true],
    ['>= 7.2', true, true],
    ['>7', false, true],
    ['>7.1', true, true],
    ['<8', true, false],
    ['<8.0.0', true, false],
    ['<8.5', true, true],
    ['<=8', true, true],
    ['>=7 <8', true, false],
    ['^5 || ^6 || ^7 || ^8', true, true],
    ['^5||^6', false, false],
    ['7.1 - 8.2', true, true],
    ['npm:ws@^7.0.0', true, false],
    ['npm:ws-linger@^8.0.0', false, true],
    ['workspace:^8.0.0', false, true],
    ['8.0.0-beta.1', false, true],
    ['latest', null, null],
    ['file:../ws-linger-8.0.0.tgz', null, null],
    ['https://example.org/ws-7.tgz', null, null],
    ['^8 || latest', null, true],
  ];
  for (const [range, seven, eight] of rows) {
    it(`of '${range}' allows ws 7: ${seven}, ws 8: ${eight}`, () => {
      assert.deepEqual([allowsMajor(range, 7), allowsMajor(range, 8)], [seven, eight]);
    });
  }
});
