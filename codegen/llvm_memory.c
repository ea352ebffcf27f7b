// Loads and stores. They touch only the bytes of their lanes, at any alignment.
#include "codegen/emit.h"

LLVMValueRef emit_load(emit *e, const ir_op *op) {
  const emit_slot *slot = emit_buffer(e, op);
  LLVMValueRef p = emit_address(e, slot, op->operands[1]);
  return emit_little(e, emit_read(e, emit_result_type(e, op), p, emit_access_align(e, op, op->operands[1]), slot));
}

LLVMValueRef emit_load_splat(emit *e, const ir_op *op) {
  const emit_slot *slot = emit_buffer(e, op);
  LLVMTypeRef t = emit_result_type(e, op);
  LLVMValueRef p = emit_address(e, slot, op->operands[1]);
  LLVMValueRef v = emit_read(e, emit_element(t), p, emit_access_align(e, op, op->operands[1]), slot);
  return emit_splat(e, emit_little(e, v), emit_lanes(t));
}

LLVMValueRef emit_store(emit *e, const ir_op *op) {
  const emit_slot *slot = emit_buffer(e, op);
  LLVMValueRef p = emit_address(e, slot, op->operands[1]);
  emit_write(e, emit_little(e, emit_operand(e, op, 2)), p, emit_access_align(e, op, op->operands[1]), slot);
  return NULL;
}

LLVMValueRef emit_gather_op(emit *e, const ir_op *op) {
  const emit_slot *slot = emit_buffer(e, op);
  const target_pattern *p = emit_find_pattern(e, op, 0);
  LLVMTypeRef t = emit_result_type(e, op);
  bool at_once = p != NULL && emit_is_word(p, "gather");
  unsigned align = (unsigned)ir_attr_int(op, IR_ATTR_ALIGN, 1);
  LLVMValueRef base = op->operand_count > 2 ? emit_advance(e, slot->pointer, emit_operand(e, op, 2)) : slot->pointer;
  return emit_little(e, emit_gather(e, t, base, emit_operand(e, op, 1), align, slot, at_once));
}

// ---- the first lanes only --------------------------------------------------------------------------------

// min(count, lanes) as a 64-bit number.
static LLVMValueRef clamp(emit *e, LLVMValueRef count, uint32_t lanes) {
  LLVMValueRef all = emit_index(e, lanes);
  LLVMValueRef fewer = LLVMBuildICmp(e->builder, LLVMIntULT, count, all, "");
  return LLVMBuildSelect(e->builder, fewer, count, all, "");
}

// Lanes i < count, compared in integers as wide as the elements as long as lane numbers fit.
static LLVMValueRef first_mask(emit *e, LLVMTypeRef t, LLVMValueRef count) {
  uint32_t lanes = emit_lanes(t);
  unsigned bits = lanes < 256 ? emit_bits(emit_element(t)) : 32;
  LLVMTypeRef ints = emit_int_like(e, t, bits);
  LLVMValueRef n = LLVMBuildTrunc(e->builder, clamp(e, count, lanes), emit_element(ints), "");
  return LLVMBuildICmp(e->builder, LLVMIntULT, emit_iota(e, ints), emit_splat(e, n, lanes), "");
}

// Where elements are copied from or to; `slot` is NULL for the stack.
typedef struct place {
  LLVMValueRef pointer;
  const emit_slot *slot;
  unsigned align;
} place;

// Copies `part` elements at a position if that bit of count is set; returns the position behind them.
static LLVMValueRef copy_part(emit *e, LLVMTypeRef elem, uint32_t part, LLVMValueRef count, LLVMValueRef at, place to,
                              place from) {
  LLVMBasicBlockRef copy = LLVMAppendBasicBlockInContext(e->context, e->function, "");
  LLVMBasicBlockRef next = LLVMAppendBasicBlockInContext(e->context, e->function, "");
  LLVMBasicBlockRef before = LLVMGetInsertBlock(e->builder);
  LLVMValueRef bit = LLVMBuildAnd(e->builder, count, emit_index(e, part), "");
  LLVMValueRef set = LLVMBuildICmp(e->builder, LLVMIntNE, bit, emit_index(e, 0), "");
  LLVMBuildCondBr(e->builder, set, copy, next);
  LLVMPositionBuilderAtEnd(e->builder, copy);
  LLVMTypeRef t = emit_lanes_type(elem, part);
  LLVMValueRef v = emit_read(e, t, emit_advance(e, from.pointer, at), from.align, from.slot);
  emit_write(e, v, emit_advance(e, to.pointer, at), to.align, to.slot);
  LLVMValueRef behind = LLVMBuildAdd(e->builder, at, emit_index(e, part * emit_bits(elem) / 8), "");
  LLVMBuildBr(e->builder, next);
  LLVMPositionBuilderAtEnd(e->builder, next);
  LLVMValueRef position = LLVMBuildPhi(e->builder, emit_int_type(e, 64), "");
  LLVMAddIncoming(position, (LLVMValueRef[]){at, behind}, (LLVMBasicBlockRef[]){before, copy}, 2);
  return position;
}

