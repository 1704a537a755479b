// Links of the pages to files outside of docs/ lead to the repository, at the tag of this version. While the repository has no
// address they are plain text.
import { posix } from 'node:path';

/** Where a page's link leads in the repository, or null if it is no file outside of docs/. */
export function outside(page, href) {
  if (/^([a-z]+:|#|\/)/i.test(href)) return null;
  const target = posix.join('docs', posix.dirname(page), href);
  return target.startsWith('docs/') ? null : target;
}

export function linkToRepository(md, address) {
  md.core.ruler.push('repository-links', ({ tokens, env }) => {
    for (const { children } of tokens) {
      let dropped = false;
      for (const token of children ?? []) {
        const href = token.type === 'link_open' ? outside(env.relativePath, token.attrGet('href')) : null;
        if (href && address) token.attrSet('href', `${address}/${href}`);
        if (href && !address) dropped = true;
        if (dropped && /^link_(open|close)$/.test(token.type)) {
          dropped = token.type === 'link_open';
          Object.assign(token, { type: 'text', tag: '', nesting: 0, content: '', attrs: null });
        }
      }
    }
  });
}
