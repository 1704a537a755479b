// Mutants of addon.cc and cross/: the Node-API boundary, and how the DLL is loaded. See sockets.js.

const { equivalent, unseen } = require('./reasons.js');

const addon = (id, what, from, to, survives) => ({ id, file: 'addon.cc', what, from, to, survives });
const imports = (id, what, from, to, survives) => ({ id, file: 'cross/node_imports.cc', what, from, to, survives });
const runtime = (id, what, from, to, survives) => ({ id, file: 'cross/runtime.cc', what, from, to, survives });

/** R3 and R4 give the same file, byte for byte. */
const NO_MEMCMP = equivalent('clang compares addresses in place, so the linker leaves memcmp out of the x64 binary.');

const CHECK = 'StillExists(*connection) ? ';

module.exports = [
  addon(
    'A1',
    'a use never checks the 4-tuple',
    'return ReadFourTuple(connection.socket, &now) && now == connection.tuple;',
    'return connection.socket != 0;',
  ),
  addon('A2', 'a use checks only that there is a connection', ' && now == connection.tuple;', ';'),
  addon('A3', 'abort never checks', `${CHECK}Abort`, 'true ? Abort'),
  addon('A4', 'finish never checks', `${CHECK}Finish`, 'true ? Finish'),
  addon(
    'A5',
    'look never checks',
    '!StillExists(*connection) || !Read',
    '!Read',
    unseen('Wine has no SIO_TCP_INFO, so look() answers null for every SOCKET.'),
  ),
  addon('A6', 'probe never checks', `${CHECK}Probe`, 'true ? Probe'),
  addon('A7', 'the type tag is not checked', '      ours && napi_unwrap', '      napi_unwrap'),
  addon('A8', 'the type tag is all zeros', '{0x77732d6c696e6765, 0x722e736f636b6503}', '{0, 0}'),
  addon(
    'A9',
    'a tag that cannot be set is ignored',
    'if (napi_type_tag_object(env, object, &kConnectionTag) != napi_ok) return env.Null();',
    'napi_type_tag_object(env, object, &kConnectionTag);',
    equivalent('Node-API cannot fail here for a new object.'),
  ),
  addon('A10', 'the finalizer frees nothing', 'delete static_cast<Connection*>(data);', '(void)data;'),
  addon('A11', 'fractional ports are cut', ' && port == static_cast<uint16_t>(port) &&', ' &&'),
  addon('A12', 'ports above 65535 are cut', 'port <= 65535 && port == static_cast<uint16_t>(port)', 'port == port'),
  addon(
    'A13',
    'negative ports are cut',
    'port >= 0 && ',
    '',
    equivalent('The comparison after the cast refuses them, too.'),
  ),
  addon(
    'A14',
    'errors have no code',
    'napi_throw_type_error(env, "WSL_ERR_NATIVE_ARGUMENT", message);',
    'napi_throw_type_error(env, nullptr, message);',
  ),
  addon(
    'A15',
    'errors are thrown by C++',
    'napi_throw_type_error(env, "WSL_ERR_NATIVE_ARGUMENT", message);',
    'Napi::TypeError::New(env, message).ThrowAsJavaScriptException();',
  ),
  addon(
    'A16',
    'probe says connected where it does not know',
    'const char* answer = "unknown";',
    'const char* answer = "connected";',
  ),
  addon('A17', 'probe never reports FIN', 'answer = "peer-closed";', 'answer = "connected";'),
  addon('A18', 'probe never reports a reset', 'answer = "reset";', 'answer = "connected";'),
  addon('A19', 'an address may be anything', 'if (info[index].IsString() && ', 'if ('),
  addon('A20', 'a connection that is gone is a success', 'constexpr int kGone = -1;', 'constexpr int kGone = 0;'),
  addon(
    'A21',
    'a wrong peer address is no error',
    '!EndpointArgument(info, 2, &wanted.peer)',
    '(EndpointArgument(info, 2, &wanted.peer), false)',
    equivalent(
      'The TypeError is pending already, so the call fails; the search before that finds nothing, and costs steps.',
    ),
  ),
  addon('A22', 'abort finishes', 'Abort(connection->socket)', 'Finish(connection->socket)'),
  addon('A23', 'finish aborts', 'Finish(connection->socket)', 'Abort(connection->socket)'),
  addon(
    'A24',
    'libuv is not checked',
    '!SocketLookup::KnowsThisLibuv() || ',
    '',
    unseen('There is no Node with another libuv; the unit test has the check itself.'),
  ),

  imports(
    'C1',
    'libnode.dll is not looked for',
    'GetModuleHandleW(L"libnode.dll")',
    'nullptr',
    unseen('No host here has a libnode.dll.'),
  ),
  imports('C2', 'a missing function is ignored', 'if (*slot++ == nullptr) return false;', 'slot++;'),
  imports(
    'C3',
    'the slots are not made writable',
    'if (!VirtualProtect(import_slots, kSize, PAGE_READWRITE, &before)) return FALSE;',
    'before = PAGE_READONLY;',
  ),
  imports(
    'C4',
    'the slots are filled from the wrong function on',
    'FARPROC* slot = import_slots;',
    'FARPROC* slot = import_slots + 1;',
  ),
  imports(
    'C5',
    'only node.exe is a host',
    'GetModuleHandleW(nullptr)',
    'GetModuleHandleW(L"node.exe")',
    equivalent('The handle is null there, and GetProcAddress() looks in the program of the process for null.'),
  ),
  imports(
    'C6',
    'the slots stay writable',
    'return VirtualProtect(import_slots, kSize, before, &before) && filled;',
    'return filled;',
    unseen('No test reads the protection of a page of a running process.'),
  ),
  runtime(
    'R1',
    'memory is never freed',
    'if (memory != nullptr) HeapFree(GetProcessHeap(), 0, memory);',
    '(void)memory;',
  ),
  runtime(
    'R2',
    'the constructors of globals are not called',
    '__CTOR_LIST__[i]();',
    '(void)i;',
    equivalent('The addon has no global object.'),
  ),
  runtime('R3', 'memcmp has the wrong sign', 'return *a - *b;', 'return *b - *a;', NO_MEMCMP),
  runtime('R4', 'memcmp finds all equal', 'if (*a != *b) return *a - *b;', '', NO_MEMCMP),
  runtime(
    'R5',
    'memcpy leaves out the last byte',
    'while (size-- != 0) *a++ = *b++;\n  return to;\n}\n\nvoid* memmove',
    'while (size-- > 1) *a++ = *b++;\n  return to;\n}\n\nvoid* memmove',
  ),
];
