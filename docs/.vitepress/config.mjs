// The site that `npm run docs:build` makes of docs/.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { drawDiagrams } from './diagrams.mjs';
import { linkToRepository } from './repository-links.mjs';

const docs = fileURLToPath(new URL('..', import.meta.url));
const { version, description, repository } = JSON.parse(readFileSync(join(docs, '..', 'package.json'), 'utf8'));
const address = repository?.url?.replace(/^git\+/, '').replace(/\.git$/, '');
const base = process.env.DOCS_BASE ?? '/';

/** The name of a heading in links, as GitHub makes it: the same links work there and on the site. */
const slugify = (heading) =>
  heading
    .toLowerCase()
    .replace(/[^\w\s-]/g, '')
    .replace(/\s/g, '-');

const page = (text, link) => ({ text, link });
const titleOf = (file) => /^# (.+)$/m.exec(readFileSync(join(docs, file), 'utf8'))?.[1] ?? file;

/** A page for each entry point, as typedoc has made them. */
function reference() {
  const files = readdirSync(join(docs, 'api', 'pages'), { recursive: true }).filter((file) => file.endsWith('.md'));
  const entries = files.filter((file) => file !== 'index.md').sort();
  return entries.map((file) => page(titleOf(`api/pages/${file}`), `/api/pages/${file.replace(/\.md$/, '')}`));
}

const SIDEBAR = [
  {
    text: 'Start',
    items: [
      page('Ten minutes', '/start'),
      page('Installing', '/install'),
      page('What it adds to ws', '/additions'),
      page('Migrating from ws', '/migrating-from-ws'),
    ],
  },
  {
    text: 'How-to',
    items: [
      page('Proxies and balancers', '/recipes/proxies'),
      page('Running it', '/recipes/running'),
      page('Servers', '/recipes/servers'),
      page('Clients and devices', '/recipes/clients'),
      page('Tests', '/recipes/tests'),
      page('Production checklist', '/production'),
      page('Overrides', '/overrides'),
      page('Questions', '/faq'),
    ],
  },
  {
    text: 'Reference',
    items: [
      { text: 'API', link: '/api/pages/', collapsed: true, items: reference() },
      page('Commands', '/cli'),
      page('Every end', '/ends'),
      page('Error codes', '/errors'),
      page('Logs, metrics and events', '/observability'),
      page('Metrics and channels', '/metrics'),
      page('Runtimes', '/runtimes'),
      page('Windows: values', '/windows-values'),
      page('Every fault', '/faults'),
      page('What crashes a process', '/survival'),
      page('Attacks', '/attacks'),
      {
        text: 'Benchmarks',
        link: '/benchmarks',
        collapsed: true,
        items: [
          page('How they are measured', '/benchmarks/method'),
          page('Closing dead peers', '/benchmarks/bounded-close'),
          page('Draining a server', '/benchmarks/drain'),
          page('While all is well', '/benchmarks/cost'),
          page('Resets', '/benchmarks/reset'),
          page('Noticing an end', '/benchmarks/detection'),
          page('A storm of resets', '/benchmarks/storm'),
          page('Growth', '/benchmarks/growth'),
          page('Finding the SOCKET', '/benchmarks/lookup'),
          page('Watching', '/benchmarks/watching'),
        ],
      },
    ],
  },
  {
    text: 'Explanation',
    items: [
      page('How a connection ends', '/how-it-ends'),
      page('Why did I get 1006?', '/why-1006'),
      page('Vanished peers', '/vanished-peers'),
      page('Windows', '/windows'),
      page('What is shown of Windows', '/windows-proof'),
      page('Security', '/security'),
    ],
  },
];

export default {
  base,
  title: 'ws-linger',
  description,
  lang: 'en',
  head: [['link', { rel: 'icon', href: `${base}icon.svg` }]],
  cleanUrls: false,
  lastUpdated: false,
  markdown: {
    anchor: { slugify },
    config(md) {
      drawDiagrams(md);
      linkToRepository(md, address && `${address}/blob/v${version}`);
    },
  },
  themeConfig: {
    search: { provider: 'local' },
    outline: { level: [2, 3] },
    nav: [
      page('Start', '/start'),
      page('How-to', '/recipes/proxies'),
      page('Reference', '/api/pages/'),
      page('Explanation', '/how-it-ends'),
      // Where several versions are published, their list is one folder up: .github/workflows/docs.yml.
      base === '/' ? page(version, '/') : { text: version, link: '/../index.html', target: '_self' },
    ],
    sidebar: SIDEBAR,
    ...(address ? { socialLinks: [{ icon: 'github', link: address }] } : {}),
  },
};
