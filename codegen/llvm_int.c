// Integer lanes, constants and lane moves.
#include "codegen/emit.h"

#define INT_OP(name, build)                                                       \
  LLVMValueRef name(emit *e, const ir_op *op) {                                   \
    return build(e->builder, emit_operand(e, op, 0), emit_operand(e, op, 1), ""); \
  }
INT_OP(emit_add, LLVMBuildAdd)
INT_OP(emit_sub, LLVMBuildSub)
INT_OP(emit_mul, LLVMBuildMul)
INT_OP(emit_and, LLVMBuildAnd)
INT_OP(emit_or, LLVMBuildOr)
INT_OP(emit_xor, LLVMBuildXor)

#define SHIFT_OP(name, build)                                                                          \
  LLVMValueRef name(emit *e, const ir_op *op) {                                                        \
    uint64_t shift = (uint64_t)ir_attr_int(op, IR_ATTR_SHIFT, 0);                                      \
    return build(e->builder, emit_operand(e, op, 0), emit_int(e, emit_result_type(e, op), shift), ""); \
  }
SHIFT_OP(emit_shl, LLVMBuildShl)
SHIFT_OP(emit_shr, LLVMBuildLShr)
SHIFT_OP(emit_sar, LLVMBuildAShr)

// x shifted by the lanes of y where they are below the width, else what is left then.
static LLVMValueRef shift_by(emit *e, const ir_op *op, LLVMOpcode code) {
  LLVMValueRef x = emit_operand(e, op, 0), y = emit_operand(e, op, 1);
  LLVMTypeRef t = emit_result_type(e, op);
  unsigned bits = emit_bits(emit_element(t));
  LLVMValueRef fits = LLVMBuildICmp(e->builder, LLVMIntULT, y, emit_int(e, t, bits), "");
  if (code == LLVMAShr)
    return LLVMBuildAShr(e->builder, x, LLVMBuildSelect(e->builder, fits, y, emit_int(e, t, bits - 1), ""), "");
  return LLVMBuildSelect(e->builder, fits, LLVMBuildBinOp(e->builder, code, x, y, ""), LLVMConstNull(t), "");
}

LLVMValueRef emit_shlv(emit *e, const ir_op *op) { return shift_by(e, op, LLVMShl); }
LLVMValueRef emit_shrv(emit *e, const ir_op *op) { return shift_by(e, op, LLVMLShr); }
LLVMValueRef emit_sarv(emit *e, const ir_op *op) { return shift_by(e, op, LLVMAShr); }

LLVMValueRef emit_abs(emit *e, const ir_op *op) {
  LLVMTypeRef t = emit_result_type(e, op), flag = emit_int_type(e, 1);
  const char *name = arena_printf(e->mem, "llvm.abs.%s", emit_type_suffix(e, t));
  return emit_call(e, name, t, (LLVMValueRef[]){emit_operand(e, op, 0), LLVMConstNull(flag)}, 2);
}

LLVMValueRef emit_popcount(emit *e, const ir_op *op) {
  const target_pattern *p = emit_find_pattern(e, op, 0);
  LLVMValueRef x = emit_operand(e, op, 0);
  return p != NULL ? emit_pattern(e, op, p, NULL) : emit_call_on(e, "llvm.ctpop", LLVMTypeOf(x), &x, 1);
}

// (x >> shift) & mask in lanes of `t`, which may be wider than the operation's.
static LLVMValueRef extract(emit *e, LLVMValueRef x, uint64_t shift, uint64_t mask) {
  LLVMTypeRef t = LLVMTypeOf(x);
  LLVMValueRef shifted = LLVMBuildLShr(e->builder, x, emit_int(e, t, shift), "");
  return LLVMBuildAnd(e->builder, shifted, emit_int(e, t, mask), "");
}

