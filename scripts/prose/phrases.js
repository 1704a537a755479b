// Words that neither the docs nor the messages of the commands use, each with what to do instead.

module.exports = [
  // What only fills a line.
  [/\b(simply|easily|obviously|basically|actually|really|of course|as you know)\b/i, 'leave it out'],
  [/\b(please )?note that\b/i, 'leave it out'],
  [/\bin order to\b/i, 'write "to"'],
  [/\b(utili[sz]e|leverage)s?\b/i, 'write "use"'],
  [/\b(seamless|robust|powerful|blazing|cutting-edge|effortless)(ly)?\b/i, 'say what it does, with a number'],
  // What sounds old.
  [/\b(whereby|thereof|wherein|whilst|hitherto|thereupon|hence|thus)\b/i, 'write "by which", "of it", "while", "so"'],
  // Nouns of this project's own, for which the field has a term.
  [
    /\b(hearer|onlooker|tidings|farewells|goodbye frame|death of the (peer|socket))\b/i,
    'write observer, event, close frame, lost connection',
  ],
  [/\bnobody knows\b/i, 'write "unknown"'],
  [/\b(whoever|hears? of)\b/i, 'say who it is, and what it does'],
  [/\bfor good\b/i, 'write "for ever", "never"'],
  // One spelling for one thing.
  [/\b(Websockets?|web sockets?)\b/, 'write "WebSocket"'],
  [/\b(Javascript|Typescript)\b/, 'write "JavaScript", "TypeScript"'],
  [/\b(NodeJS|Node\.JS|nodejs)\b/, 'write "Node"'],
  [/\b(back-pressure|keepalive|half-close)\b/i, 'write "backpressure", "keep-alive", "half-closed"'],
];
