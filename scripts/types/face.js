// Writes the declarations of 'ws-linger' itself: what ws's types say, with this package's additions.
//
// Constructors, `clients`, options and events use the interfaces `WebSocket`, `Server`, `ServerOptions` and `ClientOptions` that are exported, so
// that what a user adds to these by `declare module` is there everywhere. TypeScript adds it to the view that the user's file
// sees, so the view of ES modules and that of CommonJS have a set of declarations each, as ws's types do.
//
//   interface WebSocketMembers            what ws's class has, and this package's
//   interface WebSocketConstructor        the class itself, as the type of a constant
//   namespace WebSocket                   all types; in CommonJS also the interface `WebSocket` that users add to

const ts = require('typescript');
const { Renderer, statementOf } = require('./collect.js');

/** Options of ws that its types do not have yet. */
const NEWER_OPTIONS = {
  closeTimeout: 'How long the closing handshake may take, in ms (ws 8.19). The default of both limits of `linger`.',
  maxPendingAutoPongs: 'How many automatic pongs may wait to be written until the connection is ended (ws 8.23).',
};

const SOCKET_DOC = "/** ws's WebSocket, with ends that are bounded and explained. */\n";
const SERVER_DOC = "/** ws's WebSocketServer; its connections are this package's. */\n";
/** As ws's types name them. A WebSocket class may be another copy's of ws. */
const SERVER_PARAMETERS =
  '<T extends SocketClass = typeof WebSocket, U extends typeof IncomingMessage = typeof IncomingMessage>';
const EVENT_EMITTER = "Omit<typeof EventEmitter, 'prototype'>";
const SOCKET_CLASS = `/** A WebSocket class, a user's or ws's, whichever of the type declarations of ws describes it. */
type SocketClass = Pick<WebSocketConstructor, 'CONNECTING' | 'OPEN' | 'CLOSING' | 'CLOSED'> &
    (new (...args: never[]) => AnySocket);`;

const indent = (text) => text.replaceAll(/^(?=.)/gm, '    ');
const block = (head, lines) => `${head} {\n${indent(lines.join('\n'))}\n}`;
const nameOf = (member) => (ts.isConstructorDeclaration(member) ? 'constructor' : member.name.getText());
const isStatic = (member) => member.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.StaticKeyword) ?? false;
const find = (file, name) => file.statements.find((node) => node.name?.text === name);

// ---------- Where ws's types are too narrow ----------

/** It is global in browsers and in newer types of Node, and nowhere else. */
const looseBlob = (text) => text.replace(/^( *)\| Blob$/m, '$1// @ts-ignore\n$&');

/** ws calls it with the WebSocket that is made. As `any`, options of this package are options of ws. */
const looseFinishRequest = (text) =>
  text.replace(
    'finishRequest?: FinishRequestCallback | undefined;',
    'finishRequest?: ((request: ClientRequest, websocket: any) => void) | undefined;',
  );

const looseClass = (text) =>
  text.replace('typeof WebSocket.WebSocket = typeof WebSocket.WebSocket', 'SocketClass = typeof WebSocket');

/** A stream may be made of a WebSocket of plain ws. */
const looseStream = (text) => text.replace('websocket: WebSocket.WebSocket', 'websocket: AnySocket');

/**
 * A listener that is set gets this package's events. Read as `any`, it is one of ws's, too: else a WebSocket of this package would be
 * none of ws's, as its events have a `target` that those of ws do not have.
 */
function looseListener(text) {
  const [, name, event] = /^(on\w+): \(\(event: (\S+)\) => void\) \| null;$/.exec(text);
  return [
    `get ${name}(): ((event: any) => void) | null;`,
    `set ${name}(listener: ((event: ${event}) => void) | null);`,
  ];
}

// ---------- The parts ----------

class Face {
  #upstream;
  #client;
  #server;
  #additions;
  #publicNames;
  /** Renders what stands in the namespace. */
  #inside;
  /** Renders what stands outside it, where names of the namespace are qualified. */
  #outside;

