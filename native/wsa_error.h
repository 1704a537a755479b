#ifndef WS_LINGER_WSA_ERROR_H_
#define WS_LINGER_WSA_ERROR_H_

namespace ws_linger {

// The name that Microsoft's "Windows Sockets Error Codes" gives a code, or "UNKNOWN".
const char* WsaErrorName(int code);

}  // namespace ws_linger

#endif  // WS_LINGER_WSA_ERROR_H_
