// One kernel -> one LLVM function: prologue, blocks, loops.
#include "codegen/emit.h"

#include <stdarg.h>
#include <string.h>

static const emit_fn emitters[IR_OPCODE_COUNT] = {
#define EMIT(id, function) [IR_##id] = function,
#include "codegen/emit.def"
#undef EMIT
};

emit_fn emit_get(ir_opcode code) { return emitters[code]; }

void emit_broken(emit *e, const char *format, ...) {
  va_list args;
  va_start(args, format);
  const char *text = arena_vprintf(e->mem, format, args);
  va_end(args);
  e->failed = true;
  diag_error(e->diag, e->op != NULL ? e->op->loc : SRC_NOWHERE, "internal error: kernel '%s', '%s' for tier %s: %s",
             e->func->name, e->op != NULL ? ir_op_get_info(e->op->code)->name : "kernel", e->tier->name, text);
}

// ---- values ----------------------------------------------------------------------------------------------

static void bind(emit *e, const ir_value *v, emit_binding binding) {
  ptr_map_set(&e->numbers, v, e->bindings.len);
  vec_push(e->mem, &e->bindings, binding);
}

void emit_bind_buffer(emit *e, const ir_value *v, emit_slot *slot) {
  bind(e, v, (emit_binding){.value = slot->pointer, .align = 1, .slot = slot});
}

void emit_bind(emit *e, const ir_value *v, LLVMValueRef value, uint64_t align) {
  bind(e, v, (emit_binding){.value = value, .align = align});
}

// Kernels have passed the verifier: every operand is defined before its use.
const emit_binding *emit_lookup_value(const emit *e, const ir_value *v) {
  return &e->bindings.data[ptr_map_get(&e->numbers, v, 0)];
}

LLVMValueRef emit_operand(const emit *e, const ir_op *op, size_t index) {
  return emit_lookup_value(e, op->operands[index])->value;
}

// ---- alignment of indices --------------------------------------------------------------------------------

#define ALIGN_MAX (UINT64_C(1) << 32)

static uint64_t smaller(uint64_t x, uint64_t y) { return x < y ? x : y; }

static uint64_t largest_power(uint64_t x) { return x == 0 ? ALIGN_MAX : smaller(x & -x, ALIGN_MAX); }

static uint64_t operand_align(const emit *e, const ir_op *op, size_t index) {
  return emit_lookup_value(e, op->operands[index])->align;
}

static uint64_t result_align(const emit *e, const ir_op *op) {
  switch (op->code) {
  case IR_INDEX_CONST: return largest_power((uint64_t)ir_attr_int(op, IR_ATTR_VALUE, 0));
  case IR_IADD:
  case IR_ISUB:
  case IR_IREM: // x - y * (x / y)
  case IR_IMIN: return smaller(operand_align(e, op, 0), operand_align(e, op, 1));
  case IR_IMUL: return smaller(operand_align(e, op, 0) * operand_align(e, op, 1), ALIGN_MAX);
  default: return 1;
  }
}

// ---- blocks and loops ------------------------------------------------------------------------------------

const ir_op *emit_block(emit *e, const ir_block *block) {
  for (size_t i = 0; i < block->ops.len && !e->failed; i++) {
    const ir_op *op = block->ops.data[i];
    if (ir_op_get_info(op->code)->flags & IR_FLAG_TERMINATOR) return op;
    e->op = op;
    if (emitters[op->code] == NULL) {
      emit_broken(e, "this operation is none of a kernel's");
      break;
    }
    LLVMValueRef v = emitters[op->code](e, op);
    if (v != NULL && op->result_count == 1) emit_bind(e, op->results[0], v, result_align(e, op));
  }
  return NULL;
}

static LLVMMetadataRef unroll_hint(const emit *e, int64_t count) {
  LLVMMetadataRef parts[2];
  const char *name = count > 1 ? "llvm.loop.unroll.count" : "llvm.loop.unroll.disable";
  parts[0] = LLVMMDStringInContext2(e->context, name, strlen(name));
  parts[1] = LLVMValueAsMetadata(LLVMConstInt(emit_int_type(e, 32), (uint64_t)count, 0));
  return LLVMMDNodeInContext2(e->context, parts, count > 1 ? 2 : 1);
}

// A loop's metadata names itself first, which makes it distinct from that of any other loop.
static void set_unroll(const emit *e, LLVMValueRef branch, int64_t count) {
  LLVMMetadataRef self = LLVMTemporaryMDNode(e->context, NULL, 0);
  LLVMMetadataRef parts[] = {self, unroll_hint(e, count)};
  LLVMMetadataRef node = LLVMMDNodeInContext2(e->context, parts, 2);
  LLVMMetadataReplaceAllUsesWith(self, node);
  LLVMSetMetadata(branch, LLVMGetMDKindIDInContext(e->context, "llvm.loop", 9), LLVMMetadataAsValue(e->context, node));
}

