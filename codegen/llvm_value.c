// Types, constants and groups of lanes. A vector of one lane is an LLVM scalar; f16 and bf16 lanes are their bits.
#include <string.h>

#include "codegen/emit.h"

// ---- types -----------------------------------------------------------------------------------------------

LLVMTypeRef emit_int_type(const emit *e, unsigned bits) { return LLVMIntTypeInContext(e->context, bits); }

LLVMTypeRef emit_elem_type(const emit *e, elem_type elem) {
  if (elem == ELEM_F32) return LLVMFloatTypeInContext(e->context);
  return elem == ELEM_F64 ? LLVMDoubleTypeInContext(e->context) : emit_int_type(e, elem_get(elem)->bits);
}

LLVMTypeRef emit_lanes_type(LLVMTypeRef elem, uint32_t lanes) {
  return lanes == 1 ? elem : LLVMVectorType(elem, lanes);
}

LLVMTypeRef emit_type(const emit *e, const ir_type *t) {
  if (t->kind == IR_VECTOR) return emit_lanes_type(emit_elem_type(e, t->elem), t->lanes);
  return emit_int_type(e, 64);
}

LLVMTypeRef emit_result_type(const emit *e, const ir_op *op) { return emit_type(e, &op->results[0]->type); }

static bool is_vector(LLVMTypeRef t) {
  LLVMTypeKind kind = LLVMGetTypeKind(t);
  return kind == LLVMVectorTypeKind || kind == LLVMScalableVectorTypeKind;
}

uint32_t emit_lanes(LLVMTypeRef t) { return is_vector(t) ? LLVMGetVectorSize(t) : 1; }

LLVMTypeRef emit_element(LLVMTypeRef t) { return is_vector(t) ? LLVMGetElementType(t) : t; }

unsigned emit_bits(LLVMTypeRef elem) {
  switch (LLVMGetTypeKind(elem)) {
  case LLVMIntegerTypeKind: return LLVMGetIntTypeWidth(elem);
  case LLVMHalfTypeKind:
  case LLVMBFloatTypeKind: return 16;
  case LLVMFloatTypeKind: return 32;
  default: return 64;
  }
}

LLVMTypeRef emit_int_like(const emit *e, LLVMTypeRef t, unsigned bits) {
  return emit_lanes_type(emit_int_type(e, bits), emit_lanes(t));
}

LLVMTypeRef emit_float_like(const emit *e, LLVMTypeRef t) {
  return emit_lanes_type(LLVMFloatTypeInContext(e->context), emit_lanes(t));
}

LLVMTypeRef emit_double_like(const emit *e, LLVMTypeRef t) {
  return emit_lanes_type(LLVMDoubleTypeInContext(e->context), emit_lanes(t));
}

// ---- constants -------------------------------------------------------------------------------------------

static LLVMValueRef repeat(const emit *e, LLVMValueRef scalar, uint32_t lanes) {
  if (lanes == 1) return scalar;
  LLVMValueRef *all = ARENA_ARRAY(e->mem, LLVMValueRef, lanes);
  for (uint32_t i = 0; i < lanes; i++) all[i] = scalar;
  return LLVMConstVector(all, lanes);
}

LLVMValueRef emit_int(const emit *e, LLVMTypeRef t, uint64_t value) {
  LLVMTypeRef elem = emit_element(t);
  unsigned bits = emit_bits(elem);
  uint64_t fitting = bits < 64 ? value & ((UINT64_C(1) << bits) - 1) : value;
  return repeat(e, LLVMConstInt(elem, fitting, 0), emit_lanes(t));
}

LLVMValueRef emit_float(const emit *e, LLVMTypeRef t, uint32_t bits) {
  LLVMValueRef scalar = LLVMConstBitCast(LLVMConstInt(emit_int_type(e, 32), bits, 0), emit_element(t));
  return repeat(e, scalar, emit_lanes(t));
}

LLVMValueRef emit_real(const emit *e, LLVMTypeRef t, double value) {
  return repeat(e, LLVMConstReal(emit_element(t), value), emit_lanes(t));
}

LLVMValueRef emit_index(const emit *e, uint64_t value) { return LLVMConstInt(emit_int_type(e, 64), value, 0); }

LLVMValueRef emit_iota(const emit *e, LLVMTypeRef t) {
  uint32_t lanes = emit_lanes(t);
  LLVMValueRef *all = ARENA_ARRAY(e->mem, LLVMValueRef, lanes);
  for (uint32_t i = 0; i < lanes; i++) all[i] = LLVMConstInt(emit_element(t), i, 0);
  return lanes == 1 ? all[0] : LLVMConstVector(all, lanes);
}