// Few machines shift bytes, but the mask takes away what comes in from the next byte: lanes of 32 bits do as well.
LLVMValueRef emit_field(emit *e, const ir_op *op) {
  LLVMValueRef x = emit_operand(e, op, 0);
  LLVMTypeRef t = LLVMTypeOf(x);
  uint64_t shift = (uint64_t)ir_attr_int(op, IR_ATTR_SHIFT, 0);
  uint64_t mask = (uint64_t)ir_attr_int(op, IR_ATTR_MASK, 0);
  if (emit_bits(emit_element(t)) != 8 || emit_lanes(t) % 4 != 0) return extract(e, x, shift, mask);
  LLVMTypeRef wide = emit_lanes_type(emit_int_type(e, 32), emit_lanes(t) / 4);
  uint64_t bytes = (mask & (UINT64_C(0xff) >> shift)) * UINT64_C(0x01010101);
  LLVMValueRef v = extract(e, LLVMBuildBitCast(e->builder, x, wide, ""), shift, bytes);
  return LLVMBuildBitCast(e->builder, v, t, "");
}

LLVMValueRef emit_smin(emit *e, const ir_op *op) {
  LLVMValueRef args[] = {emit_operand(e, op, 0), emit_operand(e, op, 1)};
  return emit_call_on(e, "llvm.smin", emit_result_type(e, op), args, 2);
}

LLVMValueRef emit_smax(emit *e, const ir_op *op) {
  LLVMValueRef args[] = {emit_operand(e, op, 0), emit_operand(e, op, 1)};
  return emit_call_on(e, "llvm.smax", emit_result_type(e, op), args, 2);
}

#define RESIZE_OP(name, build)                                                     \
  LLVMValueRef name(emit *e, const ir_op *op) {                                    \
    return build(e->builder, emit_operand(e, op, 0), emit_result_type(e, op), ""); \
  }
RESIZE_OP(emit_zext, LLVMBuildZExt)
RESIZE_OP(emit_sext, LLVMBuildSExt)
RESIZE_OP(emit_trunc, LLVMBuildTrunc)

// ---- constants and lane moves ----------------------------------------------------------------------------

LLVMValueRef emit_splat_const(emit *e, const ir_op *op) {
  const ir_type *type = &op->results[0]->type;
  const ir_attr *real = ir_get_attr(op, IR_ATTR_REAL);
  uint64_t bits = real != NULL ? elem_encode(type->elem, real->r) : (uint64_t)ir_attr_int(op, IR_ATTR_VALUE, 0);
  LLVMTypeRef t = emit_type(e, type);
  if (type->elem == ELEM_F64) return emit_real(e, t, real->r);
  return type->elem == ELEM_F32 ? emit_float(e, t, (uint32_t)bits) : emit_int(e, t, bits);
}

LLVMValueRef emit_iota_op(emit *e, const ir_op *op) { return emit_iota(e, emit_result_type(e, op)); }

LLVMValueRef emit_splat_op(emit *e, const ir_op *op) {
  return emit_splat(e, emit_operand(e, op, 0), op->results[0]->type.lanes);
}

LLVMValueRef emit_shuffle_op(emit *e, const ir_op *op) {
  const ir_attr *table = ir_get_attr(op, IR_ATTR_TABLE);
  LLVMValueRef pieces[2] = {emit_operand(e, op, 0), emit_operand(e, op, op->operand_count - 1)};
  LLVMValueRef all = emit_concat(e, pieces, (uint32_t)op->operand_count);
  if (emit_lanes(LLVMTypeOf(all)) == 1) return all;
  if (table->count == 1) return emit_lane(e, all, table->data[0]);
  LLVMValueRef *mask = ARENA_ARRAY(e->mem, LLVMValueRef, table->count);
  for (size_t i = 0; i < table->count; i++) mask[i] = LLVMConstInt(emit_int_type(e, 32), table->data[i], 0);
  return LLVMBuildShuffleVector(e->builder, all, LLVMGetPoison(LLVMTypeOf(all)),
                                LLVMConstVector(mask, (unsigned)table->count), "");
}

LLVMValueRef emit_bitcast(emit *e, const ir_op *op) {
  return emit_cast(e, emit_operand(e, op, 0), emit_result_type(e, op));
}
