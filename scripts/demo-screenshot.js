#!/usr/bin/env node

// Makes docs/demo.png, the picture in the README: runs the demo in Chromium for a minute, with several kinds of ends.

const { spawn } = require('node:child_process');
const path = require('node:path');
const { setTimeout: delay } = require('node:timers/promises');
const { chromium } = require('playwright-core');
const { root } = require('./steps.js');

const options = {
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu'],
};

async function main() {
  const demo = spawn(process.execPath, ['dist/tools/cli/main.js', 'demo', '--port', '0'], { cwd: root });
  const url = await new Promise((resolve) => {
    demo.stdout.on('data', (chunk) => resolve(/http:\S+/.exec(chunk)[0]));
  });
  const browser = await chromium.launch(options);
  const page = await browser.newPage({ viewport: { width: 1100, height: 1500 } });
  await page.goto(url);
  const press = (name) => page.getByRole('button', { name, exact: true }).click();

  /** Opens that many connections from a page of another browser or context. */
  const opened = async (where, count) => {
    const other = await where.newPage();
    await other.goto(`${url}?open=${count}`);
    await other.getByText(new RegExp(`^${count} open`)).waitFor();
  };

  await page.getByLabel('Connections', { exact: true }).fill('6');
  await press('Open');
  for (const name of ['Refresh this page', 'Send RST', 'Send FIN', 'Stop reading']) {
    await delay(6_000);
    await press(name);
  }
  await delay(4_000);
  const doomed = await chromium.launchServer(options);
  await opened(await chromium.connect(doomed.wsEndpoint()), 5);
  await delay(5_000);
  process.kill(-doomed.process().pid, 'SIGKILL');
  await delay(5_000);
  await press('Send a bad frame');
  const offline = await browser.newContext();
  await opened(offline, 3);
  await delay(3_000);
  await offline.setOffline(true);
  await delay(13_000);
  await page.mouse.move(0, 0);
  await page.screenshot({ path: path.join(root, 'docs', 'demo.png') });
  await browser.close();
  demo.kill();
}

main();
