// The report of `ws-linger stability` in Chromium: it loads nothing and cuts nothing off, in light and dark, on a phone
// and on paper. WS_LINGER_SCREENSHOTS names a folder for pictures of it.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import { CLI } from '../support/child.js';
import { CHROMIUM } from '../support/chromium.js';

const pictures = process.env.WS_LINGER_SCREENSHOTS;
const folder = mkdtempSync(join(tmpdir(), 'ws-linger-report-'));
const compared = join(folder, 'compared.html');
const soaked = join(folder, 'soaked.html');

let browser: Browser;

before(async () => {
  const run = (...args: string[]) => execFileSync(process.execPath, [CLI, 'stability', '--json', ...args]);
  const mix = 'clean=1,rst=2,fin=1,cut=1,stall=1,kill=1,pause=1,cutoff=1';
  run('--compare', 'plain', '--connections', '45', '--mix', mix, '--timeout', '8000', '--report', compared);
  run('--duration', '2s', '--connections', '20', '--mix', 'clean,rst', '--report', soaked);
  browser = await chromium.launch(CHROMIUM);
});
after(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true });
});

async function open(file: string, colorScheme: 'light' | 'dark', width: number): Promise<Page> {
  const page = await browser.newPage({ colorScheme, viewport: { width, height: 900 } });
  const consoleLines: string[] = [];
  const requested: string[] = [];
  page.on('console', (message) => consoleLines.push(message.text()));
  page.on('pageerror', (error) => consoleLines.push(String(error)));
  page.on('request', (request) => requested.push(request.url()));
  await page.goto(pathToFileURL(file).href);
  assert.deepEqual(consoleLines, []);
  assert.deepEqual(requested, [pathToFileURL(file).href]);
  if (pictures) {
    const name = `report-${file === compared ? 'compared' : 'soaked'}-${colorScheme}-${width}.png`;
    await page.screenshot({ path: join(pictures, name), fullPage: true });
  }
  return page;
}

/** Returns the lightness of a colour of the page, from 0 to 255. */
async function lightness(page: Page, property: 'color' | 'background-color'): Promise<number> {
  const color = await page.evaluate((name) => getComputedStyle(document.body).getPropertyValue(name), property);
  const parts = [...color.matchAll(/\d+/g)].slice(0, 3).map(Number);
  return parts.reduce((sum, part) => sum + part, 0) / 3;
}

for (const [name, file, width] of [
  ['beside plain ws, on a wide screen', () => compared, 1280],
  ['beside plain ws, on a phone', () => compared, 360],
  ['of a long run, on a wide screen', () => soaked, 1280],
  ['of a long run, on a phone', () => soaked, 360],
] as const) {
  it(`a report ${name} shows everything inside its window, in light and dark`, async () => {
    for (const scheme of ['light', 'dark'] as const) {
      const page = await open(file(), scheme, width);
      const [wide, window] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
      assert.ok((wide ?? 0) <= (window ?? 0), `${wide} of ${window}`);
      // Every label is inside its chart, and no two labels of an axis overlap.
      const cut = await page.evaluate(() =>
        Array.from(document.querySelectorAll('svg')).flatMap((svg) => {
          const frame = svg.getBoundingClientRect();
          const texts = Array.from(svg.querySelectorAll('text')).map((text) => ({
            text: text.textContent,
            box: text.getBoundingClientRect(),
          }));
          return texts.flatMap(({ text, box }, i) => {
            const inside = box.left >= frame.left - 1 && box.right <= frame.right + 1 && box.top >= frame.top - 1;
            const over = texts.find(
              (other, j) =>
                j > i &&
                Math.min(box.right, other.box.right) - Math.max(box.left, other.box.left) > 1 &&
                Math.min(box.bottom, other.box.bottom) - Math.max(box.top, other.box.top) > box.height / 2,
            );
            return inside && !over ? [] : [`${svg.getAttribute('aria-label')}: ${text} ${over?.text ?? 'is cut off'}`];
          });
        }),
      );
      assert.deepEqual(cut, []);
      const [ink, paper] = [await lightness(page, 'color'), await lightness(page, 'background-color')];
      assert.ok(scheme === 'light' ? paper - ink > 180 : ink - paper > 180, `${ink} on ${paper}`);
      await page.close();
    }
  });
}

it('a report shows both verdicts, the kinds of both sides and the problems', async () => {
  const page = await open(compared, 'light', 1280);
  const headings = await page.getByRole('heading', { level: 2 }).allInnerTexts();
  assert.match(headings[0] ?? '', /ws-linger, (native|portable)\s+PASS/i);
  assert.match(headings[1] ?? '', /plain ws\s+FAIL/i);
  assert.equal(await page.getByRole('img', { name: 'Ends by kind, reported by the server' }).count(), 2);
  assert.ok((await page.locator('svg .bar.bad').count()) > 0);
  assert.match(
    (await page.getByRole('heading', { name: 'Problems' }).locator('..').textContent()) ?? '',
    /reported 1006/,
  );
  // The same sections are at the same height.
  const tops = await page
    .getByRole('heading', { name: 'Timeline' })
    .evaluateAll((all) => all.map((one) => one.getBoundingClientRect().top));
  assert.equal(tops.length, 2);
  assert.equal(tops[0], tops[1]);
});

it('a report is printed in black on white, even from a dark screen', async () => {
  const page = await open(soaked, 'dark', 1280);
  await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
  assert.equal(await lightness(page, 'background-color'), 255);
  assert.equal(await lightness(page, 'color'), 0);
  assert.ok((await page.pdf({ format: 'A4' })).length > 10_000);
});
