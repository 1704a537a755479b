// The API reference is complete: typedoc finds a comment on each export and option, and no export is missing.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { ROOT } from '../support/child.js';

const read = (...path: string[]) => readFileSync(join(ROOT, ...path), 'utf8');

it('every export and every option has a description', () => {
  const typedoc = join(ROOT, 'node_modules', 'typedoc', 'bin', 'typedoc');
  execFileSync(process.execPath, [typedoc, '--options', join('docs', 'api', 'typedoc.json'), '--emit', 'none'], {
    cwd: ROOT,
    stdio: 'inherit',
  });
});

it("every type of the package is ws's or in the reference", () => {
  const types = [...read('dist', 'types', 'index.d.mts').matchAll(/^export import (\w+)/gm)].map(
    ([, name]) => name as string,
  );
  const upstream = read('node_modules', '@types', 'ws-upstream', 'index.d.ts');
  const documented = read('src', 'additions.ts');
  assert.ok(types.length > 20);
  for (const name of types) {
    const ofWs = new RegExp(`\\b(?:class|interface|type|function|const) ${name}\\b`).test(upstream);
    assert.ok(ofWs || new RegExp(`\\b${name}\\b`).test(documented), name);
  }
});

it('every entry point of the package is in the reference', () => {
  const { exports } = JSON.parse(read('package.json'));
  const { entryPoints } = JSON.parse(read('docs', 'api', 'typedoc.json'));
  const paths = Object.keys(exports).filter((path) => path !== './package.json');
  assert.equal(entryPoints.length, paths.length, `${paths}`);
});
