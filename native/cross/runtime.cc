// The parts of the C and C++ runtime that the addon uses. With them the DLL imports only KERNEL32 and WS2_32: it needs
// no particular C runtime on the user's machine, and every build gives the same bytes.
#include <windows.h>

#include <cstddef>
#include <new>

namespace {

// Ends the process. Called where the C++ standard library would throw, because exceptions are off.
[[noreturn]] void FailFast() {
  RaiseFailFastException(nullptr, nullptr, 0);
  __builtin_trap();
}

// Returns memory for `size` bytes. Ends the process when there is none, so it never returns null.
void* Allocate(size_t size) {
  void* memory = HeapAlloc(GetProcessHeap(), 0, size != 0 ? size : 1);
  if (memory == nullptr) FailFast();
  return memory;
}

// Frees memory that Allocate() returned. Null is allowed.
void Release(void* memory) noexcept {
  if (memory != nullptr) HeapFree(GetProcessHeap(), 0, memory);
}

}  // namespace

void* operator new(size_t size) { return Allocate(size); }
void* operator new[](size_t size) { return Allocate(size); }
void operator delete(void* memory) noexcept { Release(memory); }
void operator delete[](void* memory) noexcept { Release(memory); }
void operator delete(void* memory, size_t) noexcept { Release(memory); }
void operator delete[](void* memory, size_t) noexcept { Release(memory); }

// The addon's own copy of std::string, in place of the one in libstdc++.
#include <string>
template class std::basic_string<char>;

// libstdc++'s headers call these where they would throw.
namespace std {
void __throw_length_error(const char*) { FailFast(); }
void __throw_logic_error(const char*) { FailFast(); }
void __throw_bad_alloc() { FailFast(); }
void __throw_bad_array_new_length() { FailFast(); }
void __throw_out_of_range_fmt(const char*, ...) { FailFast(); }
void __throw_bad_function_call() { FailFast(); }
}  // namespace std

extern "C" {

// The C functions below have their standard contracts. `volatile` keeps the compiler from recognising a loop and
// replacing it by a call of the same function, which would recurse without end.
void* memcpy(void* to, const void* from, size_t size) {
  auto* a = static_cast<volatile char*>(to);
  auto* b = static_cast<const char*>(from);
  while (size-- != 0) *a++ = *b++;
  return to;
}

void* memmove(void* to, const void* from, size_t size) {
  auto* a = static_cast<volatile char*>(to);
  auto* b = static_cast<const char*>(from);
  if (a <= b) {
    while (size-- != 0) *a++ = *b++;
  } else {
    while (size-- != 0) a[size] = b[size];
  }
  return to;
}

void* memset(void* to, int value, size_t size) {
  auto* a = static_cast<volatile char*>(to);
  while (size-- != 0) *a++ = static_cast<char>(value);
  return to;
}

int memcmp(const void* x, const void* y, size_t size) {
  auto* a = static_cast<const unsigned char*>(x);
  auto* b = static_cast<const unsigned char*>(y);
  for (; size != 0; --size, ++a, ++b) {
    if (*a != *b) return *a - *b;
  }
  return 0;
}

void* memchr(const void* in, int value, size_t size) {
  auto* a = static_cast<const unsigned char*>(in);
  for (; size != 0; --size, ++a) {
    if (*a == static_cast<unsigned char>(value)) return const_cast<unsigned char*>(a);
  }
  return nullptr;
}

size_t strlen(const char* text) {
  size_t length = 0;
  while (static_cast<const volatile char*>(text)[length] != 0) ++length;
  return length;
}

// Accepts the function and never calls it, because the addon has no global object whose destructor must run.
int atexit(void (*)(void)) { return 0; }
// MinGW's startup code calls this for imports of data. The addon imports functions only, so there is nothing to do.
void _pei386_runtime_relocator(void) {}

// The linker's list of the constructors of global objects: a count, the functions, a null.
extern void (*__CTOR_LIST__[])(void);

BOOL WINAPI DllMain(HINSTANCE, DWORD, LPVOID);
// The entry point of the DLL. Calls DllMain and, when that succeeds at load time, the constructors of global objects.
BOOL WINAPI DllMainCRTStartup(HINSTANCE module, DWORD reason, LPVOID reserved) {
  const BOOL ok = DllMain(module, reason, reserved);
  if (ok && reason == DLL_PROCESS_ATTACH) {
    for (size_t i = 1; __CTOR_LIST__[i] != nullptr; ++i) __CTOR_LIST__[i]();
  }
  return ok;
}

}  // extern "C"
