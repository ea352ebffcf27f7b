// Calls of LLVM intrinsics by name.
#include <string.h>

#include "codegen/emit.h"

static const char *element_suffix(LLVMTypeRef elem, arena *mem) {
  switch (LLVMGetTypeKind(elem)) {
  case LLVMIntegerTypeKind: return arena_printf(mem, "i%u", LLVMGetIntTypeWidth(elem));
  case LLVMHalfTypeKind: return "f16";
  case LLVMBFloatTypeKind: return "bf16";
  case LLVMFloatTypeKind: return "f32";
  default: return "f64";
  }
}

const char *emit_type_suffix(const emit *e, LLVMTypeRef t) {
  const char *elem = element_suffix(emit_element(t), e->mem);
  return emit_lanes(t) == 1 ? elem : arena_printf(e->mem, "v%u%s", emit_lanes(t), elem);
}

// The type of an overloaded intrinsic's function follows from its arguments, any other's is fixed.
static LLVMTypeRef call_type(const emit *e, unsigned id, LLVMTypeRef result, LLVMValueRef *args, unsigned count) {
  if (!LLVMIntrinsicIsOverloaded(id)) return LLVMIntrinsicGetType(e->context, id, NULL, 0);
  LLVMTypeRef *types = ARENA_ARRAY(e->mem, LLVMTypeRef, count);
  for (unsigned i = 0; i < count; i++) types[i] = LLVMTypeOf(args[i]);
  return LLVMFunctionType(result, types, count, 0);
}

static bool same_size(LLVMTypeRef a, LLVMTypeRef b) {
  return emit_bits(emit_element(a)) * emit_lanes(a) == emit_bits(emit_element(b)) * emit_lanes(b);
}

// The types of some intrinsics changed between versions of LLVM, their bits did not.
static bool fit_args(emit *e, LLVMTypeRef function, LLVMValueRef *args, unsigned count) {
  if (LLVMCountParamTypes(function) != count) return false;
  LLVMTypeRef *types = ARENA_ARRAY(e->mem, LLVMTypeRef, count);
  LLVMGetParamTypes(function, types);
  for (unsigned i = 0; i < count; i++) {
    if (LLVMTypeOf(args[i]) == types[i] || LLVMGetTypeKind(types[i]) == LLVMPointerTypeKind) continue;
    if (!same_size(LLVMTypeOf(args[i]), types[i])) return false;
    args[i] = emit_cast(e, args[i], types[i]);
  }
  return true;
}

LLVMValueRef emit_call(emit *e, const char *name, LLVMTypeRef result, LLVMValueRef *args, unsigned count) {
  unsigned id = LLVMLookupIntrinsicID(name, strlen(name));
  LLVMTypeRef type = id == 0 ? NULL : call_type(e, id, result, args, count);
  if (type == NULL || !fit_args(e, type, args, count)) {
    emit_broken(e, "LLVM has no intrinsic '%s' with these operands", name);
    return LLVMGetPoison(result);
  }
  LLVMValueRef f = LLVMGetNamedFunction(e->module, name);
  if (f == NULL) f = LLVMAddFunction(e->module, name, type);
  return LLVMBuildCall2(e->builder, type, f, args, count, "");
}

LLVMValueRef emit_call_on(emit *e, const char *name, LLVMTypeRef t, LLVMValueRef *args, unsigned count) {
  return emit_call(e, arena_printf(e->mem, "%s.%s", name, emit_type_suffix(e, t)), t, args, count);
}
