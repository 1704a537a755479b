// Runs every code block of the README and the docs, and checks what it prints.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { CLI, ROOT } from '../support/child.js';
import { type Block, blocksOf, pages, printed } from './blocks.js';

const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');

// Inside the repository, where `ws-linger` is this package.
mkdirSync(join(ROOT, 'dist-test', 'docs'), { recursive: true });
const folder = mkdtempSync(join(ROOT, 'dist-test', 'docs', 'run-'));
/** A folder on the PATH of shell blocks, with the `ws-linger` command, which `npx` finds in a project that has the package. */
const bin = mkdtempSync(join(tmpdir(), 'ws-linger-bin-'));
writeFileSync(join(bin, 'ws-linger'), `#!/bin/sh\nexec ${process.execPath} ${CLI} "$@"\n`, { mode: 0o755 });
writeFileSync(join(bin, 'npx'), '#!/bin/sh\nexec "$@"\n', { mode: 0o755 });
after(() => {
  for (const made of [folder, bin]) rmSync(made, { recursive: true });
});

const blocks = pages.flatMap(blocksOf);
const scripts = blocks.filter(({ language }) => language === 'js' || language === 'ts');

function link(name: string, target: string): void {
  const path = join(folder, 'node_modules', name);
  mkdirSync(dirname(path), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules', target), path);
}

/** Names the file of a block: a CommonJS module if it uses require(), an ES module otherwise. */
function fileOf(block: Block): string {
  const module = /\brequire\(/.test(block.code) ? 'c' : 'm';
  const name = `${block.file.replace(/\W/g, '-')}-${block.line}`;
  return `${name}.${module}${block.language}`;
}

function compile(): void {
  link('ws', 'ws-upstream');
  link('@types/ws', '@types/ws-upstream');
  for (const block of scripts) writeFileSync(join(folder, fileOf(block)), block.code);
  const compilerOptions = {
    ...{ target: 'ES2022', module: 'node16', moduleResolution: 'node16', types: ['node'], esModuleInterop: true },
    ...{ strict: true, noImplicitAny: false, allowJs: true, checkJs: true, rootDir: '.', outDir: 'out' },
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*'] }));
  execFileSync(process.execPath, [tsc, '-p', folder], { stdio: 'inherit' });
}

async function run(command: string, args: string[], env: NodeJS.ProcessEnv = {}): Promise<string> {
  const cwd = mkdtempSync(join(folder, 'cwd-'));
  const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  const output = Promise.all([text(child.stdout), text(child.stderr)]);
  const timer = setTimeout(() => child.kill('SIGKILL'), 100_000);
  const [code, signal] = await once(child, 'exit');
  clearTimeout(timer);
  const [stdout, stderr] = await output;
  assert.equal(code, 0, `${signal ?? ''}\n${stdout}\n${stderr}`);
  assert.equal(stderr, '');
  return stdout;
}

async function runScript(block: Block): Promise<void> {
  const file = join(folder, 'out', fileOf(block).replace(/ts$/, 'js'));
  const stdout = await run(process.execPath, ['--require', join(__dirname, 'preload.js'), file], {
    WS_LINGER_DOCS_PEER: block.peer,
    NODE_NO_WARNINGS: '1', // of experimental features
  });
  for (const line of printed(block)) assert.ok(stdout.includes(line), `it prints ${stdout} and not ${line}`);
}

describe('the code blocks', () => {
  it('are correctly typed', compile);

  for (const block of blocks) {
    const check = checkOf(block);
    if (check) it(`${block.file}:${block.line} (${block.language})`, async () => void (await check()));
  }
});

/** Draws a diagram as the site does: what cannot be drawn throws. */
async function draw(code: string): Promise<void> {
  const { svgOf } = await import(pathToFileURL(join(ROOT, 'docs', '.vitepress', 'diagrams.mjs')).href);
  const svg: string = svgOf(code);
  const labels = [...code.matchAll(/\[(?:"(.+?)"|([^"(]+?))\]/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');
  for (const label of labels) assert.ok(textOf(svg).includes(label), label);
  assert.doesNotMatch(svg, /https?:(?!\/\/www\.w3\.org)|url\((?!#)/, 'it loads nothing');
}

const textOf = (svg: string) =>
  svg
    .replace(/<[^>]+>/g, '')
    .replace(/&#39;|&apos;/g, "'")
    .replace(/&quot;/g, '"')
    .replace(/&amp;/g, '&');

/** Returns the check of a block, or null if its types are its only check. */
function checkOf(block: Block): (() => unknown) | null {
  const { language, code, notRun } = block;
  const shell = { PATH: `${bin}:${process.env.PATH}` };
  if (language === 'json') return () => JSON.parse(code);
  if (language === 'mermaid') return () => draw(code);
  if (language === 'sh' && notRun !== undefined) return () => run('bash', ['-n', '-c', code]);
  if (notRun !== undefined) return null;
  if (language === 'sh') return () => run('bash', ['-euo', 'pipefail', '-c', code], shell);
  if (scripts.includes(block)) return () => runScript(block);
  return () => assert.fail('a block in this language needs a comment that says why it is not run');
}

describe('the text of the docs', () => {
  const words = (page: string) => readFileSync(join(ROOT, page), 'utf8');

  it('names only npm scripts that exist', () => {
    const { scripts } = JSON.parse(words('package.json'));
    for (const page of pages) {
      for (const [, name] of words(page).matchAll(/npm run (?:-s )?([\w:-]+)/g))
        assert.ok(name && name in scripts, `${page}: ${name}`);
    }
  });

  it('names only options that the commands have', async () => {
    for (const page of pages) {
      for (const [, command, rest] of words(page).matchAll(/ws-linger (stability|demo|doctor|top)\b([^`\n]*)/g)) {
        const help = await run(process.execPath, [CLI, command as string, '--help']);
        for (const [flag] of (rest ?? '').matchAll(/--[a-z-]+/g)) {
          assert.ok(help.includes(flag) || help.includes(flag.replace('--no-', '--')), `${page}: ${command} ${flag}`);
        }
      }
    }
  });

  it('links only to files and headings that exist', () => {
    for (const page of pages) {
      for (const [, target = '', heading] of words(page).matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)/g)) {
        const file = target ? join(dirname(page), target) : page;
        if (heading) {
          const headings = [...words(file).matchAll(/^#+ (.+)$/gm)].map(([, title]) => slug(title as string));
          assert.ok(headings.includes(heading), `${page}: #${heading}`);
        } else execFileSync('test', ['-e', join(ROOT, file)]);
      }
    }
  });
});

function slug(title: string): string {
  return title
    .toLowerCase()
    .replace(/[^\w\s-]/g, '')
    .replace(/\s/g, '-');
}
