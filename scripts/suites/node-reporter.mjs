// Writes what became of each test to the file that `run.js` reads, one JSON object a line.
import path from 'node:path';

export default async function* report(events) {
  const names = [];
  for await (const { type, data } of events) {
    // Backslashes, too: a file that breaks is a test of that name.
    if (type === 'test:start') names.splice(data.nesting, names.length, data.name.replace(/^.*[\\/]/, ''));
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    if (data.details?.type === 'suite' || data.skip !== undefined || data.todo !== undefined) continue;
    const file = path.basename(data.file ?? '');
    const name = [file, ...names.slice(0, data.nesting), data.name.replace(/^.*[\\/]/, '')].join(' > ');
    const error = data.details?.error?.cause?.stack ?? data.details?.error?.stack;
    yield `${JSON.stringify({ name, passed: type === 'test:pass', error })}\n`;
  }
}
