/** Debian's Chromium with a debugging port. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { CHROMIUM } from '../../support/chromium.js';
import type { ServingPeer } from './peer.js';

export async function chromium(): Promise<ServingPeer> {
  const profile = mkdtempSync(join(tmpdir(), 'chromium-'));
  const args = ['--headless', ...CHROMIUM.args, '--remote-debugging-port=0', `--user-data-dir=${profile}`];
  const browser = spawn(CHROMIUM.executablePath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = once(browser, 'close');
  for await (const line of createInterface({ input: browser.stderr })) {
    const [, port, path] = /^DevTools listening on ws:\/\/[^:]+:(\d+)(\S+)/.exec(line) ?? [];
    if (!port) continue;
    browser.stderr.resume();
    return {
      port: Number(port),
      path,
      async close() {
        browser.kill();
        await ended;
        rmSync(profile, { recursive: true, force: true, maxRetries: 10 });
      },
    };
  }
  throw new Error('Chromium ended before it listened');
}
