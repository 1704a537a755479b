// The site of docs/ in Chromium: its search, light and dark, and on a phone. WS_LINGER_SCREENSHOTS names a folder for pictures of it.
import assert from 'node:assert/strict';
import { createReadStream, existsSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import { after, before, it } from 'node:test';
import { type Browser, chromium, type Page } from 'playwright-core';
import { ROOT } from '../support/child.js';
import { CHROMIUM } from '../support/chromium.js';

const SITE = join(ROOT, 'docs', '.vitepress', 'dist');
const TYPES: Record<string, string> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
};
const PHONE = 360;
const pictures = process.env.WS_LINGER_SCREENSHOTS;

const server = createServer((request, response) => {
  const { pathname } = new URL(request.url ?? '/', 'http://localhost');
  const file = join(SITE, pathname.endsWith('/') ? `${pathname}index.html` : pathname);
  response.statusCode = existsSync(file) ? 200 : 404;
  response.setHeader('content-type', TYPES[extname(file)] ?? 'application/octet-stream');
  if (response.statusCode === 200) createReadStream(file).pipe(response);
  else response.end();
});
let browser: Browser;
let address: string;

before(async () => {
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  browser = await chromium.launch(CHROMIUM);
});
after(async () => {
  await browser?.close();
  server.closeAllConnections();
  server.close();
});

/** Opens a page, hands it to `look`, and fails on anything that its console says or that it loads from elsewhere. */
async function visit(
  path: string,
  options: { width?: number; colorScheme?: 'light' | 'dark' },
  look: (page: Page) => Promise<void>,
): Promise<void> {
  const { width = 1280, colorScheme = 'light' } = options;
  const page = await browser.newPage({ colorScheme, viewport: { width, height: 900 } });
  const problems: string[] = [];
  page.on('console', (message) => problems.push(message.text()));
  page.on('pageerror', (error) => problems.push(String(error)));
  page.on('request', (request) => {
    if (!request.url().startsWith(address) && !request.url().startsWith('data:')) problems.push(request.url());
  });
  await page.goto(`${address}${path}`, { waitUntil: 'load' });
  if (pictures) {
    const name = `site-${path.replaceAll(/\W+/g, '-')}-${colorScheme}-${width}.png`;
    await page.screenshot({ path: join(pictures, name) });
  }
  await look(page);
  await page.close();
  assert.deepEqual(problems, []);
}

const lightness = (page: Page) =>
  page.evaluate(() => {
    const [red = 0, green = 0, blue = 0] = (getComputedStyle(document.body).backgroundColor.match(/\d+/g) ?? []).map(
      Number,
    );
    return (red + green + blue) / 3;
  });

it('opens with its title and the four kinds of pages', () =>
  visit('/', {}, async (page) => {
    assert.equal(await page.title(), 'ws-linger');
    for (const kind of ['Start', 'How-to', 'Reference', 'Explanation'])
      assert.ok(await page.getByRole('heading', { name: kind, exact: true }).isVisible(), kind);
  }));

it('finds a page by a word, and opens it', () =>
  visit('/start.html', {}, async (page) => {
    await page.getByRole('button', { name: 'Search' }).first().click();
    await page.getByRole('searchbox').fill('kubernetes');
    await page.locator('.VPLocalSearchBox .result', { hasText: 'Running it' }).first().click();
    await page.waitForURL('**/recipes/running.html*');
    await page.getByRole('heading', { level: 1, name: 'Running it' }).waitFor();
  }));

it('is dark where the system is, and light where it is', async () => {
  await visit('/how-it-ends.html', { colorScheme: 'dark' }, async (page) => assert.ok((await lightness(page)) < 60));
  await visit('/how-it-ends.html', { colorScheme: 'light' }, async (page) => assert.ok((await lightness(page)) > 200));
});

it('draws its diagrams, whose text can be told from what is behind it, in the dark too', () =>
  visit('/how-it-ends.html', { colorScheme: 'dark' }, async (page) => {
    assert.equal(await page.locator('figure.diagram svg').count(), 3);
    const fill = await page
      .locator('figure.diagram text')
      .first()
      .evaluate((text) => getComputedStyle(text).fill);
    const parts = (fill.match(/[\d.]+/g) ?? []).slice(0, 3).map(Number);
    assert.ok(parts.reduce((sum, part) => sum + part, 0) / 3 > 150, fill);
  }));

for (const path of [
  '/',
  '/start.html',
  '/recipes/proxies.html',
  '/how-it-ends.html',
  '/vanished-peers.html',
  '/production.html',
]) {
  it(`${path} needs no scrolling to the side on a phone`, () =>
    visit(path, { width: PHONE }, async (page) => {
      assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= PHONE);
    }));
}
