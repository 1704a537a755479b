// puppeteer-core with a page that runs a script.
const puppeteer = require('puppeteer-core');

exports.start = async ({ port, path, log }) => {
  const browser = await puppeteer.connect({ browserWSEndpoint: `ws://127.0.0.1:${port}${path}` });
  browser.on('disconnected', () => log('disconnected'));
  const page = await browser.newPage();
  page.on('console', (message) => log('console', message.text()));
  page.on('close', () => log('page closed'));
  await page.evaluate(() => console.log('hello'));
  // It runs until the connection ends.
  page.evaluate(() => new Promise(() => {})).catch((error) => log('rejected', error));
  log('up');
  return {
    send: async (text) => {
      page.evaluate((text) => text.length, text).catch((error) => log('rejected', error));
    },
    shutdown: () => browser.disconnect(),
  };
};
