// The little of a C++ runtime that the addon uses, so that the DLL needs nothing but KERNEL32 and WS2_32: no C runtime
// of a particular version on the user's machine, and the same bytes from every build.
#include <windows.h>

#include <cstddef>
#include <new>

namespace {

[[noreturn]] void Die() {
  RaiseFailFastException(nullptr, nullptr, 0);
  __builtin_trap();
}

void* Allocate(size_t size) {
  void* memory = HeapAlloc(GetProcessHeap(), 0, size != 0 ? size : 1);
  if (memory == nullptr) Die();
  return memory;
}

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

#include <string>
template class std::basic_string<char>;

// libstdc++ calls these in place of throwing.
namespace std {
void __throw_length_error(const char*) { Die(); }
void __throw_logic_error(const char*) { Die(); }
void __throw_bad_alloc() { Die(); }
void __throw_bad_array_new_length() { Die(); }
void __throw_out_of_range_fmt(const char*, ...) { Die(); }
void __throw_bad_function_call() { Die(); }
}  // namespace std

extern "C" {

// `volatile` keeps the compiler from turning each loop into a call of the very function it stands in.
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

int atexit(void (*)(void)) { return 0; }
void _pei386_runtime_relocator(void) {}

// The linker's list of constructors of globals: a count, the functions, a null.
extern void (*__CTOR_LIST__[])(void);

BOOL WINAPI DllMain(HINSTANCE, DWORD, LPVOID);
BOOL WINAPI DllMainCRTStartup(HINSTANCE module, DWORD reason, LPVOID reserved) {
  const BOOL ok = DllMain(module, reason, reserved);
  if (ok && reason == DLL_PROCESS_ATTACH) {
    for (size_t i = 1; __CTOR_LIST__[i] != nullptr; ++i) __CTOR_LIST__[i]();
  }
  return ok;
}

}  // extern "C"
