// Binds the addon to its host's Node-API and libuv when the DLL is loaded. An import library would name "node.exe", and
// Electron and other hosts have other names; so, as node-gyp's delay-load hook does for MSVC, the functions are taken
// from libnode.dll or from the image of the process. When one is missing the DLL refuses to load.
#include <windows.h>

#ifdef __i386__
#define IMPORT_SLOT(name) "__imp__" #name
#else
#define IMPORT_SLOT(name) "__imp_" #name
#endif

// These are the very slots that code compiled with __declspec(dllimport) calls through.
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
