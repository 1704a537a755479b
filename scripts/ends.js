#!/usr/bin/env node

// npm run ends [-- --check]: writes docs/ends.md: every combination of kind, origin, phase and `by` that test/support/ends.ts reaches
// in the source, under the sentence of each, with the advice of scripts/end-advice.js.

const { writePage } = require('./generated-page.js');
const SECTIONS = require('./end-advice.js');
const { CLOSE_KINDS, CLOSE_POLICIES } = require('../dist/close-info.js');
const { CLOSE_SENTENCES } = require('../dist/close-sentence.js');
const { allEnds, fullSentence } = require('../dist-test/support/ends.js');

const PHASES = ['opening', 'open', 'handshake', 'fin'];
const ends = allEnds();
for (const kind of CLOSE_KINDS)
  if (!ends.some((end) => end.kind === kind)) throw new Error(`no end in test/support/ends.ts has the kind ${kind}`);
const sentences = SECTIONS.flatMap((section) => Object.keys(section.sentences));
for (const sentence of CLOSE_SENTENCES)
  if (!sentences.includes(sentence)) throw new Error(`scripts/end-advice.js says nothing of "${sentence}"`);
for (const sentence of sentences)
  if (!CLOSE_SENTENCES.includes(sentence)) throw new Error(`scripts/end-advice.js: nothing says "${sentence}"`);

/** As GitHub and the site name a heading. */
const anchor = (heading) =>
  heading
    .toLowerCase()
    .replace(/[^\w\s-]/g, '')
    .replace(/\s/g, '-');
const link = (sentence) => `[${sentence}](#${anchor(sentence)})`;

function groupBy(items, keyOf) {
  const groups = new Map();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return [...groups.values()];
}

const policies = (group) =>
  [null, ...CLOSE_POLICIES]
    .filter((policy) => group.some(({ by }) => by === policy))
    .map((policy) => (policy ? `\`${policy}\`` : '–'))
    .join(', ');
const phases = (group) => PHASES.filter((phase) => group.some((end) => end.phase === phase)).join(', ');

/** A row for each kind, origin and set of rules, with all its phases. */
function rowsOf(sentence) {
  const found = ends.filter((end) => end.sentence === sentence);
  const byKind = groupBy(found, ({ kind, origin }) => `${CLOSE_KINDS.indexOf(kind)} ${origin}`);
  return byKind.flatMap((group) => {
    const byPhase = groupBy(group, ({ phase }) => phase);
    return groupBy(byPhase, (same) => `${policies(same)} ${same[0].expected}`).map((same) => {
      const [{ kind, origin, expected }] = same[0];
      const all = same.flat();
      return `| \`${kind}\` | ${origin} | ${phases(all)} | ${policies(all)} | ${expected ? 'debug' : 'warn'} |`;
    });
  });
}

function tableOf(sentence) {
  const rows = rowsOf(sentence);
  if (rows.length === 0) return '';
  return `
| kind | origin | phase | by | log |
| --- | --- | --- | --- | --- |
${rows.join('\n')}
`;
}

const entry = ([sentence, { cause, advice }]) => `### ${sentence}

- **Usual cause:** ${cause}
- **What to do:** ${advice}
${tableOf(sentence)}`;

/** The rules that close connections which then end in any way. */
const CLOSING_RULES = ['drain', 'max-age'];

const kinds = CLOSE_KINDS.map((kind) => {
  const own = ends.filter((end) => end.kind === kind && !CLOSING_RULES.includes(end.by));
  const said = sentences.filter((sentence) => own.some((end) => end.sentence === sentence));
  return `| \`${kind}\` | ${said.map(link).join('<br>')} |`;
});

const text = `# Every end

What \`closeInfo\` can say of the end of a connection: ${ends.length} combinations of kind, origin, phase and \`by\`, and the sentence of each. \`npm run ends\` generates this page
from the source.

\`closeSentence(info)\` returns the sentence; the log has it, too. Details follow in parentheses: the close code and reason of the peer, the error, whether the server was
drained, how long the connection was open and silent, and what was dropped. With all of them:

> ${fullSentence()}

## By kind

A connection that a drain or \`maxAge\` has closed can end as most of these kinds. It has the sentence of that rule: ${link('A drain of this server closed the connection')}, or
${link('The connection was closed, since it had reached its maximum age')}. All others:

| kind | sentences |
| --- | --- |
${kinds.join('\n')}

## How to read the tables

- **origin** is who ended the connection. \`network\` is what lies between, the local TCP stack included, or nobody that is known.
- **phase** is where the connection stood when its end began: \`opening\`, \`open\`, \`handshake\` from the first close frame until both have crossed, \`fin\` until TCP is closed.
- **by** is the rule that ended it, or – for none. \`drain\` is also the rule of each end without another one while the server is drained.
- **log** is the level of its line.

${SECTIONS.map(({ title, sentences }) => `## ${title}\n\n${Object.entries(sentences).map(entry).join('\n')}`).join('\n')}`;

writePage('ends.md', text, 'npm run ends');
