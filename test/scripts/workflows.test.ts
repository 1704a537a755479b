// The rules of .github/workflows/ that `npm run lint` checks: each has a workflow that breaks it.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { ROOT } from '../support/child.js';

const { problemsOf } = require(join(ROOT, 'scripts', 'workflows', 'rules.js')) as {
  problemsOf(texts: Record<string, string>): string[];
};

const SECRET = `\${{ secrets.TOKEN }}`;
const SHA = '3d3c42e5aac5ba805825da76410c181273ba90b1';

const TEST = `
on:
  push:
  pull_request:
  workflow_call:
permissions: {}
jobs:
  test:
    strategy:
      matrix:
        os: [windows-latest, ubuntu-latest]
    runs-on: \${{ matrix.os }}
    permissions:
      contents: read
    steps:
      - uses: actions/checkout@${SHA} # v7.0.1
        with:
          persist-credentials: false
      - run: npm ci
      - run: node test.js --seed \${{ github.run_number }}
`;

const RELEASE = `
on:
  push:
    tags: ["v*"]
permissions: {}
jobs:
  test:
    uses: ./.github/workflows/test.yml
    permissions:
      contents: read
  pack:
    needs: test
    runs-on: ubuntu-latest
    permissions:
      contents: read
    steps:
      - run: npm run release:files
  stage:
    needs: [pack]
    runs-on: ubuntu-latest
    environment: npm
    permissions:
      id-token: write
    steps:
      - run: npm stage publish ./a.tgz --ignore-scripts --tag next
      - run: npx --yes npm@11.21.2 dist-tag add a latest
  files:
    needs: stage
    runs-on: ubuntu-latest
    environment: npm
    permissions:
      contents: write
    steps:
      - run: gh release create "$GITHUB_REF_NAME"
        env:
          GH_TOKEN: \${{ github.token }}
`;

/** What is wrong after a change of one of the two. */
function broken(name: 'test.yml' | 'release.yml', from: string, to: string): string[] {
  const texts = { 'test.yml': TEST, 'release.yml': RELEASE };
  assert.ok(texts[name].includes(from), `${name} has no ${from}`);
  return problemsOf({ ...texts, [name]: texts[name].replaceAll(from, to) });
}

const steps = (...added: string[]) => `    steps:\n${added.map((step) => `      - ${step}\n`).join('')}`;