  /**
   * `upstream` is the file of ws's types for CommonJS; `client` and `server` are those of this package's classes. `additions` are all other
   * declarations, by name, and `exported` are the names of those that users see.
   */
  constructor({ checker, imports, upstream, client, server, additions, exported }) {
    const inNamespace = upstream.statements.find(ts.isModuleDeclaration).body.statements;
    const isType = (node) => ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node);
    this.#upstream = {
      socket: upstream.statements.find(ts.isClassDeclaration),
      server: inNamespace.find(ts.isClassDeclaration),
      types: inNamespace.filter((node) => isType(node) && !/^WebSocket(Server)?$/.test(node.name.text)),
      privateTypes: upstream.statements.filter(ts.isTypeAliasDeclaration),
      functions: inNamespace.filter(ts.isFunctionDeclaration),
    };
    this.#client = client;
    this.#server = server;
    this.#additions = additions;
    const added = [...additions].filter(([name, [node]]) => exported.has(name) && isType(node)).map(([name]) => name);
    const ofWs = this.#upstream.types.map((node) => node.name.text);
    this.#publicNames = new Set([...ofWs, ...added, 'WebSocket', 'WebSocketServer', 'Server']);
    this.#inside = new Renderer(checker, imports);
    this.#outside = new Renderer(checker, imports, ({ text, parent }) => {
      const isQualified = ts.isQualifiedName(parent) && text === 'WebSocket';
      const isType = this.#publicNames.has(text) && !ts.isTypeQueryNode(parent);
      return isType && !isQualified ? `WebSocket.${text}` : undefined;
    });
  }

  /** The types of the namespace, but for the classes. */
  #types() {
    const own = {
      ClientOptions: find(this.#client, 'ClientOptions'),
      ServerOptions: find(this.#server, 'ServerOptions'),
    };
    const ofWs = this.#upstream.types.map((node) => this.#withOptions(node, own[node.name.text]));
    const added = [...this.#additions].filter(([name]) => this.#publicNames.has(name));
    return [...ofWs, ...added.flatMap(([, nodes]) => nodes.map((node) => this.#inside.text(node)))];
  }

  /** An interface of ws's options, with those of newer versions of ws and this package's. */
  #withOptions(node, own) {
    const text = this.#inside.text(node);
    if (!own) return text;
    const known = new Set(node.members.map(nameOf));
    const newer = Object.entries(NEWER_OPTIONS).filter(([name]) => !known.has(name));
    const lines = [
      ...newer.map(([name, doc]) => `/** ${doc} */\n${name}?: number | undefined;`),
      ...own.members.filter((member) => nameOf(member) === 'linger').map((member) => this.#inside.text(member)),
    ];
    return `${looseFinishRequest(looseClass(text)).slice(0, -1)}${indent(lines.join('\n'))}\n}`;
  }

  /** What a WebSocket has: this package's events before ws's own overloads, since the last of those takes any event. */
  #socketMembers() {
    const events = find(this.#client, 'AddedEvents').members;
    const own = find(this.#client, 'WebSocket').members.filter((member) => nameOf(member) !== 'constructor');
    const members = [...events, ...own, ...inherited(this.#upstream.socket, own)];
    return members.flatMap((member) => {
      const text = this.#outside.text(member);
      return ts.isPropertyDeclaration(member) && /^on/.test(text) ? looseListener(text) : [text];
    });
  }

  /** What a server has besides `ServerAdditions`. */
  #serverMembers() {
    const own = find(this.#server, 'WebSocketServer').members.filter((member) => nameOf(member) === 'close');
    return [...inherited(this.#upstream.server, own), ...own].map((member) => this.#outside.text(member));
  }

  /** A class's constructors as signatures of an interface. */
  #construct({ members }, result, typeParameters = '') {
    return members.filter(ts.isConstructorDeclaration).map((member) => {
      const text = this.#outside.text(member).replace('constructor', `new ${typeParameters}`);
      return text.replace(/\);$/, `): ${result};`);
    });
  }

  /** What stands before the namespace. `socket` names what the constructor makes. */
  #privateParts(socket) {
    const { functions, privateTypes } = this.#upstream;
    const added = [...this.#additions].filter(([name]) => !this.#publicNames.has(name));
    const addedFunctions = added.filter(([, [node]]) => ts.isFunctionDeclaration(node)).map(([name]) => name);
    const constants = this.#upstream.socket.members.filter(isStatic).map((node) => this.#outside.text(node));
    const texts = [
      ...privateTypes.map((node) => looseBlob(this.#outside.text(node))),
      ...added.flatMap(([, nodes]) => nodes.map(statementOf).map((node) => this.#outside.text(node))),
      ...functions.map((node) => looseStream(this.#outside.text(node))),
    ];
    return [
      ...texts.map((text) => text.replace(/^(?=(function|const) )/m, 'declare ')),
      SOCKET_CLASS,
      block('interface WebSocketMembers extends EventEmitter, AsyncDisposal', this.#socketMembers()),
      block(`interface WebSocketConstructor extends ${EVENT_EMITTER}`, [
        ...this.#construct(find(this.#client, 'WebSocket'), socket),
        `readonly prototype: ${socket};`,
        ...constants.map((text) => text.replace(/\bstatic /, '')),
        'Server: ServerConstructor;',
        'WebSocketServer: ServerConstructor;',
        'WebSocket: WebSocketConstructor;',
        ...[...functions.map((node) => node.name.text), ...addedFunctions].map((name) => `${name}: typeof ${name};`),
      ]),
      block(`interface ServerMembers${SERVER_PARAMETERS} extends EventEmitter, ServerAdditions`, this.#serverMembers()),
      block(`interface ServerConstructor extends ${EVENT_EMITTER}`, [
        ...this.#construct(this.#upstream.server, 'WebSocket.Server<T, U>', SERVER_PARAMETERS),
        'readonly prototype: WebSocket.Server;',
      ]),
      `${SOCKET_DOC}declare const WebSocket: WebSocketConstructor;`,
      `${SOCKET_DOC}interface WebSocket extends WebSocketMembers {}`,
    ];
  }

  #namespace(socket) {
    return block('declare namespace WebSocket', [
      ...this.#types(),
      `${SERVER_DOC}interface Server${SERVER_PARAMETERS} extends ServerMembers<T, U> {}`,
      `${SERVER_DOC}interface WebSocketServer${SERVER_PARAMETERS} extends Server<T, U> {}`,
      `${SOCKET_DOC}${socket}`,
    ]);
  }

  // ---------- The two views ----------

  /** The text for CommonJS. The class and the interface in its namespace are two types, as in ws's. */
  commonJs() {
    const namespace = this.#namespace('interface WebSocket extends WebSocketMembers {}');
    return [...this.#privateParts('WebSocket.WebSocket'), namespace, 'export = WebSocket;'].join('\n');
  }

  /** The text for ES modules, which export `values`, and of ws's those that no types describe. */
  esModule({ values, undescribed }) {
    const types = [...this.#publicNames].filter((name) => !/^WebSocket(Server)?$/.test(name)).sort();
    return [
      ...this.#privateParts('WebSocket'),
      'import Socket = WebSocket;',
      this.#namespace('type WebSocket = Socket;'),
      'declare const WebSocketServer: ServerConstructor;',
      `${SERVER_DOC}interface WebSocketServer${SERVER_PARAMETERS} extends WebSocket.Server<T, U> {}`,
      ...types.map((name) => `export import ${name} = WebSocket.${name};`),
      ...undescribed.map((name) => `export declare const ${name}: unknown;`),
      `export { ${values.join(', ')} };`,
      'export default WebSocket;',
    ].join('\n');
  }
}

/** The members of ws's objects that this package does not declare anew. */
function inherited({ members }, own) {
  const names = new Set(['constructor', ...own.map(nameOf)]);
  return members.filter((member) => !isStatic(member) && !names.has(nameOf(member)));
}

module.exports = { Face };
