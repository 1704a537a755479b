// The boundary to JavaScript: checks arguments, calls winsock.cc and socket_lookup.cc, decides nothing.
#include <napi.h>

#include <string>

#include "socket_lookup.h"
#include "winsock.h"
#include "wsa_error.h"

namespace ws_linger {
namespace {

// What one environment has: the main thread, a worker, or a second load of the addon in either.
struct State {
  SocketLookup lookup;
};

// A connection as script holds it: an empty object that only this file can look into, so that no number from script
// ever becomes a SOCKET. It owns nothing of the system; freeing it touches neither the SOCKET nor the environment.
struct Connection {
  SOCKET socket;
  FourTuple tuple;
};

// Another copy of the addon in the process may meet our objects, so a change of Connection needs a new tag.
constexpr napi_type_tag kConnectionTag = {0x77732d6c696e6765, 0x722e736f636b6502};

// The code for "this connection no longer exists", outside the range of WSA codes. JavaScript knows it by this value.
constexpr int kGone = -1;

// Not Napi::TypeError, which has no code and ends the process where a worker that is being terminated cannot throw.
void ThrowArgumentError(Napi::Env env, const char* message) {
  napi_throw_type_error(env, "WSL_ERR_NATIVE_ARGUMENT", message);
}

// Null with a pending TypeError when the argument is no connection of ours.
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

// Windows gives the value of a closed SOCKET to the next one it opens, so each use asks again whose it is.
bool IsStillThere(const Connection& connection) {
  FourTuple now;
  return ReadFourTuple(connection.socket, &now) && now == connection.tuple;
}

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
Napi::Value Resolve(const Napi::CallbackInfo& info) {
  FourTuple wanted;
  if (!EndpointArgument(info, 0, &wanted.local) || !EndpointArgument(info, 2, &wanted.peer)) return Napi::Value();
  const SOCKET socket = info.Env().GetInstanceData<State>()->lookup.Find(wanted);
  return socket == INVALID_SOCKET ? info.Env().Null() : NewConnection(info.Env(), {socket, wanted});
}

// setLinger(connection, abortive: boolean): code
Napi::Value SetLinger(const Napi::CallbackInfo& info) {
  Connection* connection = ConnectionArgument(info);
  if (connection == nullptr) return Napi::Value();
  if (!info[1].IsBoolean()) {
    ThrowArgumentError(info.Env(), "abortive must be a boolean");
    return Napi::Value();
  }
  const int code =
      IsStillThere(*connection) ? SetAbortiveLinger(connection->socket, info[1].As<Napi::Boolean>()) : kGone;
  return Napi::Number::New(info.Env(), code);
}

// getLinger(connection): { on, seconds } | code
Napi::Value ReadLinger(const Napi::CallbackInfo& info) {
  Connection* connection = ConnectionArgument(info);
  if (connection == nullptr) return Napi::Value();
  bool on = false;
  int seconds = 0;
  const int code = IsStillThere(*connection) ? GetLinger(connection->socket, &on, &seconds) : kGone;
  if (code != kOk) return Napi::Number::New(info.Env(), code);
  auto result = Napi::Object::New(info.Env());
  result.Set("on", Napi::Boolean::New(info.Env(), on));
  result.Set("seconds", Napi::Number::New(info.Env(), seconds));
  return result;
}

// shutdown(connection, 'send' | 'receive' | 'both'): code
Napi::Value ShutdownConnection(const Napi::CallbackInfo& info) {
  Connection* connection = ConnectionArgument(info);
  if (connection == nullptr) return Napi::Value();
  const std::string how = info[1].IsString() ? std::string(info[1].As<Napi::String>()) : std::string();
  Direction direction;
  if (how == "send") {
    direction = Direction::kSend;
  } else if (how == "receive") {
    direction = Direction::kReceive;
  } else if (how == "both") {
    direction = Direction::kBoth;
  } else {
    ThrowArgumentError(info.Env(), "how must be 'send', 'receive' or 'both'");
    return Napi::Value();
  }
  const int code = IsStillThere(*connection) ? Shutdown(connection->socket, direction) : kGone;
  return Napi::Number::New(info.Env(), code);
}

// probe(connection): 'connected' | 'peer-closed' | 'reset' | 'unknown'
Napi::Value ProbeConnection(const Napi::CallbackInfo& info) {
  Connection* connection = ConnectionArgument(info);
  if (connection == nullptr) return Napi::Value();
  const ConnectionState state = IsStillThere(*connection) ? Probe(connection->socket) : ConnectionState::kUnknown;
  const char* answer = "unknown";
  if (state == ConnectionState::kConnected) answer = "connected";
  if (state == ConnectionState::kPeerClosed) answer = "peer-closed";
  if (state == ConnectionState::kReset) answer = "reset";
  return Napi::String::New(info.Env(), answer);
}

// errorName(code): string
Napi::Value ErrorName(const Napi::CallbackInfo& info) {
  if (!info[0].IsNumber()) {
    ThrowArgumentError(info.Env(), "code must be a number");
    return Napi::Value();
  }
  return Napi::String::New(info.Env(), WsaErrorName(info[0].As<Napi::Number>().Int32Value()));
}

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  uv_loop_t* loop = nullptr;
  if (napi_get_uv_event_loop(env, &loop) != napi_ok) return exports;  // and without functions it counts as not loaded
  env.SetInstanceData(new State{SocketLookup(loop)});
  exports.Set("resolve", Napi::Function::New<Resolve>(env, "resolve"));
  exports.Set("setLinger", Napi::Function::New<SetLinger>(env, "setLinger"));
  exports.Set("getLinger", Napi::Function::New<ReadLinger>(env, "getLinger"));
  exports.Set("shutdown", Napi::Function::New<ShutdownConnection>(env, "shutdown"));
  exports.Set("probe", Napi::Function::New<ProbeConnection>(env, "probe"));
  exports.Set("errorName", Napi::Function::New<ErrorName>(env, "errorName"));
  return exports;
}

}  // namespace

NODE_API_MODULE(NODE_GYP_MODULE_NAME, Init)

}  // namespace ws_linger
