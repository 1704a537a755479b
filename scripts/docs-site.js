#!/usr/bin/env node

// npm run docs:build: makes the site of docs/ in docs/.vitepress/dist/, with the reference that typedoc makes of src/. A link that
// leads nowhere fails it. DOCS_BASE is the path that the site has on its server ('/' by default).

const fs = require('node:fs');
const path = require('node:path');
const { root, runNode } = require('./steps.js');

const run = (...args) => {
  if (runNode(args) !== 0) process.exit(1);
};

const reference = path.join('docs', 'api', 'pages');
fs.rmSync(path.join(root, reference), { recursive: true, force: true });
run(
  path.join('node_modules', 'typedoc', 'bin', 'typedoc'),
  ...['--options', path.join('docs', 'api', 'typedoc.json'), '--logLevel', 'Warn'],
  ...['--plugin', 'typedoc-plugin-markdown', '--out', reference],
  ...['--outputFileStrategy', 'modules', '--entryFileName', 'index', '--hideBreadcrumbs', '--hidePageHeader'],
);
run(path.join('node_modules', 'vitepress', 'bin', 'vitepress.js'), 'build', 'docs');
