// Writes the result of each test as a line of JSON, for run.js.
import path from 'node:path';

export default async function* report(events) {
  const names = [];
  for await (const { type, data } of events) {
    // A file that fails as a whole is a test named by its path, on Windows with backslashes.
    if (type === 'test:start') names.splice(data.nesting, names.length, data.name.replace(/^.*[\\/]/, ''));
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    if (data.details?.type === 'suite' || data.skip !== undefined || data.todo !== undefined) continue;
    const file = path.basename(data.file ?? '');
    const name = [file, ...names.slice(0, data.nesting), data.name.replace(/^.*[\\/]/, '')].join(' > ');
    const error = data.details?.error?.cause?.stack ?? data.details?.error?.stack;
    yield `${JSON.stringify({ name, passed: type === 'test:pass', error })}\n`;
  }
}
