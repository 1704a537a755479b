// Binds the addon to the Node-API and libuv functions of its host when Windows loads the DLL. An import library would
// name "node.exe", but Electron and other hosts have other names. So, as in node-gyp's delay-load hook for MSVC, this
// file takes the functions from libnode.dll or, without that, from the program of the process.
#include <windows.h>

#ifdef __i386__
#define IMPORT_SLOT(name) "__imp__" #name
#else
#define IMPORT_SLOT(name) "__imp_" #name
#endif

// The variables through which code that is compiled with __declspec(dllimport) calls each function.
#define X(name)                                            \
  extern "C" void* slot_##name __asm__(IMPORT_SLOT(name)); \
  extern "C" {                                             \
  void* slot_##name = nullptr;                             \
  }
#include "node_imports.inc"
#undef X

namespace {

struct Import {
  const char* name;
  void** slot;
};

const Import kImports[] = {
#define X(name) {#name, &slot_##name},
#include "node_imports.inc"
#undef X
};

}  // namespace

// Windows calls this when it loads the DLL. Fills all slots and returns TRUE, or returns FALSE when the host lacks a
// function: then Windows refuses to load the DLL, and JavaScript goes on without the addon.
extern "C" BOOL WINAPI DllMain(HINSTANCE, DWORD reason, LPVOID) {
  if (reason != DLL_PROCESS_ATTACH) return TRUE;
  HMODULE host = GetModuleHandleW(L"libnode.dll");
  if (host == nullptr) host = GetModuleHandleW(nullptr);
  for (const Import& import : kImports) {
    *import.slot = reinterpret_cast<void*>(GetProcAddress(host, import.name));
    if (*import.slot == nullptr) return FALSE;
  }
  return TRUE;
}
