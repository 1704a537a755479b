// Draws the blocks of the language `mermaid` as SVG when the site is built. GitHub draws the same text by itself.
import { renderMermaidSVG } from 'beautiful-mermaid';

/** Colours of the theme, so that a picture is light or dark as its page is. */
const COLORS = {
  bg: 'var(--vp-c-bg)',
  fg: 'var(--vp-c-text-1)',
  line: 'var(--vp-c-text-2)',
  accent: 'var(--vp-c-brand-1)',
  muted: 'var(--vp-c-text-2)',
  surface: 'var(--vp-c-bg-soft)',
  border: 'var(--vp-c-divider)',
};

export function svgOf(text) {
  return renderMermaidSVG(text, { ...COLORS, font: 'system-ui', transparent: true })
    .replace(/@import url\([^)]*\);?/g, '') // nothing is loaded from elsewhere
    .replace(/^ *text \{[^}]*\}/m, '') // the page has a font
    .replace(/^( *)svg \{/m, '$1.diagram > svg {')
    .replace(/\n\s*\n/g, '\n');
}

/** As part of an expression of Vue's, which would change a picture that is written into its template. */
const encoded = (svg) => encodeURIComponent(svg).replaceAll("'", '%27');

export function drawDiagrams(md) {
  const { fence } = md.renderer.rules;
  md.renderer.rules.fence = (tokens, index, ...rest) => {
    const { info, content } = tokens[index];
    return info.trim() === 'mermaid'
      ? `<figure class="diagram" v-html="decodeURIComponent('${encoded(svgOf(content))}')"></figure>\n`
      : fence(tokens, index, ...rest);
  };
}
