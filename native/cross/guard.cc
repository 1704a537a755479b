// Control Flow Guard (https://learn.microsoft.com/windows/win32/secbp/control-flow-guard) without a C runtime. The
// compiler routes each indirect call through one of two pointers, the linker fills in the tables of valid targets, and
// Windows sets the pointers to its own checks when it loads the DLL. A Windows without the guard leaves them as they
// are, so they begin as functions that check nothing.
//
// For 64 bits only. The 32-bit build has no exception handlers and says so (NO_SEH), which guards what SafeSEH guards.
#ifdef _WIN64
extern "C" {

static void CheckNothing() {}

void DispatchNothing();
#ifdef __x86_64__
__asm__(".text\n.globl DispatchNothing\nDispatchNothing:\n  jmpq *%rax\n");
#else
__asm__(".text\n.globl DispatchNothing\nDispatchNothing:\n  br x9\n");
#endif

extern void (*const __guard_check_icall_fptr)();
extern void (*const __guard_dispatch_icall_fptr)();
__attribute__((section(".00cfg"), used)) void (*const __guard_check_icall_fptr)() = CheckNothing;
__attribute__((section(".00cfg"), used)) void (*const __guard_dispatch_icall_fptr)() = DispatchNothing;
}

// IMAGE_LOAD_CONFIG_DIRECTORY64 up to GuardLongJumpTargetCount, which the linker finds by this name.
__asm__(R"(
  .section .rdata,"dr"
  .globl _load_config_used
  .balign 8
_load_config_used:
  .long 0xC0
  .zero 0x70 - 4
  .quad __guard_check_icall_fptr
  .quad __guard_dispatch_icall_fptr
  .quad __guard_fids_table
  .quad __guard_fids_count
  .long __guard_flags
  .zero 12
  .quad __guard_iat_table
  .quad __guard_iat_count
  .quad __guard_longjmp_table
  .quad __guard_longjmp_count
  .text
)");
#endif