// Copies the first `count` elements of a vector of type t, by the bits of count. Alignment is that of one element.
static void copy_first(emit *e, LLVMTypeRef t, LLVMValueRef count, place to, place from) {
  LLVMTypeRef elem = emit_element(t);
  unsigned size = emit_bits(elem) / 8;
  to.align = to.align < size ? to.align : size;
  from.align = from.align < size ? from.align : size;
  uint32_t part = 1;
  while (part <= emit_lanes(t) / 2) part *= 2;
  LLVMValueRef clamped = clamp(e, count, emit_lanes(t));
  LLVMValueRef at = emit_index(e, 0);
  for (; part > 0; part /= 2) at = copy_part(e, elem, part, clamped, at, to, from);
}

static place on_stack(LLVMValueRef pointer) { return (place){.pointer = pointer, .align = 16}; }

static bool is_masked(const emit *e, ir_opcode code, const ir_type *t) {
  const target_pattern *p = target_find_pattern(e->tier, code, t->elem, t->lanes, 0);
  return p != NULL && emit_is_word(p, "masked");
}

LLVMValueRef emit_load_first(emit *e, const ir_op *op) {
  const emit_slot *slot = emit_buffer(e, op);
  LLVMTypeRef t = emit_result_type(e, op);
  LLVMValueRef p = emit_address(e, slot, op->operands[1]);
  LLVMValueRef count = emit_operand(e, op, 2);
  unsigned align = emit_access_align(e, op, op->operands[1]);
  if (is_masked(e, op->code, &op->results[0]->type))
    return emit_masked_load(e, t, p, first_mask(e, t, count), align, slot);
  LLVMValueRef copy = emit_alloca(e, t);
  LLVMBuildStore(e->builder, LLVMConstNull(t), copy);
  copy_first(e, t, count, on_stack(copy), (place){p, slot, align});
  return emit_little(e, LLVMBuildLoad2(e->builder, t, copy, ""));
}

// Memory of the stack frame. It needs no alias scope: nobody else knows its address.
LLVMValueRef emit_scratch(emit *e, const ir_op *op) {
  uint64_t bytes = (uint64_t)ir_attr_int(op, IR_ATTR_VALUE, 0);
  LLVMValueRef memory = emit_alloca(e, LLVMArrayType2(emit_int_type(e, 8), bytes));
  LLVMSetAlignment(memory, 64);
  emit_slot *slot = ARENA_NEW(e->mem, emit_slot);
  slot->pointer = memory;
  slot->written = true;
  emit_bind_buffer(e, op->results[0], slot);
  return NULL;
}

LLVMValueRef emit_data(emit *e, const ir_op *op) {
  const ir_attr *table = ir_get_attr(op, IR_ATTR_TABLE);
  emit_slot *slot = ARENA_NEW(e->mem, emit_slot);
  slot->pointer = emit_constant_bytes(e, table->data, table->count, 64);
  emit_bind_buffer(e, op->results[0], slot);
  return NULL;
}

LLVMValueRef emit_prefetch(emit *e, const ir_op *op) {
  enum { READ = 0, DROP = 0, KEEP = 3, DATA = 1 };
  unsigned locality = ir_attr_int(op, IR_ATTR_ONCE, 0) != 0 ? DROP : KEEP;
  LLVMValueRef p = emit_address(e, emit_buffer(e, op), op->operands[1]);
  const char *name = arena_printf(e->mem, "llvm.prefetch.p%u", LLVMGetPointerAddressSpace(LLVMTypeOf(p)));
  LLVMTypeRef i32 = emit_int_type(e, 32);
  LLVMTypeRef types[] = {LLVMTypeOf(p), i32, i32, i32};
  LLVMTypeRef type = LLVMFunctionType(LLVMVoidTypeInContext(e->context), types, 4, 0);
  LLVMValueRef f = LLVMGetNamedFunction(e->module, name);
  if (f == NULL) f = LLVMAddFunction(e->module, name, type);
  LLVMValueRef args[] = {p, LLVMConstInt(i32, READ, 0), LLVMConstInt(i32, locality, 0), LLVMConstInt(i32, DATA, 0)};
  LLVMBuildCall2(e->builder, type, f, args, 4, "");
  return NULL;
}

LLVMValueRef emit_store_first(emit *e, const ir_op *op) {
  const emit_slot *slot = emit_buffer(e, op);
  LLVMValueRef v = emit_little(e, emit_operand(e, op, 2));
  LLVMTypeRef t = LLVMTypeOf(v);
  LLVMValueRef p = emit_address(e, slot, op->operands[1]);
  LLVMValueRef count = emit_operand(e, op, 3);
  unsigned align = emit_access_align(e, op, op->operands[1]);
  if (is_masked(e, op->code, &op->operands[2]->type)) {
    emit_masked_store(e, v, p, first_mask(e, t, count), align, slot);
    return NULL;
  }
  LLVMValueRef copy = emit_alloca(e, t);
  LLVMBuildStore(e->builder, v, copy);
  copy_first(e, t, count, (place){p, slot, align}, on_stack(copy));
  return NULL;
}
