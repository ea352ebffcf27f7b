// The masked and gathering operations of LLVM.
#include "codegen/emit.h"

// Until LLVM 21 the alignment is an argument; later it is an attribute of the pointer.
static LLVMValueRef call_masked(emit *e, const char *name, LLVMTypeRef result, LLVMValueRef *args, unsigned count,
                                unsigned pointer, unsigned align) {
  LLVMValueRef all[5];
  unsigned n = 0;
  for (unsigned i = 0; i < count; i++) {
    all[n++] = args[i];
    if (LLVM_VERSION_MAJOR < 22 && i == pointer) all[n++] = LLVMConstInt(emit_int_type(e, 32), align, 0);
  }
  LLVMTypeRef types[5];
  for (unsigned i = 0; i < n; i++) types[i] = LLVMTypeOf(all[i]);
  LLVMTypeRef type = LLVMFunctionType(result, types, n, 0);
  LLVMValueRef f = LLVMGetNamedFunction(e->module, name);
  if (f == NULL) f = LLVMAddFunction(e->module, name, type);
  LLVMValueRef call = LLVMBuildCall2(e->builder, type, f, all, n, "");
  if (LLVM_VERSION_MAJOR >= 22) {
    unsigned kind = LLVMGetEnumAttributeKindForName("align", 5);
    LLVMAddCallSiteAttribute(call, pointer + 1, LLVMCreateEnumAttribute(e->context, kind, align));
  }
  return call;
}

static const char *memory_name(emit *e, const char *what, LLVMTypeRef t, LLVMValueRef pointer) {
  return arena_printf(e->mem, "llvm.masked.%s.%s.p%u", what, emit_type_suffix(e, t),
                      LLVMGetPointerAddressSpace(LLVMTypeOf(pointer)));
}

LLVMValueRef emit_masked_load(emit *e, LLVMTypeRef t, LLVMValueRef pointer, LLVMValueRef mask, unsigned align,
                              const emit_slot *slot) {
  LLVMValueRef args[] = {pointer, mask, LLVMConstNull(t)};
  LLVMValueRef v = call_masked(e, memory_name(e, "load", t, pointer), t, args, 3, 0, align);
  emit_mark(e, slot, v);
  return v;
}

void emit_masked_store(emit *e, LLVMValueRef v, LLVMValueRef pointer, LLVMValueRef mask, unsigned align,
                       const emit_slot *slot) {
  LLVMValueRef args[] = {v, pointer, mask};
  LLVMTypeRef none = LLVMVoidTypeInContext(e->context);
  emit_mark(e, slot, call_masked(e, memory_name(e, "store", LLVMTypeOf(v), pointer), none, args, 3, 1, align));
}

static LLVMValueRef gather_at_once(emit *e, LLVMTypeRef t, LLVMValueRef base, LLVMValueRef offsets, unsigned align,
                                   const emit_slot *slot) {
  uint32_t lanes = emit_lanes(t);
  LLVMValueRef wide = LLVMBuildSExt(e->builder, offsets, emit_int_like(e, t, 64), "");
  LLVMValueRef pointers = emit_advance(e, base, wide);
  LLVMValueRef mask = LLVMConstAllOnes(emit_int_like(e, t, 1));
  LLVMValueRef args[] = {pointers, mask, LLVMConstNull(t)};
  const char *name = arena_printf(e->mem, "llvm.masked.gather.%s.v%up%u", emit_type_suffix(e, t), lanes,
                                  LLVMGetPointerAddressSpace(LLVMTypeOf(base)));
  LLVMValueRef v = call_masked(e, name, t, args, 3, 0, align);
  emit_mark(e, slot, v);
  return v;
}

LLVMValueRef emit_gather(emit *e, LLVMTypeRef t, LLVMValueRef base, LLVMValueRef offsets, unsigned align,
                         const emit_slot *slot, bool at_once) {
  uint32_t lanes = emit_lanes(t);
  if (at_once && lanes > 1) return gather_at_once(e, t, base, offsets, align, slot);
  LLVMValueRef *all = ARENA_ARRAY(e->mem, LLVMValueRef, lanes);
  for (uint32_t i = 0; i < lanes; i++) {
    LLVMValueRef offset = LLVMBuildZExt(e->builder, emit_lane(e, offsets, i), emit_int_type(e, 64), "");
    all[i] = emit_read(e, emit_element(t), emit_advance(e, base, offset), align, slot);
  }
  return emit_concat(e, all, lanes);
}