static LLVMBasicBlockRef new_block(const emit *e, const char *name) {
  return LLVMAppendBasicBlockInContext(e->context, e->function, name);
}

// Phis for the loop's index and carried values, with what they have at first.
static void begin_phis(emit *e, const ir_op *op, LLVMBasicBlockRef before) {
  const ir_block *body = op->body;
  uint64_t align = smaller(operand_align(e, op, 0), operand_align(e, op, 2));
  for (size_t i = 0; i < body->param_count; i++) {
    LLVMValueRef first = emit_operand(e, op, i == 0 ? 0 : i + 2);
    LLVMValueRef phi = LLVMBuildPhi(e->builder, LLVMTypeOf(first), "");
    LLVMAddIncoming(phi, &first, &before, 1);
    emit_bind(e, body->params[i], phi, i == 0 ? align : 1);
  }
}

static void end_phis(emit *e, const ir_op *op, const ir_op *yield, LLVMValueRef next, LLVMBasicBlockRef latch) {
  for (size_t i = 0; i < op->body->param_count; i++) {
    LLVMValueRef value = i == 0 ? next : emit_operand(e, yield, i - 1);
    LLVMAddIncoming(emit_lookup_value(e, op->body->params[i])->value, &value, &latch, 1);
  }
}

// The loop's results: what was carried in when there is no turn, else what the last turn yielded.
static void bind_results(emit *e, const ir_op *op, const ir_op *yield, LLVMBasicBlockRef before,
                         LLVMBasicBlockRef latch) {
  for (size_t i = 0; i < op->result_count; i++) {
    LLVMValueRef values[] = {emit_operand(e, op, i + 3), emit_operand(e, yield, i)};
    LLVMValueRef phi = LLVMBuildPhi(e->builder, LLVMTypeOf(values[0]), "");
    LLVMAddIncoming(phi, values, (LLVMBasicBlockRef[]){before, latch}, 2);
    emit_bind(e, op->results[i], phi, 1);
  }
}

// Tested before the first turn and after each one. Loops are unrolled as often as the attribute says, else not at all.
LLVMValueRef emit_for(emit *e, const ir_op *op) {
  LLVMValueRef hi = emit_operand(e, op, 1);
  LLVMValueRef step = emit_operand(e, op, 2);
  LLVMBasicBlockRef before = LLVMGetInsertBlock(e->builder);
  LLVMBasicBlockRef body = new_block(e, "loop");
  LLVMBasicBlockRef after = new_block(e, "done");
  LLVMValueRef any = LLVMBuildICmp(e->builder, LLVMIntULT, emit_operand(e, op, 0), hi, "");
  LLVMBuildCondBr(e->builder, any, body, after);
  LLVMPositionBuilderAtEnd(e->builder, body);
  begin_phis(e, op, before);
  const ir_op *yield = emit_block(e, op->body);
  if (yield == NULL) return NULL; // reported
  LLVMValueRef next = LLVMBuildNUWAdd(e->builder, emit_lookup_value(e, op->body->params[0])->value, step, "");
  LLVMValueRef more = LLVMBuildICmp(e->builder, LLVMIntULT, next, hi, "");
  LLVMBasicBlockRef latch = LLVMGetInsertBlock(e->builder);
  set_unroll(e, LLVMBuildCondBr(e->builder, more, body, after), ir_attr_int(op, IR_ATTR_UNROLL, 1));
  end_phis(e, op, yield, next, latch);
  LLVMPositionBuilderAtEnd(e->builder, after);
  bind_results(e, op, yield, before, latch);
  return NULL;
}

// ---- functions -------------------------------------------------------------------------------------------

static LLVMAttributeRef enum_attribute(const emit *e, const char *name, uint64_t value) {
  return LLVMCreateEnumAttribute(e->context, LLVMGetEnumAttributeKindForName(name, strlen(name)), value);
}

// struct qrt_args: two arrays whose layout is the same for every data layout with the same pointer size.
static LLVMTypeRef args_type(const emit *e) {
  LLVMTypeRef pointer = LLVMPointerTypeInContext(e->context, e->target->address_space);
  LLVMTypeRef parts[] = {LLVMArrayType2(pointer, QRT_MAX_BUFFERS), LLVMArrayType2(emit_int_type(e, 64), QRT_MAX_SIZES)};
  return LLVMStructTypeInContext(e->context, parts, 2, 0);
}

// Loops that store zeros stay loops: kernels call nothing, not even memset.
static void forbid_calls(const emit *e) {
  static const char name[] = "no-builtins";
  LLVMAttributeRef a = LLVMCreateStringAttribute(e->context, name, sizeof name - 1, "", 0);
  LLVMAddAttributeAtIndex(e->function, (LLVMAttributeIndex)LLVMAttributeFunctionIndex, a);
}

