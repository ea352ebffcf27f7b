// The primitives of quantized arithmetic: dot products of bytes and look-ups in constant tables.
#include "codegen/emit.h"
#include "support/fp.h"

// ---- dot products ----------------------------------------------------------------------------------------

// Byte j of every 32-bit lane, widened with or without its sign.
static LLVMValueRef byte_of(emit *e, LLVMValueRef x, unsigned j, bool is_signed) {
  LLVMTypeRef t = LLVMTypeOf(x);
  if (!is_signed && j == 3) return emit_binary(e, LLVMLShr, x, emit_int(e, t, 24));
  if (!is_signed)
    return emit_binary(e, LLVMAnd, emit_binary(e, LLVMLShr, x, emit_int(e, t, (uint64_t)8 * j)), emit_int(e, t, 255));
  LLVMValueRef top = emit_binary(e, LLVMShl, x, emit_int(e, t, 24 - (uint64_t)8 * j));
  return emit_binary(e, LLVMAShr, top, emit_int(e, t, 24));
}

static LLVMValueRef portable_dot(emit *e, const ir_op *op, bool is_signed) {
  LLVMTypeRef t = emit_result_type(e, op);
  LLVMValueRef sum = emit_operand(e, op, 0);
  LLVMValueRef u = emit_cast(e, emit_operand(e, op, 1), t);
  LLVMValueRef s = emit_cast(e, emit_operand(e, op, 2), t);
  for (unsigned j = 0; j < 4; j++) {
    LLVMValueRef product = LLVMBuildMul(e->builder, byte_of(e, u, j, is_signed), byte_of(e, s, j, true), "");
    sum = LLVMBuildAdd(e->builder, sum, product, "");
  }
  return sum;
}

static LLVMValueRef dot(emit *e, const ir_op *op, uint64_t limit, bool is_signed) {
  const target_pattern *p = emit_find_pattern(e, op, limit);
  return p != NULL ? emit_pattern(e, op, p, NULL) : portable_dot(e, op, is_signed);
}

LLVMValueRef emit_dot4(emit *e, const ir_op *op) {
  return dot(e, op, (uint64_t)ir_attr_int(op, IR_ATTR_UMAX, 255), false);
}

LLVMValueRef emit_dot4s(emit *e, const ir_op *op) {
  return dot(e, op, (uint64_t)ir_attr_int(op, IR_ATTR_UMAX, 128), true);
}

// The lower or the upper `bits` of every lane, which has twice as many, widened with or without their sign.
static LLVMValueRef half_of(emit *e, LLVMValueRef x, unsigned bits, bool upper, bool is_signed) {
  LLVMTypeRef t = LLVMTypeOf(x);
  LLVMValueRef by = emit_int(e, t, bits);
  if (!is_signed && !upper) return emit_binary(e, LLVMAnd, x, emit_int(e, t, (UINT64_C(1) << bits) - 1));
  LLVMValueRef top = upper ? x : emit_binary(e, LLVMShl, x, by);
  return emit_binary(e, is_signed ? LLVMAShr : LLVMLShr, top, by);
}

static LLVMValueRef pairs(emit *e, const ir_op *op, uint64_t limit, bool is_signed) {
  const target_pattern *p = emit_find_pattern(e, op, limit);
  if (p != NULL) return emit_pattern(e, op, p, NULL);
  LLVMTypeRef t = emit_result_type(e, op);
  LLVMValueRef sum = emit_operand(e, op, 0);
  LLVMValueRef x = emit_cast(e, emit_operand(e, op, 1), t);
  LLVMValueRef y = emit_cast(e, emit_operand(e, op, 2), t);
  unsigned bits = elem_get(op->results[0]->type.elem)->bits / 2;
  for (int odd = 0; odd < 2; odd++) {
    LLVMValueRef product =
        LLVMBuildMul(e->builder, half_of(e, x, bits, odd != 0, is_signed), half_of(e, y, bits, odd != 0, true), "");
    sum = LLVMBuildAdd(e->builder, sum, product, "");
  }
  return sum;
}

LLVMValueRef emit_pairs_u(emit *e, const ir_op *op) {
  return pairs(e, op, (uint64_t)ir_attr_int(op, IR_ATTR_UMAX, 128), false);
}

LLVMValueRef emit_pairs_s(emit *e, const ir_op *op) { return pairs(e, op, 0, true); }

// The even or the odd bf16 lanes as f32.
static LLVMValueRef bf16_half(emit *e, LLVMValueRef x, bool odd, LLVMTypeRef floats) {
  LLVMTypeRef t = emit_int_like(e, floats, 32);
  LLVMValueRef words = emit_cast(e, x, t);
  words = odd ? emit_binary(e, LLVMAnd, words, emit_int(e, t, 0xffff0000))
              : emit_binary(e, LLVMShl, words, emit_int(e, t, 16));
  return emit_cast(e, words, floats);
}

// The products are exact: fused or not, each addition rounds once.
LLVMValueRef emit_dot2(emit *e, const ir_op *op) {
  const target_pattern *p = emit_find_pattern(e, op, 0);
  if (p != NULL) return emit_pattern(e, op, p, NULL);
  LLVMTypeRef t = emit_result_type(e, op);
  LLVMValueRef sum = emit_operand(e, op, 0);
  for (int odd = 1; odd >= 0; odd--) {
    LLVMValueRef args[] = {bf16_half(e, emit_operand(e, op, 1), odd != 0, t),
                           bf16_half(e, emit_operand(e, op, 2), odd != 0, t), sum};
    sum = e->tier->fast_fma ? emit_call_on(e, "llvm.fma", t, args, 3)
                            : LLVMBuildFAdd(e->builder, sum, LLVMBuildFMul(e->builder, args[0], args[1], ""), "");
  }
  return sum;
}

