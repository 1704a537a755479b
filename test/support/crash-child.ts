// node crash-child.js LIBRARY INDEX: runs one entry of crashes.ts. Prints each log line as JSON, and `survived` at the
// end.
import { CRASHES, type Library } from './crashes.js';

const [, , library, index] = process.argv;
const ws = require(library as string) as Library;
const print = (fields: object) => console.log(JSON.stringify(fields));

CRASHES[Number(index)]?.act(ws, { closeTimeout: 500, logger: { debug: print, warn: print } }).then(() => {
  console.log('survived');
  process.exit(0);
});
