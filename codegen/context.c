// LLVM's state of one compilation, and its errors.
#include "codegen/context.h"

#include <llvm-c/Support.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define STATUS_INTERNAL 70

// LLVM does not come back from these errors; the process ends as for any broken invariant of the compiler itself.
static void on_fatal_error(const char *reason) {
  fprintf(stderr, "qcc: internal error: LLVM: %s\n", reason);
  fflush(NULL);
  _exit(STATUS_INTERNAL);
}

static void on_diagnostic(LLVMDiagnosticInfoRef info, void *context) {
  cg_context *cg = context;
  char *text = LLVMGetDiagInfoDescription(info);
  if (LLVMGetDiagInfoSeverity(info) == LLVMDSError) {
    cg->errors++;
    diag_error(cg->diag, SRC_NOWHERE, "LLVM: %.*s", (int)strcspn(text, "\n"), text);
  }
  LLVMDisposeMessage(text);
}

// Loop strength reduction takes a third of the time of code generation here, and what it makes of kernels is larger and
// no faster: addresses already are a pointer and constants. It has no other switch; options may be parsed once only.
static void set_options(const target *t) {
  const char *words[2 + TARGET_MAX_OPTIONS] = {"qcc", "-disable-lsr"};
  int count = 2;
  for (size_t i = 0; t != NULL && i < TARGET_MAX_OPTIONS && t->llvm_options[i] != NULL; i++)
    words[count++] = t->llvm_options[i];
  LLVMParseCommandLineOptions(count, words, NULL);
}

// Once a process, which LLVM knows by itself.
static void start_llvm(const target *t) {
  if (LLVMGetFirstTarget() != NULL) return;
  set_options(t);
  LLVMInitializeAllTargetInfos();
  LLVMInitializeAllTargets();
  LLVMInitializeAllTargetMCs();
  LLVMInitializeAllAsmPrinters();
  LLVMInitializeAllAsmParsers();
  LLVMResetFatalErrorHandler();
  LLVMInstallFatalErrorHandler(on_fatal_error);
}

void cg_start(const target *t) { start_llvm(t); }

cg_context *cg_new(diag *d, arena *a) {
  start_llvm(NULL);
  cg_context *cg = ARENA_NEW(a, cg_context);
  cg->diag = d;
  cg->mem = a;
  cg->llvm = LLVMContextCreate();
  LLVMContextSetDiagnosticHandler(cg->llvm, on_diagnostic, cg);
  return cg;
}

void cg_free(cg_context *cg) {
  if (cg != NULL) LLVMContextDispose(cg->llvm);
}

cg_bytes cg_take_buffer(cg_context *cg, LLVMMemoryBufferRef buffer) {
  size_t size = LLVMGetBufferSize(buffer);
  const char *copy = arena_strndup(cg->mem, LLVMGetBufferStart(buffer), size);
  LLVMDisposeMemoryBuffer(buffer);
  return (cg_bytes){.data = (const uint8_t *)copy, .size = size};
}