// ---- lanes -----------------------------------------------------------------------------------------------

static LLVMValueRef shuffle(emit *e, LLVMValueRef x, LLVMValueRef y, const uint32_t *lanes, uint32_t count) {
  LLVMValueRef *mask = ARENA_ARRAY(e->mem, LLVMValueRef, count);
  for (uint32_t i = 0; i < count; i++) mask[i] = LLVMConstInt(emit_int_type(e, 32), lanes[i], 0);
  return LLVMBuildShuffleVector(e->builder, x, y, LLVMConstVector(mask, count), "");
}

LLVMValueRef emit_lane(emit *e, LLVMValueRef v, uint32_t lane) {
  if (emit_lanes(LLVMTypeOf(v)) == 1) return v;
  return LLVMBuildExtractElement(e->builder, v, LLVMConstInt(emit_int_type(e, 32), lane, 0), "");
}

LLVMValueRef emit_splat(emit *e, LLVMValueRef scalar, uint32_t lanes) {
  if (lanes == 1) return scalar;
  LLVMTypeRef t = LLVMVectorType(LLVMTypeOf(scalar), lanes);
  LLVMValueRef zero = LLVMConstInt(emit_int_type(e, 32), 0, 0);
  LLVMValueRef one = LLVMBuildInsertElement(e->builder, LLVMGetPoison(t), scalar, zero, "");
  return shuffle(e, one, LLVMGetPoison(t), ARENA_ARRAY(e->mem, uint32_t, lanes), lanes);
}

LLVMValueRef emit_slice(emit *e, LLVMValueRef v, uint32_t first, uint32_t count) {
  if (count == emit_lanes(LLVMTypeOf(v))) return v;
  if (count == 1) return emit_lane(e, v, first);
  uint32_t *lanes = ARENA_ARRAY(e->mem, uint32_t, count);
  for (uint32_t i = 0; i < count; i++) lanes[i] = first + i;
  return shuffle(e, v, LLVMGetPoison(LLVMTypeOf(v)), lanes, count);
}

static LLVMValueRef concat_scalars(emit *e, LLVMValueRef *pieces, uint32_t count) {
  LLVMValueRef v = LLVMGetPoison(LLVMVectorType(LLVMTypeOf(pieces[0]), count));
  for (uint32_t i = 0; i < count; i++)
    v = LLVMBuildInsertElement(e->builder, v, pieces[i], LLVMConstInt(emit_int_type(e, 32), i, 0), "");
  return v;
}

// Two vectors of one type side by side.
static LLVMValueRef join(emit *e, LLVMValueRef x, LLVMValueRef y) {
  uint32_t count = 2 * emit_lanes(LLVMTypeOf(x));
  uint32_t *lanes = ARENA_ARRAY(e->mem, uint32_t, count);
  for (uint32_t i = 0; i < count; i++) lanes[i] = i;
  return shuffle(e, x, y, lanes, count);
}

LLVMValueRef emit_concat(emit *e, LLVMValueRef *pieces, uint32_t count) {
  if (count == 1) return pieces[0];
  if (emit_lanes(LLVMTypeOf(pieces[0])) == 1) return concat_scalars(e, pieces, count);
  uint32_t total = count * emit_lanes(LLVMTypeOf(pieces[0]));
  uint32_t padded = 1;
  while (padded < count) padded *= 2;
  LLVMValueRef *all = ARENA_ARRAY(e->mem, LLVMValueRef, padded);
  for (uint32_t i = 0; i < padded; i++) all[i] = i < count ? pieces[i] : LLVMGetPoison(LLVMTypeOf(pieces[0]));
  for (uint32_t n = padded; n > 1; n /= 2)
    for (size_t i = 0; i < n / 2; i++) all[i] = join(e, all[2 * i], all[2 * i + 1]);
  return emit_slice(e, all[0], 0, total);
}

LLVMValueRef emit_little(emit *e, LLVMValueRef v) {
  LLVMTypeRef t = LLVMTypeOf(v);
  unsigned bits = emit_bits(emit_element(t));
  if (!e->big_endian || bits == 8) return v;
  LLVMTypeRef ints = emit_int_like(e, t, bits);
  LLVMValueRef x = LLVMBuildBitCast(e->builder, v, ints, "");
  return LLVMBuildBitCast(e->builder, emit_call_on(e, "llvm.bswap", ints, &x, 1), t, "");
}