static void set_attributes(const emit *e, LLVMTypeRef args) {
  forbid_calls(e);
  static const char *const of_function[] = {"nounwind", "mustprogress", "willreturn", "nofree", "norecurse", "nosync"};
  for (size_t i = 0; i < sizeof of_function / sizeof *of_function; i++)
    LLVMAddAttributeAtIndex(e->function, (LLVMAttributeIndex)LLVMAttributeFunctionIndex,
                            enum_attribute(e, of_function[i], 0));
  static const char *const of_args[] = {"noalias", "nonnull", "readonly", "noundef"};
  for (size_t i = 0; i < sizeof of_args / sizeof *of_args; i++)
    LLVMAddAttributeAtIndex(e->function, 1, enum_attribute(e, of_args[i], 0));
  if (!e->target->gpu) return;
  unsigned kind = LLVMGetEnumAttributeKindForName("byval", 5);
  LLVMAddAttributeAtIndex(e->function, 1, LLVMCreateTypeAttribute(e->context, kind, args));
  LLVMSetFunctionCallConv(e->function, e->target->convention);
}

static LLVMValueRef load_member(emit *e, LLVMTypeRef args, unsigned member, size_t slot, LLVMTypeRef t) {
  LLVMTypeRef i32 = emit_int_type(e, 32);
  LLVMValueRef path[] = {LLVMConstInt(i32, 0, 0), LLVMConstInt(i32, member, 0), LLVMConstInt(i32, slot, 0)};
  LLVMValueRef where = LLVMBuildInBoundsGEP2(e->builder, args, LLVMGetParam(e->function, 0), path, 3, "");
  LLVMValueRef v = LLVMBuildLoad2(e->builder, t, where, "");
  LLVMValueRef nothing = LLVMMetadataAsValue(e->context, LLVMMDNodeInContext2(e->context, NULL, 0));
  LLVMSetMetadata(v, LLVMGetMDKindIDInContext(e->context, "invariant.load", 14), nothing);
  return v;
}

static bool bind_buffer(emit *e, const ir_value *param, LLVMTypeRef args) {
  if (e->slot_count == QRT_MAX_BUFFERS) return emit_broken(e, "more than %d buffers", QRT_MAX_BUFFERS), false;
  LLVMTypeRef pointer = LLVMPointerTypeInContext(e->context, e->target->address_space);
  emit_slot *slot = &e->slots[e->slot_count];
  slot->pointer = load_member(e, args, 0, e->slot_count++, pointer);
  emit_bind_buffer(e, param, slot);
  return true;
}

// Buffers, then sizes, then `begin` and `end`, which are arguments of their own.
static bool bind_params(emit *e, LLVMTypeRef args) {
  const ir_block *body = e->func->body;
  size_t sizes = 0;
  for (size_t i = 0; i < body->param_count; i++) {
    const ir_value *param = body->params[i];
    size_t left = body->param_count - i;
    if (param->type.kind == IR_BUFFER) {
      if (!bind_buffer(e, param, args)) return false;
    } else if (left <= 2) {
      emit_bind(e, param, LLVMGetParam(e->function, (unsigned)(3 - left)), 1);
    } else if (sizes == QRT_MAX_SIZES) {
      return emit_broken(e, "more than %d sizes", QRT_MAX_SIZES), false;
    } else {
      emit_bind(e, param, load_member(e, args, 1, sizes++, emit_int_type(e, 64)), 1);
    }
  }
  return true;
}

static void start_function(emit *e, LLVMTypeRef args, const char *symbol) {
  LLVMTypeRef i64 = emit_int_type(e, 64);
  LLVMTypeRef params[] = {LLVMPointerTypeInContext(e->context, 0), i64, i64};
  LLVMTypeRef type = LLVMFunctionType(LLVMVoidTypeInContext(e->context), params, 3, 0);
  e->function = LLVMAddFunction(e->module, symbol, type);
  set_attributes(e, args);
  LLVMPositionBuilderAtEnd(e->builder, new_block(e, "entry"));
}

LLVMValueRef emit_kernel(emit *e, const ir_func *f, const char *symbol) {
  e->func = f;
  e->op = NULL;
  e->failed = false;
  e->slot_count = 0;
  memset(e->slots, 0, sizeof e->slots);
  e->numbers = (ptr_map){.mem = e->mem};
  e->bindings.len = 0;
  LLVMTypeRef args = args_type(e);
  start_function(e, args, symbol);
  if (!bind_params(e, args)) return NULL;
  emit_make_slots(e);
  emit_block(e, f->body);
  if (!e->failed) LLVMBuildRetVoid(e->builder);
  return e->failed ? NULL : e->function;
}
