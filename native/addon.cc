// The Node-API boundary. It checks the arguments from JavaScript, calls winsock.cc and socket_lookup.cc, and converts
// their results. It makes no decision about a connection: those are made in src/.
//
// Every function that takes a connection first reads the SOCKET's 4-tuple. If that is no longer the connection's, the
// function leaves the SOCKET alone and reports it: by kGone, or in probe() by 'unknown'.
#include <napi.h>

#include <string>

#include "socket_lookup.h"
#include "winsock.h"

namespace ws_linger {
namespace {

// The addon's data of one Node environment. The main thread and each worker have their own, with their own libuv loop.
struct State {
  SocketLookup lookup;
};

// What the opaque object that JavaScript holds refers to. JavaScript cannot read or forge it, so no number from
// JavaScript ever becomes a SOCKET. It does not own the SOCKET: freeing it leaves the SOCKET open.
struct Connection {
  SOCKET socket;
  FourTuple tuple;
};

// Marks the objects that wrap a Connection. A process may load two copies of the addon, and one may get the objects of
// the other, so every change of Connection needs a new tag.
constexpr napi_type_tag kConnectionTag = {0x77732d6c696e6765, 0x722e736f636b6503};

// Returned in place of a WSA code when the connection no longer exists. src/socket-control has the same constant.
constexpr int kGone = -1;

// Makes a TypeError with the code WSL_ERR_NATIVE_ARGUMENT pending; the caller then returns at once. Napi::TypeError
// would have no code, and would end the process in a worker that is being terminated, where throwing fails.
void ThrowArgumentError(Napi::Env env, const char* message) {
  napi_throw_type_error(env, "WSL_ERR_NATIVE_ARGUMENT", message);
}

// Returns the Connection of the first argument. For any other value it returns null with a pending TypeError.
Connection* ConnectionArgument(const Napi::CallbackInfo& info) {
  bool ours = false;
  void* connection = nullptr;
  if (info[0].IsObject() && napi_check_object_type_tag(info.Env(), info[0], &kConnectionTag, &ours) == napi_ok &&
      ours && napi_unwrap(info.Env(), info[0], &connection) == napi_ok) {
    return static_cast<Connection*>(connection);
  }
  ThrowArgumentError(info.Env(), "the first argument must be a connection that resolve() returned");
  return nullptr;
}

// Returns an object for JavaScript that wraps a copy of `connection`, or null when Node-API fails. The garbage
// collector frees the copy.
Napi::Value NewConnection(Napi::Env env, const Connection& connection) {
  auto object = Napi::Object::New(env);
  auto* copy = new Connection(connection);
  auto finalize = [](napi_env, void* data, void*) { delete static_cast<Connection*>(data); };
  if (napi_wrap(env, object, copy, finalize, nullptr, nullptr) != napi_ok) {
    delete copy;
    return env.Null();
  }
  if (napi_type_tag_object(env, object, &kConnectionTag) != napi_ok) return env.Null();
  return object;
}

// Whether the SOCKET still belongs to the connection. Asked before each use, because Windows may give the value of a
// closed SOCKET to the next socket that the process opens.
bool StillExists(const Connection& connection) {
  FourTuple now;
  return ReadFourTuple(connection.socket, &now) && now == connection.tuple;
}

// Reads the arguments `index` (address) and `index + 1` (port) into `out`. Returns false with a pending TypeError when
// they are no address and port; `out` is then undefined.
bool EndpointArgument(const Napi::CallbackInfo& info, size_t index, Endpoint* out) {
  if (info[index].IsString() && info[index + 1].IsNumber()) {
    const std::string address = info[index].As<Napi::String>();
    const double port = info[index + 1].As<Napi::Number>();
    if (port >= 0 && port <= 65535 && port == static_cast<uint16_t>(port) &&
        ParseEndpoint(address, static_cast<uint16_t>(port), out)) {
      return true;
    }
  }
  ThrowArgumentError(info.Env(), "expected (localAddress, localPort, peerAddress, peerPort)");
  return false;
}

// resolve(localAddress, localPort, peerAddress, peerPort): connection | null
// Finds the connection among the TCP handles of this environment's loop. Null: not found within the cost limit.
Napi::Value Resolve(const Napi::CallbackInfo& info) {
  FourTuple wanted;
  if (!EndpointArgument(info, 0, &wanted.local) || !EndpointArgument(info, 2, &wanted.peer)) return Napi::Value();
  const SOCKET socket = info.Env().GetInstanceData<State>()->lookup.Find(wanted);
  return socket == INVALID_SOCKET ? info.Env().Null() : NewConnection(info.Env(), {socket, wanted});
}

// abort(connection): code
// Makes the next close of the SOCKET send RST, and cancels what is in flight. Sends nothing itself.
Napi::Value AbortConnection(const Napi::CallbackInfo& info) {
  Connection* connection = ConnectionArgument(info);
  if (connection == nullptr) return Napi::Value();
  return Napi::Number::New(info.Env(), StillExists(*connection) ? Abort(connection->socket) : kGone);
}

// finish(connection): code
// Queues FIN behind the data that the kernel holds. The SOCKET stays open.
Napi::Value FinishConnection(const Napi::CallbackInfo& info) {
  Connection* connection = ConnectionArgument(info);
  if (connection == nullptr) return Napi::Value();
  return Napi::Number::New(info.Env(), StillExists(*connection) ? Finish(connection->socket) : kGone);
}

// look(connection): { acknowledged, retransmitted, window } | null
// Reports what the peer's system has taken, in bytes. Null: the connection no longer exists, or Windows does not tell.
Napi::Value LookAtConnection(const Napi::CallbackInfo& info) {
  Connection* connection = ConnectionArgument(info);
  if (connection == nullptr) return Napi::Value();
  SendProgress progress;
  if (!StillExists(*connection) || !ReadSendProgress(connection->socket, &progress)) return info.Env().Null();
  const auto number = [&](auto value) { return Napi::Number::New(info.Env(), static_cast<double>(value)); };
  auto result = Napi::Object::New(info.Env());
  result.Set("acknowledged", number(progress.acknowledged));
  result.Set("retransmitted", number(progress.retransmitted));
  result.Set("window", number(progress.window));
  return result;
}

// probe(connection): 'connected' | 'peer-closed' | 'reset' | 'unknown'
// Reports the state of the connection without taking data or a pending error from it.
Napi::Value ProbeConnection(const Napi::CallbackInfo& info) {
  Connection* connection = ConnectionArgument(info);
  if (connection == nullptr) return Napi::Value();
  const ConnectionState state = StillExists(*connection) ? Probe(connection->socket) : ConnectionState::kUnknown;
  const char* answer = "unknown";
  if (state == ConnectionState::kConnected) answer = "connected";
  if (state == ConnectionState::kPeerClosed) answer = "peer-closed";
  if (state == ConnectionState::kReset) answer = "reset";
  return Napi::String::New(info.Env(), answer);
}

// Called once for each environment. Returns `exports` with the functions above, or throws why the lookup would not be
// safe in this process; src/socket-control/load.ts then treats the addon as not loaded.
Napi::Object Init(Napi::Env env, Napi::Object exports) {
  uv_loop_t* loop = nullptr;
  if (!SocketLookup::KnowsThisLibuv() || napi_get_uv_event_loop(env, &loop) != napi_ok) {
    napi_throw_error(env, "WSL_ERR_NATIVE_UNAVAILABLE", "this process has another libuv than the addon knows");
    return exports;
  }
  env.SetInstanceData(new State{SocketLookup(loop)});
  exports.Set("resolve", Napi::Function::New<Resolve>(env, "resolve"));
  exports.Set("abort", Napi::Function::New<AbortConnection>(env, "abort"));
  exports.Set("finish", Napi::Function::New<FinishConnection>(env, "finish"));
  exports.Set("look", Napi::Function::New<LookAtConnection>(env, "look"));
  exports.Set("probe", Napi::Function::New<ProbeConnection>(env, "probe"));
  return exports;
}

}  // namespace

NODE_API_MODULE(ws_linger, Init)

}  // namespace ws_linger
