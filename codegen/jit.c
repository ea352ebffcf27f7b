// Running kernels on the host: objects loaded by ORC.
#include <string.h>

#include <llvm-c/LLJIT.h>
#include <llvm-c/Orc.h>

#include "codegen/context.h"

struct cg_jit {
  cg_context *cg;
  LLVMOrcLLJITRef llvm;
};

const char *cg_host_triple(arena *a) { return llvm_take_message(a, LLVMGetDefaultTargetTriple()); }

const char *cg_host_cpu(arena *a) { return llvm_take_message(a, LLVMGetHostCPUName()); }

// True when there was an error, which is reported and freed.
static bool report(cg_context *cg, const char *what, LLVMErrorRef error) {
  if (error == NULL) return false;
  char *message = LLVMGetErrorMessage(error);
  diag_error(cg->diag, SRC_NOWHERE, "%s: %s", what, message);
  LLVMDisposeErrorMessage(message);
  return true;
}

// What objects ask for by name, this process has.
static bool use_process_symbols(cg_jit *jit) {
  LLVMOrcDefinitionGeneratorRef generator = NULL;
  char prefix = LLVMOrcLLJITGetGlobalPrefix(jit->llvm);
  LLVMErrorRef error = LLVMOrcCreateDynamicLibrarySearchGeneratorForProcess(&generator, prefix, NULL, NULL);
  if (report(jit->cg, "cannot run code on this machine", error)) return false;
  LLVMOrcJITDylibAddGenerator(LLVMOrcLLJITGetMainJITDylib(jit->llvm), generator);
  return true;
}

static bool add_object(cg_jit *jit, cg_bytes object) {
  LLVMMemoryBufferRef buffer =
      LLVMCreateMemoryBufferWithMemoryRangeCopy((const char *)object.data, object.size, "kernels");
  LLVMErrorRef error = LLVMOrcLLJITAddObjectFile(jit->llvm, LLVMOrcLLJITGetMainJITDylib(jit->llvm), buffer);
  return !report(jit->cg, "cannot load the generated code", error);
}

cg_jit *cg_jit_new(cg_context *cg, cg_bytes object) {
  cg_jit *jit = ARENA_NEW(cg->mem, cg_jit);
  jit->cg = cg;
  if (report(cg, "cannot run code on this machine", LLVMOrcCreateLLJIT(&jit->llvm, NULL))) return NULL;
  if (use_process_symbols(jit) && add_object(jit, object)) return jit;
  cg_jit_free(jit);
  return NULL;
}

void cg_jit_free(cg_jit *jit) {
  if (jit == NULL || jit->llvm == NULL) return;
  LLVMErrorRef error = LLVMOrcDisposeLLJIT(jit->llvm);
  jit->llvm = NULL;
  report(jit->cg, "cannot release generated code", error);
}

qrt_kernel cg_jit_kernel(cg_jit *jit, const char *symbol) {
  LLVMOrcExecutorAddress address = 0;
  const char *what = arena_printf(jit->cg->mem, "no kernel '%s'", symbol);
  if (report(jit->cg, what, LLVMOrcLLJITLookup(jit->llvm, &address, symbol))) return NULL;
  uintptr_t bits = (uintptr_t)address;
  qrt_kernel kernel;
  _Static_assert(sizeof kernel == sizeof bits, "functions have addresses");
  memcpy(&kernel, &bits, sizeof kernel);
  return kernel;
}
