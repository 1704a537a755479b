// Collects declarations for one file: those of a module's exports, and all that they refer to.

const { builtinModules } = require('node:module');
const ts = require('typescript');

/** Names of Node's that are global where Node's types are installed, and where they come from otherwise. */
const GLOBALS = new Map([
  ['Buffer', 'buffer'],
  ['URL', 'url'],
]);

/** Names that a file of declarations imports from Node, by module: what Node calls each of them, and what this file does. */
class Imports {
  #modules = new Map();
  #taken;

  /** `taken` are names that mean something else in this file. */
  constructor(taken) {
    this.#taken = taken;
  }

  /** Adds an import and returns its local name. */
  add(module, imported, local) {
    const names = this.#modules.get(module) ?? new Map();
    this.#modules.set(module, names);
    if (!names.has(imported)) names.set(imported, this.#taken.has(local) ? `Node${local}` : local);
    return names.get(imported);
  }

  /**
   * One line a module. In a project without Node's types the modules are not found, and the names stand for `any`: the comment
   * keeps that from being an error where `skipLibCheck` is off. A reference to Node's types would instead bring them into
   * projects for browsers, where `setTimeout()` then returns an object.
   */
  toString() {
    const line = ([module, names]) => {
      const list = [...names].map(([name, local]) => (name === local ? name : `${name} as ${local}`)).sort();
      return `// @ts-ignore\nimport type { ${list.join(', ')} } from '${module}';\n`;
    };
    return [...this.#modules].sort().map(line).join('');
  }
}

/** Renders nodes as they stand in their files, with comments; names are replaced as `rename(identifier)` says. */
class Renderer {
  constructor(checker, imports, rename = () => undefined) {
    this.checker = checker;
    this.imports = imports;
    this.rename = rename;
  }

  text(node) {
    const source = node.getSourceFile().text;
    const comments = ts.getLeadingCommentRanges(source, node.getFullStart()) ?? [];
    const doc = comments.filter(({ pos }) => source.startsWith('/**', pos)).at(-1);
    const edits = [];
    const visit = (child) => {
      if (ts.isModifier(child) && /^(export|declare)$/.test(child.getText())) {
        edits.push([child.getStart(), child.end + 1, '']);
      } else if (ts.isIdentifier(child)) {
        const name = this.#nameOf(child);
        if (name !== undefined && name !== child.text) edits.push([child.getStart(), child.end, name]);
      }
      ts.forEachChild(child, visit);
    };
    ts.forEachChild(node, visit);
    let text = '';
    let at = node.getStart();
    for (const [start, end, replacement] of edits.sort(([a], [b]) => a - b)) {
      text += source.slice(at, start) + replacement;
      at = end;
    }
    text += source.slice(at, node.end);
    const column = node.getStart() - source.lastIndexOf('\n', node.getStart()) - 1;
    const whole = `${doc ? `${source.slice(doc.pos, doc.end)}\n` : ''}${text}`;
    return whole.replaceAll(new RegExp(`\n {1,${column || 1}}`, 'g'), (spaces) => (column ? '\n' : spaces));
  }

  #nameOf(identifier) {
    if (!isReference(identifier)) return undefined;
    const symbol = this.checker.getSymbolAtLocation(identifier);
    const imported = symbol && importOf(symbol);
    if (imported) return this.imports.add(imported.module, imported.name, identifier.text);
    const module = GLOBALS.get(identifier.text);
    if (module) return this.imports.add(module, identifier.text, identifier.text);
    return this.rename(identifier);
  }
}

/** Whether an identifier is the first name of a type, as opposed to the name of a property or of a parameter. */
function isReference(identifier) {
  let node = identifier;
  while (ts.isQualifiedName(node.parent) && node.parent.left === node) node = node.parent;
  const { parent } = node;
  return (
    (ts.isTypeReferenceNode(parent) && parent.typeName === node) ||
    (ts.isTypeQueryNode(parent) && parent.exprName === node) ||
    (ts.isExpressionWithTypeArguments(parent) && parent.expression === node)
  );
}

/** Where a name is imported from, if that is a module of Node or a package. */
function importOf(symbol) {
  const specifier = symbol.declarations?.find(ts.isImportSpecifier);
  const module = specifier?.parent.parent.parent.moduleSpecifier.text;
  if (!module || module.startsWith('.')) return undefined;
  const name = (specifier.propertyName ?? specifier.name).text;
  const bare = module.replace(/^node:/, '');
  return { module: builtinModules.includes(bare) ? bare : module, name };
}

/** Follows imports and exports to the symbol that is declared. */
function resolve(checker, symbol) {
  return symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
}

/**
 * Returns the declarations that `exports` (symbols) consist of and refer to, by name, in the order in which they are met. `stop`
 * are names that the caller declares itself.
 */
function closure(checker, exports, stop) {
  const found = new Map();
  const add = (given) => {
    const symbol = resolve(checker, given);
    const declarations = (symbol.declarations ?? []).filter((node) => isTopLevel(node) && isOurs(node.getSourceFile()));
    if (declarations.length === 0 || stop.has(symbol.name)) return;
    if (found.has(symbol.name)) {
      if (found.get(symbol.name)[0] !== declarations[0]) throw new Error(`two declarations are named ${symbol.name}`);
      return;
    }
    found.set(symbol.name, declarations);
    for (const declaration of declarations) visit(declaration);
  };
  const visit = (node) => {
    if (ts.isIdentifier(node) && isReference(node)) {
      const symbol = checker.getSymbolAtLocation(node);
      if (symbol && !importOf(symbol)) add(symbol);
    }
    ts.forEachChild(node, visit);
  };
  for (const symbol of exports) add(symbol);
  return found;
}

const isTopLevel = (node) => ts.isSourceFile(node.parent) || ts.isVariableDeclaration(node);
const isOurs = (file) => !file.fileName.includes('/node_modules/');

/** The statement of a declaration: that of a constant is two levels up. */
const statementOf = (node) => (ts.isVariableDeclaration(node) ? node.parent.parent : node);

module.exports = { Imports, Renderer, closure, resolve, statementOf };
