#include "wsa_error.h"

namespace ws_linger {
namespace {

struct NamedCode {
  int code;
  const char* name;
};

// The two names without the WSA prefix are Win32 errors, which overlapped operations report in place of a Winsock code.
const NamedCode kNames[] = {
    {64, "ERROR_NETNAME_DELETED"}, {121, "ERROR_SEM_TIMEOUT"}, {10004, "WSAEINTR"},
    {10009, "WSAEBADF"},           {10013, "WSAEACCES"},       {10014, "WSAEFAULT"},
    {10022, "WSAEINVAL"},          {10024, "WSAEMFILE"},       {10035, "WSAEWOULDBLOCK"},
    {10036, "WSAEINPROGRESS"},     {10038, "WSAENOTSOCK"},     {10042, "WSAENOPROTOOPT"},
    {10045, "WSAEOPNOTSUPP"},      {10048, "WSAEADDRINUSE"},   {10049, "WSAEADDRNOTAVAIL"},
    {10050, "WSAENETDOWN"},        {10051, "WSAENETUNREACH"},  {10052, "WSAENETRESET"},
    {10053, "WSAECONNABORTED"},    {10054, "WSAECONNRESET"},   {10055, "WSAENOBUFS"},
    {10057, "WSAENOTCONN"},        {10058, "WSAESHUTDOWN"},    {10060, "WSAETIMEDOUT"},
    {10061, "WSAECONNREFUSED"},    {10064, "WSAEHOSTDOWN"},    {10065, "WSAEHOSTUNREACH"},
    {10093, "WSANOTINITIALISED"},  {10101, "WSAEDISCON"},
};

}  // namespace

// Searches the list one by one, because it is short and only error paths need a name.
const char* WsaErrorName(int code) {
  for (const NamedCode& entry : kNames) {
    if (entry.code == code) return entry.name;
  }
  return "UNKNOWN";
}

}  // namespace ws_linger
