// Keeps the figures of the last run of each question and platform in bench/results.

const fs = require('node:fs');
const path = require('node:path');

const folder = path.join(__dirname, '..', 'results');

function keep(result) {
  fs.mkdirSync(folder, { recursive: true });
  const file = path.join(folder, `${result.name}.${result.platform}.json`);
  fs.writeFileSync(file, `${JSON.stringify(result, null, 1)}\n`);
}

/** The kept results of a question, one for each platform. */
function kept(name) {
  if (!fs.existsSync(folder)) return [];
  return fs
    .readdirSync(folder)
    .filter((file) => file.startsWith(`${name}.`) && file.endsWith('.json'))
    .sort()
    .map((file) => JSON.parse(fs.readFileSync(path.join(folder, file), 'utf8')));
}

module.exports = { keep, kept };
