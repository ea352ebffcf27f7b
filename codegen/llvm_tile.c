// Products of tiles: by the target's instructions for them, or row by row.
#include <string.h>

#include "codegen/emit.h"

#define TILE 16
#define TILE_BYTES 64

// A tile's place: operands `first` (buffer) and the one behind it.
static LLVMValueRef place(emit *e, const ir_op *op, size_t first) {
  return emit_address(e, emit_lookup_value(e, op->operands[first])->slot, op->operands[first + 1]);
}

static LLVMValueRef half_word(const emit *e, uint64_t value) { return LLVMConstInt(emit_int_type(e, 16), value, 0); }

// The type of tiles: what the target's intrinsics give.
static LLVMTypeRef tile_type(const emit *e) {
  const char *zero = e->tier->tiles->zero;
  unsigned id = LLVMLookupIntrinsicID(zero, strlen(zero));
  return LLVMGetReturnType(LLVMIntrinsicGetType(e->context, id, NULL, 0));
}

static LLVMValueRef load_tile(emit *e, uint64_t rows, uint64_t bytes, LLVMValueRef at) {
  LLVMValueRef args[] = {half_word(e, rows), half_word(e, bytes), at, emit_index(e, bytes)};
  return emit_call(e, e->tier->tiles->load, tile_type(e), args, 4);
}

static void by_instructions(emit *e, const ir_op *op, uint64_t rows) {
  const target_tiles *t = e->tier->tiles;
  LLVMTypeRef type = tile_type(e);
  LLVMValueRef shape[] = {half_word(e, TILE), half_word(e, TILE_BYTES)};
  LLVMValueRef c = emit_call(e, t->zero, type, shape, 2);
  LLVMValueRef a = load_tile(e, TILE, 4 * rows, place(e, op, 2)), b = load_tile(e, rows, TILE_BYTES, place(e, op, 4));
  LLVMValueRef args[] = {shape[0], shape[1], half_word(e, 4 * rows), c, a, b};
  c = emit_call(e, op->code == IR_TILE_DOT ? t->dot : t->pairs, type, args, 6);
  LLVMValueRef stored[] = {shape[0], shape[1], place(e, op, 0), emit_index(e, TILE_BYTES), c};
  emit_call(e, t->store, LLVMVoidTypeInContext(e->context), stored, 5);
}

static LLVMValueRef extend(emit *e, LLVMValueRef x, unsigned j, bool is_signed) {
  LLVMTypeRef t = LLVMTypeOf(x);
  LLVMValueRef top = LLVMBuildShl(e->builder, x, emit_int(e, t, 24 - (uint64_t)8 * j), "");
  return is_signed ? LLVMBuildAShr(e->builder, top, emit_int(e, t, 24), "")
                   : LLVMBuildLShr(e->builder, top, emit_int(e, t, 24), "");
}

static LLVMValueRef add_bytes(emit *e, LLVMValueRef sum, LLVMValueRef a, LLVMValueRef b) {
  for (unsigned j = 0; j < 4; j++) {
    LLVMValueRef product = LLVMBuildMul(e->builder, extend(e, a, j, true), extend(e, b, j, false), "");
    sum = LLVMBuildAdd(e->builder, sum, product, "");
  }
  return sum;
}

static LLVMValueRef half(emit *e, LLVMValueRef x, bool odd) {
  LLVMTypeRef t = LLVMTypeOf(x);
  LLVMValueRef bits = odd ? LLVMBuildAnd(e->builder, x, emit_int(e, t, 0xffff0000), "")
                          : LLVMBuildShl(e->builder, x, emit_int(e, t, 16), "");
  return LLVMBuildBitCast(e->builder, bits, emit_float_like(e, t), "");
}

static LLVMValueRef add_pair(emit *e, LLVMValueRef sum, LLVMValueRef a, LLVMValueRef b) {
  for (int odd = 1; odd >= 0; odd--)
    sum = LLVMBuildFAdd(e->builder, sum, LLVMBuildFMul(e->builder, half(e, a, odd != 0), half(e, b, odd != 0), ""), "");
  return sum;
}

static LLVMValueRef at_bytes(emit *e, LLVMValueRef pointer, uint64_t bytes) {
  return emit_advance(e, pointer, emit_index(e, bytes));
}

static void by_rows(emit *e, const ir_op *op, uint64_t rows) {
  bool ints = op->code == IR_TILE_DOT;
  LLVMTypeRef word = emit_int_type(e, 32), row = LLVMVectorType(word, TILE);
  LLVMValueRef c = place(e, op, 0), a = place(e, op, 2), b = place(e, op, 4);
  for (unsigned m = 0; m < TILE; m++) {
    LLVMValueRef sum = LLVMConstNull(ints ? row : emit_float_like(e, row));
    for (uint64_t k = 0; k < rows; k++) {
      LLVMValueRef x = emit_little(e, emit_read(e, word, at_bytes(e, a, 4 * (m * rows + k)), 4, NULL));
      LLVMValueRef y = emit_little(e, emit_read(e, row, at_bytes(e, b, TILE_BYTES * k), 4, NULL));
      sum = (ints ? add_bytes : add_pair)(e, sum, emit_splat(e, x, TILE), y);
    }
    emit_write(e, emit_little(e, sum), at_bytes(e, c, (uint64_t)TILE_BYTES * m), 4, NULL);
  }
}

LLVMValueRef emit_tile(emit *e, const ir_op *op) {
  const target_tiles *t = e->tier->tiles;
  bool has = t != NULL && (op->code == IR_TILE_DOT ? t->dot : t->pairs) != NULL;
  (has ? by_instructions : by_rows)(e, op, (uint64_t)ir_attr_int(op, IR_ATTR_VALUE, 1));
  return NULL;
}
