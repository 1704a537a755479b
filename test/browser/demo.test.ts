// `ws-linger demo` in Chromium. WS_LINGER_TEST_SERVER=windows runs its server on Windows Node under Wine.
// WS_LINGER_SCREENSHOTS names a folder for pictures of the page.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { CHROMIUM } from '../support/chromium.js';
import { type RunningDemo, startDemo } from '../support/demo.js';
import { until } from '../support/end.js';

const windows = process.env.WS_LINGER_TEST_SERVER === 'windows';
const pictures = process.env.WS_LINGER_SCREENSHOTS;
const COUNT = 4;

/** The texts of a row of the table. */
interface Row {
  connection: string;
  kind: string;
  origin: string;
  phase: string;
  code: string;
  took: string;
  plain: string;
}

describe(`the demo in Chromium, its server on ${windows ? 'Windows' : 'Linux'}`, () => {
  let demo: RunningDemo;
  let browser: Browser;
  let context: BrowserContext;
  /** A page that stays open while others are refreshed, closed and killed. */
  let watcher: Page;
  const opened: Page[] = [];
  /** Lines of the browsers' consoles, which must stay empty. */
  const consoleLines: string[] = [];

  before(async () => {
    demo = await startDemo({ windows });
    browser = await chromium.launch(CHROMIUM);
    context = await browser.newContext({ viewport: { width: 1200, height: 1000 } });
    watcher = await open(context);
    opened.length = 0;
  });
  after(async () => {
    await browser?.close();
    await demo?.stop();
  });
  afterEach(async () => {
    for (const page of opened.splice(0)) await page.close();
    await watcher.getByRole('button', { name: 'Abort all' }).click();
    await until('no connection is left', async () => (await held()) === '0/0');
    await clear();
    assert.deepEqual(consoleLines.splice(0), []);
  });

  async function open(where: BrowserContext, path = ''): Promise<Page> {
    const page = await where.newPage();
    opened.push(page);
    page.on('console', (message) => consoleLines.push(`${message.type()}: ${message.text()}`));
    page.on('pageerror', (error) => consoleLines.push(String(error.stack)));
    await page.goto(demo.url + path);
    await page.getByText('Connected', { exact: true }).waitFor();
    return page;
  }

  /** Opens connections in a page and waits until messages pass over all of them. */
  async function openConnections(page: Page, count = COUNT): Promise<void> {
    await page.getByLabel('Connections', { exact: true }).fill(String(count));
    await page.getByRole('button', { name: 'Open' }).click();
    await traffic(page, count);
  }

  async function traffic(page: Page, count = COUNT): Promise<void> {
    await page.getByText(new RegExp(`^${count} open to each server, [1-9]\\d* messages/s$`)).waitFor();
  }

  /** Reads the watcher's table, newest row first. */
  function rows(): Promise<Row[]> {
    return watcher.locator('#rows tr').evaluateAll((list) =>
      list.map((row) => {
        const text = (name: string) => row.querySelector(`[data-cell="${name}"]`)?.textContent?.trim() ?? '';
        return {
          connection: text('connection'),
          kind: row.querySelector('.kind')?.textContent ?? '',
          origin: text('origin'),
          phase: text('phase'),
          code: text('code'),
          took: text('took'),
          plain: text('plain'),
        };
      }),
    );
  }

  /** Waits until `count` connections have ended with ws-linger and their column of plain ws matches. */
  async function ended(count = COUNT, plain = /^\d/): Promise<Row[]> {
    let list: Row[] = [];
    await until(`${count} rows`, async () => {
      list = await rows();
      return list.length === count && list.every((row) => row.kind !== 'open' && plain.test(row.plain));
    });
    return list;
  }

  async function held(): Promise<string> {
    const [linger, plain] = ['held-linger', 'held-plain'].map((id) => watcher.locator(`#${id}`).textContent());
    return `${await linger}/${await plain}`;
  }

  async function clear(): Promise<void> {
    await watcher.getByRole('button', { name: 'Clear' }).click();
    await until('the table is empty', async () => (await rows()).length === 0);
  }

  /**
   * Checks connections whose browser left. It sends a close frame and closes its socket immediately. With unread input
   * the socket sends RST, which may overtake the close frame: Winsock then drops what was received, Linux keeps it. And
   * if the server has sent something after the browser left, its answer to the close frame fails.
   */
  function assertWentAway(list: Row[]): void {
    for (const { connection, kind, origin, code, plain } of list) {
      assert.match(connection, /^#\d+ browser$/);
      assert.match(
        `${kind} ${origin} ${code}`,
        /^(clean peer 1001|closed-without-handshake peer 1001|reset peer (1001|1006))$/,
      );
      assert.match(plain, /^(1001|1006)$/);
    }
  }

  it('shows the platform and control of its server', async () => {
    const how = windows ? 'win32, native' : 'linux, portable \\(linux has no native part\\)';
    await watcher.getByText(new RegExp(`Node v\\d+\\.\\d+\\.\\d+ on ${how}$`)).waitFor();
  });

  it('shows a page that is refreshed during traffic as gone away, and opens its connections again', async () => {
    const page = await open(context);
    await openConnections(page);
    await page.getByRole('button', { name: 'Refresh this page' }).click();
    assertWentAway(await ended());
    await traffic(page);
    assert.equal(await page.locator('#rows tr').count(), COUNT, 'the new page knows what happened to the old one');
    await page.close();
    assertWentAway(await ended(2 * COUNT));
  });

  it('shows a tab that is closed as gone away', async () => {
    const opener = await open(context);
    const [tab] = await Promise.all([
      context.waitForEvent('page'),
      opener.getByRole('link', { name: 'Second tab' }).click(),
    ]);
    await traffic(tab, 8);
    await tab.close();
    assertWentAway(await ended(8));
  });

  it('shows a page that is left for another as gone away', async () => {
    const page = await open(context);
    await openConnections(page);
    await page.getByRole('link', { name: 'Leave this page' }).click();
    await page.getByRole('heading', { name: 'Another page' }).waitFor();
    assertWentAway(await ended());
  });

  it('shows why a killed browser was lost, where plain ws has only 1006', async () => {
    const server = await chromium.launchServer({ ...CHROMIUM });
    const victim = await chromium.connect(server.wsEndpoint());
    await openConnections(await open(await victim.newContext()));
    process.kill(-(server.process().pid as number), 'SIGKILL'); // all processes, as in a power failure
    for (const { kind, origin, phase, code, plain } of await ended()) {
      // The kernel sends RST in place of FIN if input was unread.
      assert.match(kind, /^(closed-without-handshake|reset)$/);
      assert.deepEqual([origin, phase, code, plain], ['peer', 'open', '1006', '1006']);
    }
    await victim.close();
  });

  it('shows a browser that goes offline as timed-out, while plain ws keeps the connection', async () => {
    const other = await browser.newContext();
    const page = await open(other);
    await openConnections(page);
    await other.setOffline(true);
    for (const { kind, origin, phase, code, took } of await ended(COUNT, /^still open/)) {
      assert.deepEqual([kind, origin, phase, code], ['timed-out', 'network', 'open', '1006']);
      assert.match(took, /^\d+ ms, cut$/);
    }
    assert.equal(await held(), `0/${COUNT}`);
    await other.setOffline(false);
    await page.getByText('None open').waitFor(); // each pair had lost one connection
  });

  for (const [button, what, kind, code] of [
    ['Send RST', 'RST', 'reset', '1006'],
    ['Send FIN', 'FIN', 'closed-without-handshake', '1006'],
    ['Send half a frame', 'half a frame', 'closed-without-handshake', '1006'],
    ['Send a bad frame', 'bad frame', 'protocol-error', '1006, WS_ERR_INVALID_OPCODE'],
  ] as const) {
    it(`shows '${button}' as ${kind}`, async () => {
      await watcher.getByRole('button', { name: button }).click();
      const [row] = await ended(1);
      assert.match(row?.connection ?? '', new RegExp(`bare socket, ${what}$`));
      assert.deepEqual([row?.kind, row?.origin, row?.phase, row?.plain], [kind, 'peer', 'open', code]);
      // An end that plain ws explains by an error counts as explained.
      const counted = await Promise.all(
        ['explained', 'unexplained'].map((id) => watcher.locator(`#${id}`).textContent()),
      );
      assert.deepEqual(counted, ['1', code === '1006' ? '1' : '0']);
    });
  }

  it("shows how many bytes both servers delivered after 'Pause for 4 s'", async () => {
    await watcher.getByRole('button', { name: 'Pause for 4 s' }).click();
    const [row] = await ended(1, /^1001/);
    assert.deepEqual([row?.kind, row?.phase], ['close-timeout', 'handshake']);
    const got = 'bare socket, pausing received 8.0 MiB from ws-linger, 8.0 MiB from plain ws';
    await watcher.locator('[data-cell="connection"]', { hasText: got }).waitFor();
  });

  it("shows 'Stop reading' as close-timeout, while plain ws holds it", async () => {
    await watcher.getByRole('button', { name: 'Stop reading' }).click();
    const [row] = await ended(1, /^still open after \d/);
    assert.deepEqual([row?.kind, row?.origin, row?.phase], ['close-timeout', 'peer', 'handshake']);
    assert.match(row?.took ?? '', /^[2-5]\.\d s$/);
  });

  it('shows what ws-linger top shows, newly each second', async () => {
    const live = watcher.locator('#live');
    await watcher.getByRole('button', { name: 'Send RST' }).click();
    await watcher.locator('#live', { hasText: 'The peer reset the connection (ECONNRESET' }).waitFor();
    const textOf = async () => (await live.textContent()) ?? '';
    const lines = (await textOf()).split('\n');
    assert.match(lines[0] ?? '', /^ws-linger \d+\.\d+\.\d+, up /);
    for (const name of ['connections', 'ends', 'round trips', 'lingering', 'slow consumers', 'last ends'])
      assert.ok(
        lines.some((line) => line.startsWith(name)),
        name,
      );
    await until('there is a newer one', async () => !(await textOf()).startsWith(lines[0] as string));
  });

  it('announces an end to screen readers once, even if plain ws ends later', async () => {
    await watcher.evaluate(`
      globalThis.announced = [];
      const region = document.getElementById('announcement');
      new MutationObserver(() => announced.push(region.textContent)).observe(region, { childList: true });
    `);
    await watcher.getByRole('button', { name: 'Stop reading' }).click();
    await ended(1, /^still open/);
    await watcher.getByRole('button', { name: 'Abort all' }).click();
    await ended(1);
    assert.deepEqual(await watcher.evaluate('announced'), ['Ended: 1 close-timeout, by peer']);
  });

  it('shows connections that the servers or the page itself close or abort', async () => {
    const page = await open(context);
    for (const [button, kind, origin, code, took] of [
      ['Close all', 'clean', 'local', '1000', /^\d+ ms$/],
      ['Abort all', 'local-abort', 'local', '1006', /^\d+ ms, cut by RST$/],
      ['Close', 'clean', 'peer', '1000', /^\d+ ms$/],
    ] as const) {
      await openConnections(page);
      await page.getByRole('button', { name: button, exact: true }).click();
      for (const row of await ended()) {
        assert.deepEqual([row.kind, row.origin, row.code, row.plain], [kind, origin, code, code], button);
        assert.match(row.took, took);
      }
      await page.getByText('None open').waitFor();
      await clear();
    }
  });

  it('can be used by keyboard, and with a screen reader', async () => {
    const page = await open(context);
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate('document.activeElement.textContent'), 'Skip to the disconnects');
    const reached: string[] = [];
    for (let i = 0; i < 16; i++) {
      await page.keyboard.press('Tab');
      reached.push(
        String(await page.evaluate('document.activeElement.id || document.activeElement.textContent.trim()')),
      );
      if (reached.at(-1) === 'Send RST') await page.keyboard.press('Enter');
    }
    const inOrder = ['count', 'open', 'close', 'refresh', 'Leave this page', 'Second tab, to close', 'Send RST'];
    assert.deepEqual(reached.slice(0, inOrder.length), inOrder);
    assert.ok(reached.includes('Clear'));
    await ended(1);
    await page.getByRole('status').filter({ hasText: 'Ended: 1 reset, by peer' }).waitFor({ state: 'attached' });
    await page.getByRole('img', { name: /^Ends in the last 90 seconds: reset 1, plain ws: 1006 1$/ }).waitFor();
    const table = page.getByRole('table', { name: 'Disconnects' });
    assert.deepEqual(await table.getByRole('columnheader').allTextContents(), [
      'Time',
      'Connection',
      'Kind',
      'Origin',
      'Phase',
      'Code',
      'Took',
      'Plain ws reports',
    ]);
    await page.setViewportSize({ width: 360, height: 740 });
    assert.equal(await table.getByRole('row').count(), 2, 'cards on a phone are still rows');
  });

  for (const [look, colorScheme, width, height] of [
    ['light', 'light', 1200, 1000],
    ['dark', 'dark', 1200, 1000],
    ['phone', 'light', 360, 740],
  ] as const) {
    it(`fits its window with readable contrast: ${look}`, async () => {
      const other = await browser.newContext({ colorScheme, viewport: { width, height } });
      const page = await open(other);
      await openConnections(page);
      for (const name of ['Send RST', 'Send FIN', 'Send a bad frame']) {
        await page.getByRole('button', { name }).click();
      }
      await ended(3);
      if (pictures) await page.screenshot({ path: join(pictures, `${look}.png`), fullPage: look === 'phone' });
      const [wider, [card, ink, muted]] = (await page.evaluate(`[
        document.documentElement.scrollWidth - innerWidth,
        ['--card', '--ink', '--muted'].map((name) => getComputedStyle(document.documentElement).getPropertyValue(name)),
      ]`)) as [number, [string, string, string]];
      assert.ok(wider <= 0, `${wider} px are beyond the right edge`);
      assert.equal(luminance(card) < 0.5, colorScheme === 'dark');
      for (const text of [ink, muted]) assert.ok(contrast(text, card) >= 4.5, `${text} on ${card}`);
    });
  }
});

/** WCAG 2.2: relative luminance and contrast of colours such as #fff and #1b2027. */
function luminance(color: string): number {
  const hex = color.trim().replace(/^#(.)(.)(.)$/, '#$1$1$2$2$3$3');
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((i) => {
    const share = Number.parseInt(hex.slice(i, i + 2), 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one: string, other: string): number {
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}
