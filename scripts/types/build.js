#!/usr/bin/env node

// Called by `npm run compile`: writes dist/types/, the declarations that users get. Each is one file that uses Node's types where they are
// installed, and refers to no other file, so that nobody gets `@types` packages with this one.

const fs = require('node:fs');
const path = require('node:path');
const ts = require('typescript');
const { root } = require('../steps.js');
const { Imports, Renderer, closure, resolve, statementOf } = require('./collect.js');
const { Face } = require('./face.js');

const dist = path.join(root, 'dist');
const upstreamFile = path.join(root, 'node_modules', '@types', 'ws-upstream', 'index.d.ts');
/** The entry points that have no classes. */
const OTHERS = {
  stability: 'tools/stability/index',
  prometheus: 'telemetry/prometheus',
  opentelemetry: 'telemetry/opentelemetry',
};
const HEADER = '// What ws has is described as in @types/ws (DefinitelyTyped, MIT): see LICENSES.txt.\n';

const own = ['additions', 'websocket', 'websocket-server', 'wrapper', ...Object.values(OTHERS)];
const fileOf = (name) => path.join(dist, name === 'wrapper' ? 'wrapper.d.mts' : `${name}.d.ts`);
const program = ts.createProgram([...own.map(fileOf), upstreamFile], {
  module: ts.ModuleKind.Node16,
  moduleResolution: ts.ModuleResolutionKind.Node16,
  types: ['node'],
});
const checker = program.getTypeChecker();
const sourceFile = (name) => program.getSourceFile(fileOf(name));
const exportsOf = (name) => checker.getExportsOfModule(checker.getSymbolAtLocation(sourceFile(name)));

/** The face of the package for a view: 'commonJs' or 'esModule'. */
function face(view) {
  const exported = exportsOf('additions');
  const ours = ['WebSocket', 'WebSocketServer', 'SocketClass'];
  const imports = new Imports(new Set([...ours, 'Server', 'Socket']));
  imports.add('events', 'EventEmitter', 'EventEmitter');
  const parts = new Face({
    checker,
    imports,
    upstream: program.getSourceFile(upstreamFile),
    client: sourceFile('websocket'),
    server: sourceFile('websocket-server'),
    additions: closure(checker, exported, new Set(ours)),
    exported: new Set(exported.map(({ name }) => name)),
  });
  const text = parts[view](wrapperExports());
  return `${HEADER}${imports}${text}\n`;
}

/** What the ES module exports besides its default. */
function wrapperExports() {
  const isUnknown = (symbol) => checker.getTypeOfSymbol(resolve(checker, symbol)).flags & ts.TypeFlags.Unknown;
  const exported = exportsOf('wrapper').filter(({ name }) => name !== 'default');
  const names = (symbols) => symbols.map(({ name }) => name).sort();
  return {
    values: names(exported.filter((symbol) => !isUnknown(symbol))),
    undescribed: names(exported.filter(isUnknown)),
  };
}

/** An entry point without classes: its exports, and what they refer to. */
function plain(name) {
  const exported = exportsOf(name);
  const imports = new Imports(new Set());
  const renderer = new Renderer(checker, imports);
  const nodes = [...closure(checker, exported, new Set()).values()].flat().map(statementOf);
  const texts = nodes.map((node) => renderer.text(node).replace(/^(?=(function|const) )/m, 'declare '));
  return `${imports}${texts.join('\n')}\nexport { ${exported.map((symbol) => symbol.name).join(', ')} };\n`;
}

const made = { 'index.d.ts': face('commonJs'), 'index.d.mts': face('esModule') };
for (const [name, file] of Object.entries(OTHERS)) made[`${name}.d.ts`] = plain(file);
fs.mkdirSync(path.join(dist, 'types'), { recursive: true });
for (const [name, text] of Object.entries(made)) fs.writeFileSync(path.join(dist, 'types', name), text);
