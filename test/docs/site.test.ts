// The site that `npm run docs:build` makes of docs/: every page is in its menu, short enough to be read, and no link leads nowhere.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { ROOT } from '../support/child.js';
import { pages } from './blocks.js';

const SITE = join(ROOT, 'docs', '.vitepress', 'dist');
/** Pages of reference, which are looked up and not read. */
const REFERENCE = [
  'attacks',
  'cli',
  'ends',
  'errors',
  'faults',
  'metrics',
  'observability',
  'survival',
  'windows-values',
];
/** Pages that are longer than they should be, with the words that they may have. */
const LONGER = { benchmarks: 1_500 };
const LONGEST = 1_200;

/** The figures behind docs/benchmarks.md, and how they were measured. */
const isReference = (name: string) => REFERENCE.includes(name) || name.startsWith('benchmarks/');

const names = pages
  .filter((page) => page.startsWith('docs'))
  .map((page) => page.slice('docs/'.length, -'.md'.length).replaceAll('\\', '/'))
  .filter((name) => name !== 'index');
const html = (name: string) => readFileSync(join(SITE, `${name}.html`), 'utf8');

describe('the site', () => {
  // VitePress itself fails where a link leads nowhere.
  before(() => void execFileSync(process.execPath, [join(ROOT, 'scripts', 'docs-site.js')], { stdio: 'pipe' }));

  it('has each page of docs/, and a link to it in its menu', () => {
    const menu = html('start');
    for (const name of names) {
      assert.ok(existsSync(join(SITE, `${name}.html`)), name);
      assert.ok(menu.includes(`href="/${name}.html"`), name);
    }
  });

  it('has the reference of each entry point, and of each export', () => {
    const { entryPoints } = JSON.parse(readFileSync(join(ROOT, 'docs', 'api', 'typedoc.json'), 'utf8'));
    const linked = [...html('start').matchAll(/href="(\/api\/pages\/ws-linger[^"]*)"/g)].map(([, href]) => href);
    assert.equal(new Set(linked).size, entryPoints.length);
    for (const name of ['WebSocketServer', 'drainOnSignal', 'LingerOptions', 'closeDeadline'])
      assert.ok(html('api/pages/ws-linger').includes(name), name);
  });

  it('has the four diagrams', () => {
    const drawn = ['how-it-ends', 'vanished-peers'].flatMap(
      (name) => html(name).match(/<figure class="diagram"/g) ?? [],
    );
    assert.equal(drawn.length, 4);
  });

  it('has the heading that a link names', () => {
    let links = 0;
    for (const name of names) {
      const hrefs = html(name).matchAll(/href="(?:\/([^"#]+)\.html)?#([^"]+)"/g);
      for (const [, target = name, heading] of hrefs) {
        assert.ok(html(target).includes(`id="${heading}"`), `${name}: ${target}#${heading}`);
        links++;
      }
    }
    assert.ok(links > 100);
  });

  it('links to the repository where a page links to a file outside of docs/, once there is one', () => {
    const { repository, version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    const address = repository?.url.replace(/^git\+/, '').replace(/\.git$/, '');
    const text = html('recipes/tests');
    assert.ok(
      text.includes(
        address ? `href="${address}/blob/v${version}/examples/jest"` : 'examples/jest and examples/vitest show',
      ),
    );
    assert.doesNotMatch(text, /href="[^"]*\.\.\//);
  });

  it('loads nothing from elsewhere', () => {
    for (const name of [...names, 'index']) assert.doesNotMatch(html(name), /<(?:script|link|img)[^>]+"https?:/, name);
  });
});

it('no page but a reference has more words than can be read in five minutes', () => {
  for (const name of names.filter((one) => !isReference(one))) {
    const words = readFileSync(join(ROOT, 'docs', `${name}.md`), 'utf8').split(/\s+/).length;
    const limit = name in LONGER ? LONGER[name as keyof typeof LONGER] : LONGEST;
    assert.ok(words <= limit, `${name}: ${words} words`);
  }
});

it('every recipe is one heading that says what its reader wants', () => {
  for (const name of names.filter((one) => one.startsWith('recipes/'))) {
    const text = readFileSync(join(ROOT, 'docs', `${name}.md`), 'utf8');
    const headings = [...text.matchAll(/^## (.+)$/gm)].map(([, title]) => title as string);
    for (const title of headings) assert.match(title, /^I want |^Sources$/, name);
  }
});
