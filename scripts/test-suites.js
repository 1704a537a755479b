#!/usr/bin/env node

// npm run test:suites [-- --linux | --windows] [--ws VERSION] [--ws-source PATH] [--keep] [NAME…]
//
// Runs the test suites of ws and of packages that use it twice, with plain ws and with the packed ws-linger in its place, and
// compares the results (ten minutes for all). suites/list.js lists the suites; a NAME picks some of them. ws's own tests are those of
// the installed ws, from --ws-source (a folder or git repository), GitHub or Debian. Fails when ws-linger fails a test that plain
// ws passes; with CI=true also when a suite or a platform cannot run.

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const Table = require('cli-table3');
const { Command, Option } = require('commander');
const { compare } = require('./suites/compare.js');
const SUITES = require('./suites/list.js');
const { makeProject } = require('./suites/project.js');
const { runSuite } = require('./suites/run.js');
const { findWsSource } = require('./suites/ws-source.js');
const { root } = require('./steps.js');
const { cache } = require('./windows-node.js');

const RUNS = 3; // at most; it repeats while results differ

const { version: newest } = require(path.join(root, 'node_modules', 'ws-upstream', 'package.json'));

const command = new Command('test:suites')
  .argument('[names...]', 'suites to run, by the beginning of their names (default: all)')
  .addOption(new Option('--linux', "this machine's Node only").conflicts('windows'))
  .option('--windows', 'Windows Node under Wine only')
  .option('--ws <version>', 'the version of ws to compare with, which ws-linger builds on too')
  .option('--ws-source <path>', "ws's source with its tests: a folder, or a git repository with a tag for each version")
  .option('--keep', 'keep the projects, to inspect them')
  .parse();
const options = command.opts();

function platforms() {
  if (options.linux) return ['linux'];
  return options.windows ? ['windows'] : ['linux', 'windows'];
}

/** Compares a version of ws with ws-linger on top of that version. Each has a project of its own. */
async function runBoth(suite, ws, tarball, folder) {
  const downloads = path.join(cache, 'suites');
  const source = suite.own && (await findWsSource(ws, options.wsSource, downloads));
  const label = suite.own ? `${suite.name}, ${source.name}` : suite.name;
  const projects = Object.entries({ plain: `npm:ws@${ws}`, ours: `file:${tarball}` }).map(([name, installed]) => {
    const home = path.join(folder, `${suite.name} on ${ws}`.replaceAll(/[^\w.-]/g, '-'), name);
    return { home, files: makeProject(suite, { ws: installed, beneath: ws, source }, home, downloads) };
  });
  const compared = [];
  for (const platform of platforms()) {
    const runs = projects.map(() => []);
    let result;
    do {
      for (const [i, { home, files }] of projects.entries()) runs[i].push(await runSuite(suite, files, home, platform));
      result = compare(...runs);
    } while (result.worse.length + result.better.length > 0 && runs[0].length < RUNS);
    compared.push({ where: `${label}, ws ${ws}, ${platform}`, suite: label, ws, platform, runs, ...result });
  }
  return compared;
}

function show(results) {
  const table = new Table({
    head: ['suite', 'ws', 'platform', 'tests', 'pass with ws', 'with ws-linger', 'differ', 'runs'],
    style: { head: [], border: [], compact: true },
  });
  for (const { suite, ws, platform, tests, plain, ours, worse, better, runs } of results)
    table.push([suite, ws, platform, tests, plain, ours, worse.length + better.length, runs[0].length]);
  console.log(table.toString());
  for (const { where, worse, better, reason } of results) {
    for (const name of worse) console.log(`\n${where}: FAILS WITH ws-linger: ${name}\n${reason(name)}`);
    for (const name of better) console.log(`\n${where}: fails with ws alone: ${name}\n${reason(name)}`);
  }
}

async function main() {
  const { args } = command;
  const picked = SUITES.filter(({ name }) => args.length === 0 || args.some((start) => name.startsWith(start)));
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ws-linger-suites-'));
  const results = [];
  const missing = [];
  try {
    execFileSync('npm', ['pack', '--silent', '--pack-destination', folder], { cwd: root, stdio: ['ignore', 2, 2] });
    const tarball = path.join(
      folder,
      fs.readdirSync(folder).find((name) => name.endsWith('.tgz')),
    );
    for (const suite of picked) {
      for (const ws of options.ws ? [options.ws] : [newest, ...(suite.beneath ?? [])]) {
        try {
          results.push(...(await runBoth(suite, ws, tarball, folder)));
          console.error(`ran: ${suite.name}, ws ${ws}`);
        } catch (error) {
          missing.push(`NOT RUN: ${suite.name}, ws ${ws}: ${error.message}`);
          console.error(missing.at(-1));
        }
      }
    }
  } finally {
    if (options.keep) console.error(`kept: ${folder}`);
    else fs.rmSync(folder, { recursive: true, force: true });
  }
  show(results);
  for (const line of missing) console.log(line);
  const worse = results.reduce((sum, { worse }) => sum + worse.length, 0);
  const ours = results.reduce((sum, { ours }) => sum + ours, 0);
  const failed = worse + (process.env.CI === 'true' ? missing.length : 0);
  console.log(`${ours} passed, ${failed} failed`);
  process.exitCode = failed === 0 && ours > 0 ? 0 : 1;
}

main();