// ---- look-ups --------------------------------------------------------------------------------------------

// Equal constants are one value of the context, so that one global serves all kernels of a module.
static LLVMValueRef find_constant(const emit *e, LLVMValueRef data, unsigned align) {
  for (LLVMValueRef g = LLVMGetFirstGlobal(e->module); g != NULL; g = LLVMGetNextGlobal(g))
    if (LLVMIsGlobalConstant(g) && LLVMGetInitializer(g) == data && LLVMGetAlignment(g) >= align) return g;
  return NULL;
}

LLVMValueRef emit_constant_bytes(emit *e, const uint8_t *bytes, size_t count, unsigned align) {
  LLVMValueRef data = llvm_const_bytes(e->context, bytes, count);
  LLVMValueRef found = find_constant(e, data, align);
  if (found != NULL) return found;
  LLVMValueRef g = LLVMAddGlobalInAddressSpace(e->module, LLVMTypeOf(data), "", e->target->address_space);
  LLVMSetInitializer(g, data);
  LLVMSetGlobalConstant(g, 1);
  LLVMSetLinkage(g, LLVMPrivateLinkage);
  LLVMSetUnnamedAddress(g, LLVMGlobalUnnamedAddr);
  LLVMSetAlignment(g, align);
  return g;
}

static LLVMValueRef table_in_memory(emit *e, const pattern_table *table) {
  size_t size = table->count * table->size;
  return emit_constant_bytes(e, table->data, size, size < 64 ? 16 : 64);
}

static LLVMValueRef from_memory(emit *e, const pattern_table *table, LLVMTypeRef t, LLVMValueRef offsets,
                                bool at_once) {
  return emit_little(e, emit_gather(e, t, table_in_memory(e, table), offsets, (unsigned)table->size, NULL, at_once));
}

LLVMValueRef emit_lookup(emit *e, const ir_op *op) {
  const ir_attr *bytes = ir_get_attr(op, IR_ATTR_TABLE);
  pattern_table table = {.data = bytes->data, .count = bytes->count, .size = 1};
  const target_pattern *p = emit_find_pattern(e, op, table.count);
  bool at_once = p != NULL && emit_is_word(p, "gather");
  if (p != NULL && !at_once) return emit_pattern(e, op, p, &table);
  LLVMTypeRef t = emit_result_type(e, op);
  LLVMValueRef offsets = LLVMBuildZExt(e->builder, emit_operand(e, op, 0), emit_int_like(e, t, 32), "");
  return from_memory(e, &table, t, offsets, at_once);
}

// The levels as f32, or as bf16: the upper halves of f32.
static pattern_table level_table(emit *e, const ir_attr *levels, unsigned size) {
  uint8_t *bytes = ARENA_ARRAY(e->mem, uint8_t, size * levels->count);
  for (size_t i = 0; i < levels->count; i++) {
    float level = (float)levels->reals[i];
    uint32_t bits = size == 4 ? fp_bits32(level) : fp_to_bf16(level);
    for (unsigned j = 0; j < size; j++) bytes[size * i + j] = (uint8_t)(bits >> (8 * j));
  }
  return (pattern_table){.data = bytes, .count = levels->count, .size = size};
}

static LLVMValueRef lookup_level(emit *e, const ir_op *op, unsigned size) {
  pattern_table table = level_table(e, ir_get_attr(op, IR_ATTR_LEVELS), size);
  const target_pattern *p = emit_find_pattern(e, op, table.count);
  bool at_once = p != NULL && emit_is_word(p, "gather");
  if (p != NULL && !at_once) return emit_pattern(e, op, p, &table);
  LLVMValueRef index = emit_operand(e, op, 0);
  LLVMTypeRef t = emit_result_type(e, op), ints = emit_int_like(e, t, 32);
  if (size < 4) index = LLVMBuildZExt(e->builder, index, ints, "");
  index = LLVMBuildAnd(e->builder, index, emit_int(e, ints, table.count - 1), "");
  LLVMValueRef offsets = LLVMBuildMul(e->builder, index, emit_int(e, ints, size), "");
  return from_memory(e, &table, t, offsets, at_once);
}

LLVMValueRef emit_lookup_f32(emit *e, const ir_op *op) { return lookup_level(e, op, 4); }
LLVMValueRef emit_lookup_bf16(emit *e, const ir_op *op) { return lookup_level(e, op, 2); }

// Lane by lane: whoever cannot keep the table in registers has it in memory, and gathers.
static LLVMValueRef portable_lookup_vector(emit *e, const ir_op *op) {
  LLVMValueRef index = emit_operand(e, op, 0), table = emit_operand(e, op, 1);
  uint32_t lanes = op->results[0]->type.lanes, last = op->operands[1]->type.lanes - 1;
  LLVMValueRef *found = ARENA_ARRAY(e->mem, LLVMValueRef, lanes);
  for (uint32_t i = 0; i < lanes; i++) {
    LLVMValueRef at = emit_lane(e, index, i);
    at = LLVMBuildAnd(e->builder, at, emit_int(e, LLVMTypeOf(at), last), "");
    found[i] = LLVMBuildExtractElement(e->builder, table, at, "");
  }
  return emit_concat(e, found, lanes);
}

LLVMValueRef emit_lookup_vector(emit *e, const ir_op *op) {
  const ir_type *t = &op->results[0]->type;
  uint32_t count = op->operands[1]->type.lanes;
  const target_pattern *p = emit_find_pattern_of(e, IR_LOOKUP_F32, t->elem, t->lanes, count);
  if (p == NULL || emit_is_word(p, "gather")) return portable_lookup_vector(e, op);
  pattern_table table = {.count = count, .size = 4};
  return emit_pattern(e, op, p, &table);
}
