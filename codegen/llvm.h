// LLVM's C API as this folder uses it, with what differs between its versions (19 and later).
#ifndef QCC_CODEGEN_LLVM_H
#define QCC_CODEGEN_LLVM_H

#include <llvm-c/Analysis.h>
#include <llvm-c/Core.h>
#include <llvm-c/DebugInfo.h>
#include <llvm-c/Error.h>
#include <llvm-c/ErrorHandling.h>
#include <llvm-c/Support.h>
#include <llvm-c/Target.h>
#include <llvm-c/TargetMachine.h>
#include <llvm-c/Transforms/PassBuilder.h>
#include <llvm/Config/llvm-config.h>

#include "support/arena.h"

#if LLVM_VERSION_MAJOR < 19
#error "qcc needs LLVM 19 or later"
#endif

// A constant array of bytes without one value object for each (LLVM 21 has a call that takes any element type).
static inline LLVMValueRef llvm_const_bytes(LLVMContextRef c, const uint8_t *data, size_t size) {
  return LLVMConstStringInContext2(c, (const char *)data, size, 1);
}

// A copy in the arena of a message that LLVM allocated, which is freed.
static inline const char *llvm_take_message(arena *a, char *message) {
  const char *copy = arena_strdup(a, message != NULL ? message : "unknown error");
  LLVMDisposeMessage(message);
  return copy;
}

#endif
