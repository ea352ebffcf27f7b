// Inside codegen: LLVM's state, modules, and the way from a module to bytes.
#ifndef QCC_CODEGEN_CONTEXT_H
#define QCC_CODEGEN_CONTEXT_H

#include "codegen/codegen.h"
#include "codegen/llvm.h"
#include "codegen/pattern.h"

struct cg_context {
  diag *diag;
  arena *mem;
  LLVMContextRef llvm;
  pattern_cache patterns;
  size_t errors; // reported by LLVM
};

// A module for one target machine.
typedef struct cg_module {
  cg_context *cg;
  const target *target;
  LLVMTargetMachineRef machine;
  LLVMTargetDataRef layout;
  LLVMModuleRef llvm;
} cg_module;

// A new module with the triple's data layout and the target's protection flags; false (reported) when LLVM cannot
// generate code for the triple, the processor or the features. cg_module_free in any case.
bool cg_module_new(cg_context *cg, const target *t, const target_tier *tier, const char *triple, const cg_options *o,
                   const char *name, cg_module *out);
void cg_module_free(cg_module *m);

// Gives a function of the module the target's protection attributes.
void cg_module_harden(const cg_module *m, LLVMValueRef function);

// Verifies, optimises and writes the module.
bool cg_module_finish(cg_module *m, const cg_options *o, cg_kind kind, cg_bytes *out);

// Replaces what C does not allow in an identifier by '_'.
void cg_make_identifier(char *text);

// A copy of LLVM's buffer in the arena, NUL-terminated; the buffer is freed.
cg_bytes cg_take_buffer(cg_context *cg, LLVMMemoryBufferRef buffer);

#endif
