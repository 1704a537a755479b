#!/usr/bin/env node

// Part of `npm run lint`: the spelling and the wording of README, CONTRIBUTING, SECURITY, the changelog, docs/, and the messages of the commands.
// scripts/prose/ has the words of the field, and those that are not to be used.

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { root } = require('./steps.js');
const PHRASES = require('./prose/phrases.js');

const filesIn = (folder, ending) =>
  fs
    .readdirSync(path.join(root, folder), { recursive: true })
    .map((file) => path.join(folder, file))
    .filter((file) => file.endsWith(ending) && !/(^|[\\/])(pages|dist|cache|node_modules)[\\/]/.test(file));

const PAGES = ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md', ...filesIn('docs', '.md')];
/** Their strings are messages. */
const COMMANDS = filesIn(path.join('src', 'tools'), '.ts');

const blank = (text) => text.replace(/[^\n]/g, ' ');

/** The prose of a page, in its place: without code, links' targets and HTML. */
const proseOf = (text) => text.replace(/```[\s\S]*?```|`[^`\n]*`|\]\([^)]*\)|https?:\S+|<[^>]+>/g, blank);

/** What the code of a command may print: its strings, in their places. */
function messagesOf(text) {
  let end = 0;
  let messages = '';
  for (const { 0: string, index } of text.matchAll(/'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`/g)) {
    messages += blank(text.slice(end, index)) + string;
    end = index + string.length;
  }
  return messages;
}

function wrongPhrases(file, prose) {
  return prose.split('\n').flatMap((line, at) =>
    PHRASES.flatMap(([phrase, instead]) => {
      const found = phrase.exec(line)?.[0];
      return found ? [`${file}:${at + 1}: "${found}": ${instead}`] : [];
    }),
  );
}

function misspelt(files) {
  const cspell = path.join(root, 'node_modules', 'cspell', 'bin.mjs');
  const args = [cspell, 'lint', '--no-progress', '--no-summary', '--no-must-find-files', '--unique', ...files];
  const { stdout, stderr, status } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' });
  const lines = `${stdout}${stderr}`.trim().split('\n').filter(Boolean);
  return status !== 0 && lines.length === 0 ? [`cspell ended with ${status}`] : lines;
}

const read = (file) => fs.readFileSync(path.join(root, file), 'utf8');
const problems = [
  ...PAGES.flatMap((file) => wrongPhrases(file, proseOf(read(file)))),
  ...COMMANDS.flatMap((file) => wrongPhrases(file, messagesOf(read(file)))),
  ...misspelt([...PAGES, ...COMMANDS]),
];
for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exitCode = 1;
