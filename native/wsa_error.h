// Names of Winsock error codes, for CloseInfo and logs.
#ifndef WS_LINGER_WSA_ERROR_H_
#define WS_LINGER_WSA_ERROR_H_

namespace ws_linger {

// Returns the name of a code in Microsoft's "Windows Sockets Error Codes", or "UNKNOWN". The text is static: the caller
// must not free it.
const char* WsaErrorName(int code);

}  // namespace ws_linger

#endif  // WS_LINGER_WSA_ERROR_H_
