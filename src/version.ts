/** This package's version, as in package.json, which bundlers leave out. */
export const VERSION = '8.0.0';
