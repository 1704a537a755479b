// docs/cli.md names what `ws-linger stability` takes.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { PROFILE_SETTINGS, PROFILES } from '../../dist/tools/stability/profiles.js';
import { parseThresholds, THRESHOLDS } from '../../dist/tools/stability/thresholds.js';
import { ROOT } from '../support/child.js';

const page = readFileSync(join(ROOT, 'docs', 'cli.md'), 'utf8');

describe('docs/cli.md', () => {
  for (const profile of PROFILES) {
    it(`has the settings of the profile ${profile}`, () => {
      const { mix, messages, reconnect } = PROFILE_SETTINGS[profile].settings;
      const list = Object.entries(mix).map(([scenario, weight]) => `${scenario}=${weight}`);
      assert.ok(page.includes(`| \`${profile}\` | \`${list.join(',')}\` | ${messages} | ${reconnect} |`), profile);
    });
  }

  it('names each threshold', () => {
    for (const name of THRESHOLDS) assert.match(page, new RegExp(`\`${name}\``), name);
  });

  it('has an example of thresholds that is taken', () => {
    const [, example = ''] = /```json\n(\{\n {2}"failedConnections[^`]+)```/.exec(page) ?? [];
    assert.ok(parseThresholds(example, { scenarios: ['rst'], memory: true }).scenarios);
  });
});
