// Small helpers that kernel emitters share: index arithmetic, vectors of 16 f32 lanes, loads and stores of whole or cut
// vectors. Sixteen lanes are used whatever the tier has, so that the order of a sum, and with it every bit of it, is
// the same on every target.
#ifndef QCC_LOWER_EMIT_BASE_H
#define QCC_LOWER_EMIT_BASE_H

#include "ir/ir.h"

#define EMIT_LANES 16u

ir_type emit_f32(uint32_t lanes);
ir_type emit_i32(uint32_t lanes);

/* indices */
ir_value *emit_index(ir_builder *b, uint64_t value);
ir_value *emit_index_add(ir_builder *b, ir_value *x, ir_value *y);
ir_value *emit_index_sub(ir_builder *b, ir_value *x, ir_value *y);
ir_value *emit_index_mul(ir_builder *b, ir_value *x, ir_value *y);
ir_value *emit_index_div(ir_builder *b, ir_value *x, ir_value *y);
ir_value *emit_index_rem(ir_builder *b, ir_value *x, ir_value *y);
ir_value *emit_index_min(ir_builder *b, ir_value *x, ir_value *y);
ir_value *emit_index_max(ir_builder *b, ir_value *x, ir_value *y);
ir_value *emit_index_scale(ir_builder *b, ir_value *x, uint64_t factor);   // x * factor
ir_value *emit_index_offset(ir_builder *b, ir_value *x, uint64_t addend);  // x + addend
ir_value *emit_index_floor(ir_builder *b, ir_value *x, uint64_t multiple); // x rounded down to a multiple
ir_value *emit_index_ceil_div(ir_builder *b, ir_value *x, uint64_t divisor);
ir_value *emit_index_minus(ir_builder *b, ir_value *x, ir_value *y); // x - y, 0 when y is larger

/* memory: `count` NULL means all lanes; offsets are bytes */
ir_value *emit_load(ir_builder *b, ir_type type, ir_value *buffer, ir_value *offset, ir_value *count);
void emit_store(ir_builder *b, ir_value *buffer, ir_value *offset, ir_value *vector, ir_value *count);
ir_value *emit_load_splat(ir_builder *b, ir_type type, ir_value *buffer, ir_value *offset);

/* vectors */
ir_value *emit_splat(ir_builder *b, ir_value *one, uint32_t lanes); // a one-lane vector into `lanes` lanes
ir_value *emit_fadd(ir_builder *b, ir_value *x, ir_value *y);
ir_value *emit_fsub(ir_builder *b, ir_value *x, ir_value *y);
ir_value *emit_fmul(ir_builder *b, ir_value *x, ir_value *y);
ir_value *emit_fdiv(ir_builder *b, ir_value *x, ir_value *y);
ir_value *emit_real(ir_builder *b, ir_value *like, double value); // f32 constant in as many lanes as `like`
ir_value *emit_int(ir_builder *b, ir_value *like, int64_t value); // i32 constant in as many lanes as `like`
ir_value *emit_bits(ir_builder *b, ir_value *x);                  // f32 lanes as i32
ir_value *emit_floats(ir_builder *b, ir_value *x);                // i32 lanes as f32

/* functions */
typedef struct emit_params {
  ir_value **buffers;
  ir_value **sizes;
  ir_value *begin;
  ir_value *end;
} emit_params;

// Starts a kernel: names end with NULL. The builder then appends to the function's body, until emit_end_kernel: after
// it nothing can be appended.
ir_func *emit_begin_kernel(ir_module *m, ir_builder *b, const char *name, const char *const *buffers,
                           const char *const *sizes, emit_params *out);
void emit_end_kernel(ir_builder *b);

// A loop without carried values.
ir_loop emit_begin_loop(ir_builder *b, ir_value *lo, ir_value *hi, ir_value *step);
void emit_end_loop(ir_builder *b, ir_loop loop);

#endif