// What was cast to v's type, if it was of type t: activations are loaded as i32, used as bytes, and taken as i32 again.
static LLVMValueRef before_cast(LLVMValueRef v, LLVMTypeRef t) {
  if (LLVMIsABitCastInst(v) == NULL) return NULL;
  LLVMValueRef x = LLVMGetOperand(v, 0);
  return LLVMTypeOf(x) == t ? x : NULL;
}

LLVMValueRef emit_cast(emit *e, LLVMValueRef v, LLVMTypeRef t) {
  LLVMTypeRef from = LLVMTypeOf(v);
  if (from == t) return v;
  LLVMValueRef before = e->big_endian ? NULL : before_cast(v, t);
  if (before != NULL) return before;
  bool regroups = emit_lanes(from) != emit_lanes(t);
  if (!regroups) return LLVMBuildBitCast(e->builder, v, t, "");
  return emit_little(e, LLVMBuildBitCast(e->builder, emit_little(e, v), t, ""));
}

// ---- the same in every lane ------------------------------------------------------------------------------

static LLVMValueRef constant_in_all(LLVMValueRef v, uint32_t lanes) {
  LLVMValueRef first = LLVMGetAggregateElement(v, 0);
  for (uint32_t i = 1; i < lanes; i++)
    if (LLVMGetAggregateElement(v, i) != first) return NULL;
  return first;
}

// The one number in all lanes of a vector, if that is how it was made (emit_splat, emit_int); NULL otherwise.
static LLVMValueRef scalar_of(LLVMValueRef v) {
  LLVMTypeRef t = LLVMTypeOf(v);
  if (LLVMGetTypeKind(t) != LLVMVectorTypeKind) return NULL;
  if (LLVMIsConstant(v)) return constant_in_all(v, LLVMGetVectorSize(t));
  if (LLVMIsAShuffleVectorInst(v) == NULL) return NULL;
  LLVMValueRef one = LLVMGetOperand(v, 0);
  for (unsigned i = 0; i < LLVMGetNumMaskElements(v); i++)
    if (LLVMGetMaskValue(v, i) != 0) return NULL;
  if (LLVMIsAInsertElementInst(one) == NULL) return NULL;
  LLVMValueRef lane = LLVMGetOperand(one, 2);
  return LLVMIsAConstantInt(lane) != NULL && LLVMConstIntGetZExtValue(lane) == 0 ? LLVMGetOperand(one, 1) : NULL;
}

LLVMValueRef emit_binary(emit *e, LLVMOpcode code, LLVMValueRef x, LLVMValueRef y) {
  LLVMValueRef a = scalar_of(x);
  LLVMValueRef b = scalar_of(y);
  if (a == NULL || b == NULL) return LLVMBuildBinOp(e->builder, code, x, y, "");
  return emit_splat(e, LLVMBuildBinOp(e->builder, code, a, b, ""), emit_lanes(LLVMTypeOf(x)));
}

LLVMValueRef emit_convert(emit *e, LLVMOpcode code, LLVMValueRef x, LLVMTypeRef t) {
  LLVMValueRef a = scalar_of(x);
  if (a == NULL) return LLVMBuildCast(e->builder, code, x, t, "");
  return emit_splat(e, LLVMBuildCast(e->builder, code, a, emit_element(t), ""), emit_lanes(t));
}

// Little-endian bytes of an element.
static uint64_t read_bytes(const uint8_t *bytes, size_t size) {
  uint64_t value = 0;
  for (size_t i = 0; i < size; i++) value |= (uint64_t)bytes[i] << (8 * i);
  return value;
}

LLVMValueRef emit_table_vector(emit *e, const pattern_table *table, LLVMTypeRef t) {
  LLVMTypeRef elem = emit_element(t);
  unsigned size = emit_bits(elem) / 8;
  uint32_t lanes = emit_lanes(t);
  uint8_t *bytes = ARENA_ARRAY(e->mem, uint8_t, (size_t)lanes *size);
  for (size_t i = 0; i < (size_t)lanes * size; i++) bytes[i] = table->data[i % (table->count * table->size)];
  LLVMTypeRef bits = emit_int_type(e, 8 * size);
  LLVMValueRef *all = ARENA_ARRAY(e->mem, LLVMValueRef, lanes);
  for (uint32_t i = 0; i < lanes; i++)
    all[i] = LLVMConstBitCast(LLVMConstInt(bits, read_bytes(bytes + (size_t)i * size, size), 0), elem);
  return lanes == 1 ? all[0] : LLVMConstVector(all, lanes);
}
