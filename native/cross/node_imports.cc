// Binds the addon to the Node-API and libuv functions of its host when Windows loads the DLL. An import library would
// name "node.exe", but Electron and other hosts have other names. So, as in node-gyp's delay-load hook for MSVC, this
// file takes the functions from libnode.dll or, without that, from the program of the process.
#include <windows.h>

#ifdef __i386__
#define SYMBOL(name) "_" #name
#define POINTER ".long"
#else
#define SYMBOL(name) #name
#define POINTER ".quad"
#endif

// The slots through which code that is compiled with __declspec(dllimport) calls each function, one after another in a
// section of their own. The section is read-only, like the linker's own import table: who can write to the process's
// memory must not be able to redirect the addon's calls.
__asm__(".section .slots,\"dr\"\n"
        ".balign 8\n"
        ".globl " SYMBOL(import_slots) "\n" SYMBOL(import_slots) ":\n"
#define X(name) ".globl __imp_" SYMBOL(name) "\n__imp_" SYMBOL(name) ": " POINTER " 0\n"
#include "node_imports.inc"
#undef X
        ".text\n");
extern "C" FARPROC import_slots[];

namespace {

// In the order of the slots.
const char* const kNames[] = {
#define X(name) #name,
#include "node_imports.inc"
#undef X
};

// Fills all slots. Returns false when the host lacks a function.
bool FillSlots() {
  HMODULE host = GetModuleHandleW(L"libnode.dll");
  if (host == nullptr) host = GetModuleHandleW(nullptr);
  FARPROC* slot = import_slots;
  for (const char* name : kNames) {
    *slot = GetProcAddress(host, name);
    if (*slot++ == nullptr) return false;
  }
  return true;
}

}  // namespace

// Windows calls this when it loads the DLL. Fills the slots and returns TRUE, or returns FALSE when that fails: then
// Windows refuses to load the DLL, and JavaScript goes on without the addon.
extern "C" BOOL WINAPI DllMain(HINSTANCE, DWORD reason, LPVOID) {
  if (reason != DLL_PROCESS_ATTACH) return TRUE;
  constexpr size_t kSize = sizeof(FARPROC) * (sizeof(kNames) / sizeof(kNames[0]));
  DWORD before = 0;
  if (!VirtualProtect(import_slots, kSize, PAGE_READWRITE, &before)) return FALSE;
  const bool filled = FillSlots();
  return VirtualProtect(import_slots, kSize, before, &before) && filled;
}
