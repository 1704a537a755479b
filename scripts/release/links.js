// The links of a page in Markdown.

/** A link or an image: what stands in the parentheses. */
const LINK = /(?<=\]\()[^)\s]+(?=\))/g;

/** Where a page's links lead, in their order. */
const linksOf = (text) => text.match(LINK) ?? [];

/** The text with each link replaced by what `change` makes of it. */
const withLinks = (text, change) => text.replaceAll(LINK, change);

module.exports = { linksOf, withLinks };