/** Each breaks one rule: what is changed into what, and what is then said. */
const CASES: [what: string, ...change: Parameters<typeof broken>, said: RegExp][] = [
  ['an action by its tag', 'test.yml', `@${SHA} # v7.0.1`, '@v7', /line \d+: actions\/checkout@v7 is not pinned/],
  ['an action by a short SHA', 'test.yml', SHA, SHA.slice(0, 12), /is not pinned/],
  ['an action without its version beside it', 'test.yml', ' # v7.0.1', '', /is not pinned/],
  ['an action with half a version beside it', 'test.yml', '# v7.0.1', '# v7', /is not pinned/],
  ['arguments that PowerShell loses', 'test.yml', 'node test.js --seed', 'npm test -- --seed', /loses what follows --/],
  ['an image of Docker', 'test.yml', `actions/checkout@${SHA} # v7.0.1`, 'docker://node:24', /is not pinned/],
  [
    'two versions of one action',
    'release.yml',
    steps('run: npm run release:files'),
    steps(`uses: actions/checkout@${'0'.repeat(40)} # v1.0.0\n        with: { persist-credentials: false }`),
    /checkout has 2 versions/,
  ],
  ['permissions of all jobs', 'test.yml', 'permissions: {}', 'permissions: read-all', /of all jobs are not \{\}/],
  ['no permissions of all jobs, which is all of them', 'test.yml', 'permissions: {}\n', '', /of all jobs are not \{\}/],
  ['a job without permissions', 'test.yml', '    permissions:\n      contents: read\n', '', /test does not list/],
  [
    'a job with all permissions',
    'test.yml',
    '    permissions:\n      contents: read\n',
    '    permissions: write-all\n',
    /test does not list/,
  ],
  ['pull_request_target', 'test.yml', 'pull_request:', 'pull_request_target:', /pull_request_target gives strangers/],
  [
    'workflow_run',
    'test.yml',
    '  pull_request:\n',
    '  pull_request:\n  workflow_run:\n',
    /workflow_run gives strangers/,
  ],
  [
    'a job that may write and installs',
    'test.yml',
    'contents: read',
    'contents: write',
    /test may write, and runs code/,
  ],
  [
    'a job that may write and publishes with scripts',
    'release.yml',
    ' --ignore-scripts',
    '',
    /stage may write, and runs code/,
  ],
  ['a job that may write and runs any npm', 'release.yml', 'npm@11.21.2', 'npm@11', /stage may write, and runs code/],
  [
    'a job that may write and an action of a stranger',
    'release.yml',
    steps('run: npm stage publish ./a.tgz --ignore-scripts --tag next'),
    steps(`uses: stranger/action@${SHA} # v1.0.0`),
    /runs an action of stranger/,
  ],
  [
    'a token of all jobs',
    'test.yml',
    'permissions: {}\n',
    `permissions: {}\nenv:\n  TOKEN: ${SECRET}\n`,
    /env of all jobs has a token/,
  ],
  [
    'a token of a whole job',
    'test.yml',
    '    steps:\n',
    `    env:\n      TOKEN: ${SECRET}\n    steps:\n`,
    /test hands a token/,
  ],
  ['secrets that are inherited', 'release.yml', 'test.yml\n', 'test.yml\n    secrets: inherit\n', /test hands a token/],
  [
    'a token beside installed code',
    'test.yml',
    '- run: npm ci\n',
    `- run: npm ci\n        env:\n          TOKEN: ${SECRET}\n`,
    /test has a token, and runs code/,
  ],
  [
    'a checkout that keeps its token',
    'test.yml',
    'persist-credentials: false',
    'fetch-depth: 1',
    /leaves its token in \.git/,
  ],
  [
    'a command with a title in it',
    'test.yml',
    'github.run_number',
    'github.event.pull_request.title',
    /puts github\.event\.pull_request\.title into a command/,
  ],
  [
    'a step that may fail',
    'test.yml',
    '- run: npm ci\n',
    '- run: npm ci\n        continue-on-error: true\n',
    /test passes where a step fails/,
  ],
  ['a release without tests', 'release.yml', '    needs: test\n', '', /stage releases without needing test\.yml/],
  ['a release without Windows', 'test.yml', 'windows-latest, ', '', /stage releases without a test on Windows/],
  ['a release of a branch', 'release.yml', 'tags: ["v*"]', 'branches: [main]', /stage releases what is no tag/],
  [
    'a release by hand',
    'release.yml',
    '    tags: ["v*"]\n',
    '    tags: ["v*"]\n  workflow_dispatch:\n',
    /stage releases what is no tag/,
  ],
  [
    'a release of which nobody is asked',
    'release.yml',
    '    environment: npm\n',
    '',
    /stage releases without an environment/,
  ],
  [
    'a release whatever the tests say',
    'release.yml',
    '    needs: [pack]\n',
    '    needs: [pack]\n    if: always()\n',
    /stage of a release has a condition/,
  ],
];

describe('the workflows', () => {
  it('keep the rules', () => {
    const folder = join(ROOT, '.github', 'workflows');
    const names = readdirSync(folder);
    assert.ok(names.length >= 6);
    assert.deepEqual(
      problemsOf(Object.fromEntries(names.map((name) => [name, readFileSync(join(folder, name), 'utf8')]))),
      [],
    );
  });
});

describe('the rules of workflows', () => {
  it('allow what they should', () => {
    const texts = { 'test.yml': TEST, 'release.yml': RELEASE };
    assert.deepEqual(problemsOf(texts), []);
    const asOnWindows = Object.entries(texts).map(([name, text]) => [name, text.replaceAll('\n', '\r\n')]);
    assert.deepEqual(problemsOf(Object.fromEntries(asOnWindows)), []);
  });

  for (const [what, name, from, to, said] of CASES) {
    it(`refuse ${what}`, () => {
      const problems = broken(name, from, to);
      assert.ok(
        problems.some((problem) => said.test(problem)),
        `${problems}`,
      );
    });
  }
});
